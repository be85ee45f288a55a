/** Trees of directories as a container makes them. */
import { strict as assert } from 'node:assert';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import { findLibexec } from '../../../src/entry/libexec.ts';
import { loadNative } from '../../../src/entry/load-native.ts';
import { isSystemError } from '../../../src/host/native.ts';
import { newDescriptors, openDescriptors } from '../open-descriptors.ts';

const native = loadNative(findLibexec());
const test = suite('native: trees');
/** The engine closes some of its own now and then, so what counts is what is new. */
function codeOf(action: () => unknown): string {
  try {
    action();
  } catch (error) {
    if (isSystemError(error)) return error.code;
    throw error;
  }
  return 'none';
}

function withDirectory(body: (directory: string) => void): void {
  const directory = mkdtempSync(join(tmpdir(), 'tsoci-trees-'));
  const before = openDescriptors(native);
  try {
    body(directory);
    const more = newDescriptors(native, before);
    assert.ok(more.length <= 1, `${more} stayed open`);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

test('readTree() reads one file of each directory, whatever the directories are called', () =>
  withDirectory((directory) => {
    const odd = Buffer.concat([Buffer.from(`${directory}/`), Buffer.from([0xff, 0x80, 0x5c, 0x20])]);
    mkdirSync(odd);
    writeFileSync(Buffer.concat([odd, Buffer.from('/file')]), 'odd');
    mkdirSync(join(directory, 'a/b'), { recursive: true });
    writeFileSync(join(directory, 'file'), 'top');
    writeFileSync(join(directory, 'a/other'), 'other');
    writeFileSync(join(directory, 'a/b/other'), 'second');
    writeFileSync(join(directory, 'a/b/file'), 'first');
    symlinkSync('a', join(directory, 'link'));
    const found = native.readTree(directory, ['file', 'other'], 100);
    assert.deepEqual(found[0], { name: 'file', text: 'top' });
    assert.deepEqual(found.map(({ text }) => text).sort(), ['first', 'odd', 'other', 'top']);
    assert.equal(
      codeOf(() => native.readTree(directory, ['file'], 2)),
      'EFBIG',
    );
    assert.equal(
      codeOf(() => native.readTree(join(directory, 'none'), ['file'], 2)),
      'ENOENT',
    );
    assert.equal(
      codeOf(() => native.readTree(join(directory, 'link'), ['file'], 9)),
      'ENOTDIR',
    );
    // A link in the place of the file is not followed.
    rmSync(join(directory, 'file'));
    symlinkSync('/etc/passwd', join(directory, 'file'));
    assert.equal(
      codeOf(() => native.readTree(directory, ['file'], 100)),
      'ELOOP',
    );
  }));

test('writeTree() writes to the file of each directory that has it, and makes none', () =>
  withDirectory((directory) => {
    mkdirSync(join(directory, 'a/b'), { recursive: true });
    for (const each of ['', 'a/b/']) writeFileSync(join(directory, `${each}file`), 'old');
    native.writeTree(directory, 'file', 'new');
    assert.deepEqual(
      native.readTree(directory, ['file'], 9).map(({ text }) => text),
      ['new', 'new'],
    );
    assert.equal(existsSync(join(directory, 'a/file')), false);
  }));

test('removeTree() removes any depth and any name, and as much as it can', () =>
  withDirectory((directory) => {
    const top = join(directory, 'top');
    mkdirSync(top);
    // Deeper than a path can be long; each name has a byte that is no UTF-8. Node has no mkdirat(2).
    const script =
      'import os, sys\nos.chdir(sys.argv[1])\nfor _ in range(3000): os.mkdir(b"\\xfename"); os.chdir(b"\\xfename")';
    execFileSync('python3', ['-c', script, top]);
    native.removeTree(top);
    assert.equal(existsSync(top), false);
    mkdirSync(join(top, 'full/deep'), { recursive: true });
    mkdirSync(join(top, 'empty/deep'), { recursive: true });
    writeFileSync(join(top, 'full/deep/file'), '');
    assert.equal(
      codeOf(() => native.removeTree(top)),
      'ENOTEMPTY',
    );
    assert.deepEqual(readdirSync(top), ['full']);
    assert.equal(
      codeOf(() => native.removeTree(join(directory, 'none'))),
      'ENOENT',
    );
  }));

test('removeAll() removes files and directories of any name and depth, and follows nothing', () =>
  withDirectory((directory) => {
    const top = join(directory, 'top');
    mkdirSync(join(directory, 'host'));
    writeFileSync(join(directory, 'host/kept'), '');
    mkdirSync(top);
    const script =
      'import os, sys\nos.chdir(sys.argv[1])\nfor _ in range(60): os.mkdir(b"\\xfename"); open(b"\\xff", "w"); os.mkfifo("pipe"); os.symlink(sys.argv[2], "link"); os.chdir(b"\\xfename")';
    execFileSync('python3', ['-c', script, top, join(directory, 'host')]);
    native.removeAll(top);
    assert.deepEqual(readdirSync(directory), ['host']);
    symlinkSync('host', top);
    assert.equal(
      codeOf(() => native.removeAll(top)),
      'ENOTDIR',
    );
    assert.equal(
      codeOf(() => native.removeAll(join(directory, 'none'))),
      'ENOENT',
    );
    assert.deepEqual(readdirSync(join(directory, 'host')), ['kept']);
  }));

test('removeAll() leaves what is beside, when a directory is moved higher while it is there', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'tsoci-trees-'));
  // From its new place ".." leads higher than the walk came from: out of the tree, where "x" is the host's.
  const script = `import os, sys
os.chdir(sys.argv[1])
os.makedirs("top/x/x/x")
for number in range(3000): open(f"top/x/x/x/{number}", "w").close()
print(flush=True)
while os.path.exists("top/x/x/x/1") and os.path.exists("top/x/x/x/2998"): pass
os.rename("top/x/x/x", "top/y")`;
  try {
    mkdirSync(join(directory, 'x'));
    let code = 'none';
    // The move has to come while the files go, which it does nearly always.
    for (let round = 0; round < 20 && code !== 'ESTALE'; round++) {
      const mover = spawn('python3', ['-c', script, directory], { stdio: ['ignore', 'pipe', 'ignore'] });
      const over = once(mover, 'close');
      await once(mover.stdout, 'data');
      code = codeOf(() => native.removeAll(join(directory, 'top')));
      await over;
      assert.ok(existsSync(join(directory, 'x')));
      rmSync(join(directory, 'top'), { recursive: true, force: true });
    }
    assert.equal(code, 'ESTALE');
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
});

test.run();
