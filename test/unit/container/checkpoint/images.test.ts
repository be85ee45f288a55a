import { strict as assert } from 'node:assert';
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, readdirSync, statSync, symlinkSync, unlinkSync, writeFileSync } from 'node:fs';
import { suite } from 'uvu';
import { Images } from '../../../../src/container/checkpoint/images.ts';
import { placeInRoot } from '../../../../src/container/checkpoint/place-in-root.ts';
import { inheritedStreams } from '../../../../src/container/checkpoint/standard-streams.ts';
import { assertRefused } from '../../refusal.ts';
import { native, withDirectory } from '../support.ts';

const test = suite('images');

test('make() makes directories for root alone; notes come back as they were written, also over older ones', () =>
  withDirectory((directory) => {
    const images = Images.make(native, `${directory}/a/b`);
    images.workIn(`${directory}/work`);
    assert.equal(statSync(`${directory}/a`).mode & 0o777, 0o700);
    assert.equal(images.workPath, `${directory}/work`);
    assert.deepEqual(images.readNotes(), { streams: [], mounts: undefined });
    const notes = {
      streams: ['/dev/null', 'pipe:[1]', ''],
      mounts: [{ target: '/data', attributes: 3, external: true }],
    };
    images.writeNotes({ streams: [], mounts: [] });
    images.writeNotes(notes);
    assert.deepEqual(images.readNotes(), notes);
    for (const text of ['{', '[1]', '{}']) {
      writeFileSync(`${directory}/a/b/descriptors.json`, text);
      assertRefused(() => images.readNotes(), 'invalid', undefined, /damaged/);
    }
    images.close();
  }));

test('open() and parent() want images to be there; a parent is told relative to the images', () =>
  withDirectory((directory) => {
    assertRefused(() => Images.open(native, directory), 'invalid', undefined, /no checkpoint in/);
    mkdirSync(`${directory}/pre`);
    writeFileSync(`${directory}/pre/inventory.img`, '');
    const images = Images.make(native, `${directory}/new`);
    assert.equal(images.workPath, images.path);
    assert.equal(images.parent('../pre'), '../pre');
    assert.equal(images.parent(`${directory}/pre`), '../pre');
    assertRefused(() => images.parent('pre'), 'invalid', undefined, /no images in/);
    images.close();
    Images.open(native, `${directory}/pre`).close();
  }));

test('open() wants nothing but files, that nobody else can change, in the images before these as well', () =>
  withDirectory((directory) => {
    const [images, before] = [`${directory}/images`, `${directory}/before`];
    for (const each of [images, before]) {
      mkdirSync(each, { mode: 0o700 });
      writeFileSync(`${each}/inventory.img`, '');
    }
    symlinkSync('../before', `${images}/parent`);
    Images.open(native, images).close();
    for (const place of [images, before]) {
      for (const make of [
        (path: string) => symlinkSync('/etc/passwd', path),
        (path: string) => execFileSync('mkfifo', [path]),
      ]) {
        make(`${place}/pages-1.img`);
        assertRefused(() => Images.open(native, images), 'invalid', undefined, /pages-1\.img" is not a file/);
        unlinkSync(`${place}/pages-1.img`);
      }
      for (const mode of [0o770, 0o707, 0o1777]) {
        chmodSync(place, mode);
        assertRefused(() => Images.open(native, images), 'invalid', undefined, /others can change/);
        chmodSync(place, 0o755);
      }
    }
    // Images that build upon themselves.
    symlinkSync('../images', `${before}/parent`);
    assertRefused(() => Images.open(native, images), 'invalid', undefined, /builds upon more than/);
    unlinkSync(`${before}/parent`);
    Images.open(native, images).close();
  }));

test('readNotes() neither follows nor waits; workIn() takes logs away that are none', () =>
  withDirectory((directory) => {
    const images = Images.make(native, `${directory}/images`);
    const notes = `${directory}/images/descriptors.json`;
    writeFileSync(`${directory}/prey`, '["of the host"]');
    symlinkSync(`${directory}/prey`, notes);
    assertRefused(() => images.readNotes(), 'invalid', undefined, /descriptors\.json/);
    unlinkSync(notes);
    execFileSync('mkfifo', [notes]);
    assertRefused(() => images.readNotes(), 'invalid', undefined, /is not a file/);
    mkdirSync(`${directory}/work`, { mode: 0o700 });
    symlinkSync(`${directory}/prey`, `${directory}/work/restore.log`);
    execFileSync('mkfifo', [`${directory}/work/stats-restore`]);
    writeFileSync(`${directory}/work/dump.log`, 'kept');
    images.workIn(`${directory}/work`);
    assert.deepEqual(readdirSync(`${directory}/work`), ['dump.log']);
    images.close();
  }));

test('placeInRoot() follows links as if the root were "/"', () =>
  withDirectory((root) => {
    mkdirSync(`${root}/run/deep`, { recursive: true });
    mkdirSync(`${root}/var`);
    symlinkSync('/run', `${root}/var/run`);
    symlinkSync('../run/deep', `${root}/var/rel`);
    symlinkSync('loop', `${root}/loop`);
    symlinkSync('../../../../etc', `${root}/out`);
    const place = placeInRoot(native, root);
    const expected = {
      '/var/run/x': '/run/x',
      '/var/rel/y': '/run/deep/y',
      '/var/../run': '/run',
      '/out/passwd': '/etc/passwd',
      '/none/at/all': '/none/at/all',
      '/': '/',
    };
    for (const [path, where] of Object.entries(expected)) assert.equal(place(path), where, path);
    assert.match(place('/loop'), /loop/);
  }));

test('inheritedStreams() hands on what is not the container’s, one stream for one pipe', () => {
  assert.deepEqual(inheritedStreams(['/dev/null', 'pipe:[7]', 'pipe:[7]']), [{ key: 'pipe:[7]', stream: 1 }]);
  assert.deepEqual(inheritedStreams(['file[1a:2]', '/dev/pts/0', 'socket:[9]']), [
    { key: 'file[1a:2]', stream: 0 },
    { key: 'socket:[9]', stream: 2 },
  ]);
  assert.deepEqual(inheritedStreams(['', '', '', 'pipe:[1]']), []);
});

test.run();
