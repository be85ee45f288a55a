import { strict as assert } from 'node:assert';
import { test } from 'uvu';
import { defaultConfig } from '../../../src/bundle/default-config.ts';
import { InvalidDocument } from '../../../src/bundle/finding.ts';
import { MAXIMUM_BYTES } from '../../../src/bundle/json/parse-json.ts';
import { type BundleFiles, loadBundle } from '../../../src/bundle/load-bundle.ts';
import { Failure } from '../../../src/failure.ts';
import type { FileStatus, SystemError } from '../../../src/host/native.ts';

type Node =
  | 'directory'
  | 'fifo'
  | { readonly content: string | Uint8Array; readonly size?: number; readonly fails?: string };

function systemError(code: string): SystemError {
  return Object.assign(new Error(`open: ${code}`), { code, errno: 1, syscall: 'open' });
}

/** A file system of a few entries. Counts what is read. */
function filesOf(nodes: Readonly<Record<string, Node>>): BundleFiles & { readonly reads: string[] } {
  const reads: string[] = [];
  const bytesOf = (node: Node): Uint8Array =>
    typeof node === 'string'
      ? new Uint8Array()
      : typeof node.content === 'string'
        ? new TextEncoder().encode(node.content)
        : node.content;
  const real = (path: string): string => (path === 'box' ? '/srv/box' : path);
  return {
    reads,
    realPath: real,
    status(path): FileStatus | undefined {
      const node = nodes[real(path)];
      if (node === undefined) return undefined;
      const mode = node === 'directory' ? 0o040755 : node === 'fifo' ? 0o010644 : 0o100644;
      const size = typeof node === 'object' && node.size !== undefined ? node.size : bytesOf(node).length;
      return { mode, size, uid: 0, gid: 0, major: 0, minor: 0, dev: 1, ino: 1 };
    },
    readFile(path, maximum): Uint8Array {
      reads.push(path);
      const node = nodes[path];
      if (node === undefined) throw systemError('ENOENT');
      if (typeof node === 'object' && node.fails !== undefined) throw systemError(node.fails);
      const bytes = bytesOf(node);
      if (bytes.length > maximum) throw systemError('EFBIG');
      return bytes;
    },
  };
}

function bundle(config: Node): Readonly<Record<string, Node>> {
  return { '/srv/box': 'directory', '/srv/box/config.json': config };
}

const good = JSON.stringify(defaultConfig());

test('loadBundle() gives the config, its bytes and absolute paths', async () => {
  const loaded = loadBundle(filesOf(bundle({ content: good })), 'box');
  assert.equal(loaded.directory, '/srv/box');
  assert.equal(loaded.configPath, '/srv/box/config.json');
  assert.deepEqual(loaded.config, defaultConfig());
  assert.equal(new TextDecoder().decode(loaded.text as Uint8Array), good);
  assert.deepEqual(loaded.warnings, []);
});

test('loadBundle() of the root directory', async () => {
  const loaded = loadBundle(filesOf({ '/': 'directory', '/config.json': { content: good } }), '/');
  assert.equal(loaded.configPath, '/config.json');
});

test('loadBundle() hands warnings on as text', async () => {
  const content = JSON.stringify({ ...defaultConfig(), solaris: {} });
  const { warnings } = loadBundle(filesOf(bundle({ content })), '/srv/box');
  assert.deepEqual(warnings, ['solaris: is for another platform and is ignored']);
});

const REFUSED: readonly {
  readonly name: string;
  readonly nodes: Readonly<Record<string, Node>>;
  readonly message: RegExp;
  readonly reads?: number;
}[] = [
  { name: 'no directory', nodes: {}, message: /^bundle "\/srv\/box" does not exist$/, reads: 0 },
  {
    name: 'a file as the bundle',
    nodes: { '/srv/box': { content: '' } },
    message: /^bundle "\/srv\/box" is not a directory$/,
    reads: 0,
  },
  {
    name: 'no config.json',
    nodes: { '/srv/box': 'directory' },
    message: /^bundle "\/srv\/box" has no config.json$/,
    reads: 0,
  },
  {
    name: 'a FIFO, which would be waited for',
    nodes: bundle('fifo'),
    message: /config.json is not a regular file$/,
    reads: 0,
  },
  {
    name: 'a directory as config.json',
    nodes: bundle('directory'),
    message: /not a regular file$/,
    reads: 0,
  },
  {
    name: 'a file of 100 MB, which is not read',
    nodes: bundle({ content: '', size: 100_000_000 }),
    message: /^\/srv\/box\/config.json is longer than 16 MiB$/,
    reads: 0,
  },
  {
    name: 'a file that grows meanwhile',
    nodes: bundle({ content: new Uint8Array(MAXIMUM_BYTES + 1), size: 10 }),
    message: /is longer than 16 MiB$/,
  },
  { name: 'an empty file', nodes: bundle({ content: '' }), message: /^\/srv\/box\/config.json is empty$/ },
  {
    name: 'broken JSON',
    nodes: bundle({ content: '{\n"a": }' }),
    message: /^\/srv\/box\/config.json, line 2, column 6: /,
  },
  {
    name: 'a wrong shape',
    nodes: bundle({ content: '{"ociVersion": 1}' }),
    message: /config.json: ociVersion: is 1, must be a string$/,
  },
  {
    name: 'a contradiction',
    nodes: bundle({ content: good.replace('"1.3.0"', '"9.0.0"') }),
    message: /config.json: ociVersion: "9.0.0" is not supported/,
  },
];

for (const { name, nodes, message, reads } of REFUSED) {
  test(`loadBundle() refuses ${name}`, async () => {
    const files = filesOf(nodes);
    try {
      loadBundle(files, '/srv/box');
    } catch (error) {
      assert.ok(error instanceof Failure);
      assert.equal((error as Failure).code, 'invalid');
      assert.match((error as Failure).message, message);
      if (reads !== undefined) assert.equal(files.reads.length, reads);
      return;
    }
    assert.fail('accepted');
  });
}

test('loadBundle() says with a refusal which names look misspelt', async () => {
  const { root, ...rest } = defaultConfig();
  try {
    loadBundle(filesOf(bundle({ content: JSON.stringify({ ...rest, rot: root, other: 1 }) })), '/srv/box');
  } catch (error) {
    assert.deepEqual(
      (error as InvalidDocument).findings.map(({ rule, pointer }) => [rule, pointer]),
      [
        ['root-needed', '/root'],
        ['unknown-property', '/rot'],
      ],
    );
    assert.match((error as Error).message, /rot: .* did you mean "root"\?$/);
    return;
  }
  assert.fail('accepted');
});

test('loadBundle() tells other errors of the system as what the caller wanted', async () => {
  try {
    loadBundle(filesOf(bundle({ content: good, fails: 'EACCES' })), '/srv/box');
  } catch (error) {
    assert.ok(!(error instanceof InvalidDocument));
    assert.equal((error as Failure).code, 'system');
    assert.equal((error as Failure).errno, 'EACCES');
    return;
  }
  assert.fail('accepted');
});

test.run();
