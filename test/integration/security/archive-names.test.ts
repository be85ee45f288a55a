/** `rootfs` of an archive whose name means something else to the host's tar: nothing is asked of another machine. */
import { strict as assert } from 'node:assert';
import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import { runCommand, runtimeKind } from '../support/runtime.ts';
import { expectSuccess, withSandbox } from '../support/sandbox.ts';

const test = suite(`security: names of archives (${runtimeKind})`);
/** Nothing answers there; no test reaches beyond this machine. */
const remote = 'localhost:made.tar';

test('an archive that is named as one of another machine, or as the input of tar, is the file of that name', () =>
  withSandbox(async (sandbox) => {
    const cwd = sandbox.directory();
    mkdirSync(join(cwd, 'made'));
    writeFileSync(join(cwd, 'made/own'), 'x');
    const plain = join(cwd, 'made.tar');
    const tar = (...args: string[]) => spawnSync('tar', args, { cwd, encoding: 'utf8' });
    assert.equal(tar('--create', `--file=${plain}`, '--directory=made', '.').status, 0);

    // Positive control: for that name tar starts its remote shell, with the machine's name.
    copyFileSync(plain, join(cwd, remote));
    const shell = join(cwd, 'shell');
    writeFileSync(shell, `#!/bin/sh\necho "$1" >${join(cwd, 'asked')}\n`, { mode: 0o755 });
    assert.notEqual(tar('--extract', `--rsh-command=${shell}`, `--file=${remote}`).status, 0);
    assert.equal(readFileSync(join(cwd, 'asked'), 'utf8'), 'localhost\n');
    assert.equal(existsSync(join(cwd, 'own')), false);

    copyFileSync(plain, join(cwd, '-'));
    for (const [index, source] of [remote, '-'].entries()) {
      const directory = `out${index}`;
      expectSuccess(await runCommand([...sandbox.runtime, 'rootfs', '--', source, directory], { cwd }));
      assert.equal(readFileSync(join(cwd, directory, 'own'), 'utf8'), 'x');
    }
  }));

test.run();
