/**
 * Debian in a container, under Podman's defaults: apt installs a package, and what it depends on, from a local
 * repository.
 */
import { strict as assert } from 'node:assert';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expectSuccess } from '../integration/support/sandbox.ts';
import { engineSuite } from './support/engine-suite.ts';
import { Podman } from './support/podman.ts';

/** Made by test/vm/debian. */
const debian = join(process.env['TSOCI_VM_CACHE'] ?? '/var/tmp/tsoci-test-vm', 'debian/plain');

const test = engineSuite('Podman', ['podman', 'conmon', 'dpkg-deb=dpkg'], () => Podman.open());

/** Builds a package into a repository; gives its entry for the index. */
async function makePackage(
  engine: Podman,
  repository: string,
  name: string,
  control: string,
  files: Readonly<Record<string, string>>,
): Promise<string> {
  const source = engine.path(`source-${name}`);
  const maintained = 'Version: 1.0\nArchitecture: all\nMaintainer: nobody <nobody@example.org>\n';
  const fields = `Package: ${name}\n${maintained}${control}Description: greets\n`;
  for (const [path, text] of Object.entries({ ...files, 'DEBIAN/control': fields })) {
    mkdirSync(join(source, path, '..'), { recursive: true });
    writeFileSync(join(source, path), text, { mode: path === 'DEBIAN/control' ? 0o644 : 0o755 });
  }
  const archive = join(repository, `${name}.deb`);
  expectSuccess(await engine.command(['dpkg-deb', '--build', '--root-owner-group', source, archive]));
  const content = readFileSync(archive);
  const digest = createHash('sha256').update(content).digest('hex');
  return `${fields}Filename: ./${name}.deb\nSize: ${content.length}\nSHA256: ${digest}\n`;
}

test(
  'apt installs from a local repository: the archive, its dependency, their scripts, a user of their own',
  async (engine) => {
    const repository = engine.path('repository');
    mkdirSync(repository);
    const index = [
      await makePackage(engine, repository, 'greeter', 'Depends: greeter-data\n', {
        'usr/bin/greeter': '#!/bin/sh\ncat /usr/share/greeter/text\n',
        'DEBIAN/postinst':
          '#!/bin/sh\nset -e\nuseradd --system greeter\ninstall -d -o greeter -m 700 /var/lib/greeter\n',
      }),
      await makePackage(engine, repository, 'greeter-data', '', {
        'usr/share/greeter/text': 'greetings\n',
      }),
    ];
    writeFileSync(join(repository, 'Packages'), index.join('\n'));
    const script = `
      rm -f /etc/apt/sources.list.d/*
      echo 'deb [trusted=yes] file:/repository ./' > /etc/apt/sources.list
      apt-get -q update && apt-get -q -y install greeter
      greeter; stat -c '%U %a' /var/lib/greeter; dpkg-query -W -f '\${Package} \${Status}\\n' 'greeter*'
      su -s /bin/sh greeter -c 'id -un; touch /var/lib/greeter/file'`;
    const options = ['--volume', `${repository}:/repository:ro`, '--rootfs', `${debian}:O`];
    const result = await engine.podman(['run', '--rm', '--network', 'none', ...options, 'sh', '-ec', script]);
    const { stdout } = expectSuccess(result);
    assert.match(stdout, /Setting up greeter-data \(1\.0\)[\s\S]*Setting up greeter \(1\.0\)/);
    assert.match(
      stdout,
      /\ngreetings\ngreeter 700\ngreeter install ok installed\ngreeter-data install ok installed\ngreeter\n$/,
    );
  },
  existsSync(debian) ? [] : [`${debian}=debootstrap, used by test/vm/debian`],
);

test.run();
