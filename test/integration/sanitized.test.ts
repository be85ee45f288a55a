/** Whole containers on a stub that is built with the address and undefined-behaviour sanitizers. */
import { strict as assert } from 'node:assert';
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import { compile, openWorkshop, repository, stubSources } from '../unit/csrc/compile.ts';
import type { ConfigChange } from './support/bundle.ts';
import { type CommandResult, runCommand } from './support/runtime.ts';
import { expectSuccess, type Sandbox, withSandbox } from './support/sandbox.ts';
import { commandOnTerminal } from './support/terminal.ts';

const test = suite('sanitized stub');

const libexec = mkdtempSync(join(tmpdir(), 'tsoci-sanitized-'));
const workshop = openWorkshop();

test.before(() => {
  const sanitizers = ['-fsanitize=address,undefined', '-fno-sanitize-recover=all', '-fno-omit-frame-pointer'];
  const flags = ['-g', '-O1', ...sanitizers, '-static-libasan', '-static-libubsan'];
  copyFileSync(compile(workshop, 'tsoci-init', stubSources(), flags), join(libexec, 'tsoci-init'));
  copyFileSync(join(repository, 'build/libexec/tsoci.node'), join(libexec, 'tsoci.node'));
});

test.after(() => {
  workshop.remove();
  rmSync(libexec, { recursive: true, force: true });
});

/** The runtime from source, on that stub. */
function commandOf(sandbox: Sandbox, args: readonly string[]): readonly string[] {
  const main = join(repository, 'src/entry/node.ts');
  return [process.execPath, '--import', 'tsx', main, '--root', sandbox.root, ...args];
}

const surroundings = () => ({ cwd: repository, env: { ...process.env, TSOCI_LIBEXEC: libexec } });

function tsoci(sandbox: Sandbox, args: readonly string[]): Promise<CommandResult> {
  return runCommand(commandOf(sandbox, args), surroundings());
}

/** The same in front of a terminal: all that it printed. */
async function printed(sandbox: Sandbox, args: readonly string[]): Promise<string> {
  const { code, output } = await commandOnTerminal(commandOf(sandbox, args), [], surroundings());
  assert.doesNotMatch(output, /Sanitizer|runtime error/);
  assert.equal(code, 0, output);
  return output.replaceAll('\r', '');
}

function clean(result: CommandResult): CommandResult {
  assert.doesNotMatch(result.stderr + result.stdout, /Sanitizer|runtime error/);
  return result;
}

const everything: ConfigChange = (config) => {
  config.mounts?.push(
    { destination: '/data/deep', type: 'tmpfs', source: 'x', options: ['size=64k', 'nosuid'] },
    { destination: '/etc', type: 'tmpfs', source: 'x', options: ['tmpcopyup'] },
    { destination: '/host', type: 'none', source: '/etc/hostname', options: ['rbind', 'rro'] },
    { destination: '/data/deep', type: 'none', options: ['remount', 'ro'] },
  );
  const hook = { path: '/bin/sh', args: ['sh', '-c', 'cat > /dev/null'], timeout: 20 };
  config.hooks = { createContainer: [hook], startContainer: [hook] };
  config.domainname = 'domain';
  if (config.root) config.root.readonly = false;
  if (config.process) {
    config.process.terminal = true;
    config.process.consoleSize = { height: 20, width: 70 };
    config.process.user = { uid: 1000, gid: 1000, additionalGids: [1, 2, 3], umask: 0o27 };
    config.process.cwd = '/made/here';
    config.process.oomScoreAdj = 10;
    config.process.rlimits = [{ type: 'RLIMIT_NOFILE', soft: 64, hard: 64 }];
    config.process.env = ['PATH=/nowhere:/bin'];
  }
  if (config.linux) {
    config.linux.sysctl = { 'net.ipv4.ip_forward': '1' };
    config.linux.devices = [{ path: '/dev/own/device', type: 'c', major: 1, minor: 3, fileMode: 0o600 }];
    config.linux.maskedPaths?.push('/host');
    config.linux.rootfsPropagation = 'private';
    config.linux.seccomp = {
      defaultAction: 'SCMP_ACT_ALLOW',
      syscalls: [{ names: ['mkdir'], action: 'SCMP_ACT_ERRNO' }],
    };
  }
};

test('a container with everything in it, run in the foreground and with a terminal', () =>
  withSandbox(async (sandbox) => {
    const bundle = sandbox.script('id -u; pwd; wc -c < /host; cat /etc/passwd | wc -l; hostname', everything);
    const output = await printed(sandbox, ['run', '--bundle', bundle.directory, sandbox.id()]);
    assert.equal(output, '1000\n/made/here\n0\n2\ntsoci\n');
  }));

test('create, start, exec, and a user namespace', () =>
  withSandbox(async (sandbox) => {
    const bundle = sandbox.bundle(['sleep', '1000'], (config) => {
      if (!config.linux) return;
      config.linux.namespaces = [...(config.linux.namespaces ?? []), { type: 'user' }];
      config.linux.uidMappings = [{ containerID: 0, hostID: 0, size: 65_536 }];
      config.linux.gidMappings = [{ containerID: 0, hostID: 0, size: 65_536 }];
    });
    const id = sandbox.id();
    expectSuccess(clean(await tsoci(sandbox, ['create', '--bundle', bundle.directory, id])));
    expectSuccess(clean(await tsoci(sandbox, ['start', id])));
    assert.equal((await printed(sandbox, ['exec', '-t', '-u', '5:6', id, 'id', '-u'])).trim(), '5');
    assert.equal(clean(await tsoci(sandbox, ['exec', id, 'no-such'])).code, 255);
    expectSuccess(clean(await tsoci(sandbox, ['delete', '--force', id])));
  }));

test('failures on the way', () =>
  withSandbox(async (sandbox) => {
    for (const change of [
      (config) => {
        config.mounts?.push({ destination: '/x', type: 'nosuchfs', source: 'x' });
      },
      (config) => {
        config.hooks = { startContainer: [{ path: '/bin/false' }] };
      },
      (config) => {
        if (config.process) config.process.args = ['/etc/passwd'];
      },
    ] satisfies ConfigChange[]) {
      const bundle = sandbox.bundle(['true'], change);
      const result = clean(await tsoci(sandbox, ['run', '--bundle', bundle.directory, sandbox.id()]));
      assert.equal(result.code, 1);
      assert.match(result.stderr, /^tsoci: /m);
    }
    assert.deepEqual(sandbox.leftovers(), []);
  }));

test.run();
