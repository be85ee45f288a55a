#!/bin/sh
# Runs a container from a root filesystem that holds one small program, made here from csrc/demo, and shows what it sees.
set -eu
cd "$(dirname "$0")/.."

demo=build/demo
bundle=$demo/bundle
rm -rf "$demo"
mkdir -p "$bundle/rootfs/bin" "$bundle/rootfs/proc" "$bundle/rootfs/sys" "$bundle/rootfs/dev"

echo '== root filesystem'
gcc -O2 -static -s -Wall -Wextra -Werror -o "$bundle/rootfs/bin/look" csrc/demo/look.c

echo '== config.json'
build/libexec/tsoci spec --bundle "$bundle"
node --input-type=module - "$bundle/config.json" <<'EOF'
import { readFileSync, writeFileSync } from 'node:fs';
const path = process.argv[2];
const config = JSON.parse(readFileSync(path, 'utf8'));
config.hostname = 'tsoci-demo';
config.process.terminal = false;
config.process.args = ['/bin/look'];
config.linux.resources = { ...config.linux.resources, memory: { limit: 64 * 1024 * 1024 }, pids: { limit: 32 } };
writeFileSync(path, JSON.stringify(config, null, 2));
EOF

echo '== tsoci run'
root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT
build/libexec/tsoci --root "$root" run --bundle "$bundle" "tsoci-demo-$$"
