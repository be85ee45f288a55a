/**
 * What people and engines get wrong: each is refused with exit status 1 and a message that names it, and leaves
 * nothing.
 */
import { strict as assert } from 'node:assert';
import {
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import { type Bundle, type ConfigChange, testConfig } from './support/bundle.ts';
import { cgroupsNamed, leftoversOf, mountsNaming } from './support/leftovers.ts';
import { runtimeKind } from './support/runtime.ts';
import { expectRefusal, expectSuccess, type Sandbox, withSandbox, writeConfig } from './support/sandbox.ts';

const test = suite(`bad input (${runtimeKind})`);

/** `create` and `run` of this bundle are refused with `message`, and leave the machine as it was. */
async function refused(sandbox: Sandbox, directory: string, message: RegExp): Promise<void> {
  for (const command of ['create', 'run']) {
    const id = sandbox.id();
    expectRefusal(await sandbox.tsoci([command, '--bundle', directory, id]), message);
    assert.deepEqual(sandbox.leftovers(), []);
    expectRefusal(await sandbox.tsoci(['state', id]), /does not exist/);
  }
}

/** A bundle whose config.json is this text. */
function bundleWith(sandbox: Sandbox, text: string): Bundle {
  const bundle = sandbox.bundle(['true']);
  writeConfig(bundle, text);
  return bundle;
}

/** The usual config as JSON with one part of its text replaced. */
function spoilt(from: string | RegExp, to: string): string {
  const text = JSON.stringify(testConfig(['true']), undefined, 2);
  const changed = text.replace(from, to);
  assert.notEqual(changed, text);
  return changed;
}

test('no bundle, and no config.json in it', () =>
  withSandbox(async (sandbox) => {
    const directory = sandbox.directory();
    await refused(sandbox, join(directory, 'nowhere'), /nowhere".*does not exist/);
    await refused(sandbox, directory, /has no config\.json/);
    writeFileSync(join(directory, 'file'), '');
    await refused(sandbox, join(directory, 'file'), /file.*not a directory/);
  }));

test('a config.json that is a directory, a FIFO, or cannot be followed', () =>
  withSandbox(async (sandbox) => {
    const directory = sandbox.directory();
    const config = join(directory, 'config.json');
    mkdirSync(config);
    await refused(sandbox, directory, /config\.json is not a regular file/);
    rmSync(config, { recursive: true });
    symlinkSync('config.json', config);
    await refused(sandbox, directory, /config\.json/);
    rmSync(config);
    symlinkSync('/dev/zero', config);
    await refused(sandbox, directory, /config\.json/);
  }));

test('invalid JSON is shown with line and column', () =>
  withSandbox(async (sandbox) => {
    await refused(
      sandbox,
      bundleWith(sandbox, '{\n  "ociVersion": "1.3.0",,\n}').directory,
      /line 2, column 25/,
    );
    await refused(sandbox, bundleWith(sandbox, '').directory, /config\.json.*(empty|ends)/);
    await refused(sandbox, bundleWith(sandbox, '{"ociVersion": "1.3.0"').directory, /line 1/);
    await refused(sandbox, bundleWith(sandbox, '[]').directory, /config\.json.*object/s);
    await refused(sandbox, bundleWith(sandbox, '\0\x01\x02').directory, /line 1, column 1/);
  }));

test('a config.json of 100 MB is not read', () =>
  withSandbox(async (sandbox) => {
    const bundle = sandbox.bundle(['true']);
    truncateSync(join(bundle.directory, 'config.json'), 100 * 1024 * 1024);
    const before = Date.now();
    await refused(sandbox, bundle.directory, /config\.json.*(larger|big|long|than)/);
    assert.ok(Date.now() - before < 10_000);
  }));

test('deep nesting is refused, not followed', () =>
  withSandbox(async (sandbox) => {
    const deep = `${'{"a":'.repeat(100_000)}1${'}'.repeat(100_000)}`;
    await refused(
      sandbox,
      bundleWith(sandbox, `{"ociVersion":"1.3.0","annotations":${deep}}`).directory,
      /deep|nest/,
    );
    await refused(sandbox, bundleWith(sandbox, '['.repeat(1_000_000)).directory, /deep|nest/);
  }));

test('duplicate keys and __proto__', () =>
  withSandbox(async (sandbox) => {
    const twice = bundleWith(sandbox, spoilt('{', '{ "ociVersion": "1.2.0",'));
    await refused(sandbox, twice.directory, /"ociVersion".*twice|duplicate.*"?ociVersion/);
    for (const name of ['__proto__', 'constructor', 'prototype']) {
      const own = bundleWith(sandbox, spoilt('{', `{ "${name}": {"process": {"cwd": "/tmp"}},`));
      // What the specification does not know is ignored (config.md, Extensibility); a prototype it never becomes.
      const result = await sandbox.tsoci(['run', '--bundle', own.directory, sandbox.id()]);
      if (result.code !== 0) expectRefusal(result, new RegExp(name));
    }
    const { root, ...rest } = testConfig(['true']);
    const text = `{"__proto__": {"root": ${JSON.stringify(root)}}, ${JSON.stringify(rest).slice(1)}`;
    await refused(sandbox, bundleWith(sandbox, text).directory, /root: is missing/);
  }));

test('an ociVersion that is missing, no version, or of a future', () =>
  withSandbox(async (sandbox) => {
    for (const [version, message] of [
      ['"2.0.0"', /ociVersion.*2\.0\.0/s],
      ['"0.1.0"', /ociVersion.*0\.1\.0/s],
      ['"one"', /ociVersion.*one/s],
      ['13', /ociVersion.*13/s],
      ['null', /ociVersion: is missing/],
    ] as const)
      await refused(sandbox, bundleWith(sandbox, spoilt('"1.3.0"', version)).directory, message);
    await refused(sandbox, bundleWith(sandbox, spoilt(/"ociVersion": "1.3.0",/, '')).directory, /ociVersion/);
  }));

test('every wrong field is named with its path, what was there and what may be there', () =>
  withSandbox(async (sandbox) => {
    const bundle = sandbox.bundle(['true'], (config) => {
      const wild = config as unknown as Record<string, Record<string, unknown>>;
      (wild['process'] ?? {})['terminal'] = 'yes';
      (wild['process'] ?? {})['argz'] = ['x'];
      (wild['linux'] ?? {})['namespaces'] = [{ type: 'netwrok' }];
      (wild['root'] ?? {})['path'] = 7;
    });
    const result = await sandbox.tsoci(['create', '--bundle', bundle.directory, sandbox.id()]);
    expectRefusal(result, /terminal/);
    for (const words of [
      /process\.terminal.*"yes".*boolean|process\.terminal.*true or false/,
      /netwrok.*network/s,
      /root\.path.*7.*string/,
    ])
      assert.match(result.stderr.replaceAll('\n', ' '), words);
    assert.deepEqual(sandbox.leftovers(), []);
  }));

test('a root filesystem that is missing or no directory', () =>
  withSandbox(async (sandbox) => {
    const rootPath =
      (path: string): ConfigChange =>
      (config) => {
        if (config.root) config.root.path = path;
      };
    await refused(
      sandbox,
      sandbox.bundle(['true'], rootPath('nowhere')).directory,
      /root\.path.*nowhere.*does not exist/,
    );
    await refused(
      sandbox,
      sandbox.bundle(['true'], rootPath('config.json')).directory,
      /root\.path.*not a directory/,
    );
    await refused(
      sandbox,
      sandbox.bundle(['true'], rootPath('/dev/null')).directory,
      /root\.path.*not a directory/,
    );
  }));

test('ids that are no file names, and ids in use', () =>
  withSandbox(async (sandbox) => {
    const { directory } = sandbox.bundle(['sleep', '1000']);
    const own = `tsoci-test-${process.pid}`;
    const before = cgroupsNamed(own);
    for (const id of [
      '',
      '.',
      '..',
      '../x',
      'a/b',
      '/etc',
      'a b',
      'ä',
      'a\nb',
      'x'.repeat(256),
      '*',
      '$(id)',
    ]) {
      for (const args of [['create', '--bundle', directory], ['state'], ['delete', '--force'], ['start']])
        expectRefusal(await sandbox.tsoci([...args, '--', id]), /container id|CONTAINER-ID/);
    }
    assert.deepEqual(readdirSync(sandbox.root), []);
    assert.deepEqual(cgroupsNamed(own), before);
    const id = await sandbox.created(['sleep', '1000']);
    expectRefusal(
      await sandbox.tsoci(['create', '--bundle', directory, id]),
      new RegExp(`container with id "${id}" already exists`),
    );
    expectRefusal(await sandbox.tsoci(['run', '--bundle', directory, id]), /already exists/);
    assert.equal((await sandbox.state(id)).status, 'created');
    expectSuccess(await sandbox.tsoci(['start', id]));
  }));

test('ids that are file names, however odd, are fine', () =>
  withSandbox(async (sandbox) => {
    const { directory } = sandbox.bundle(['echo', 'yes']);
    for (const suffix of ['A_z0+.-', '.', '..', `${'x'.repeat(200)}`]) {
      const result = await sandbox.tsoci(['run', '--bundle', directory, `${sandbox.id()}${suffix}`]);
      assert.equal(expectSuccess(result).stdout, 'yes\n');
    }
  }));

test('an id that is unknown, to every command', () =>
  withSandbox(async (sandbox) => {
    const id = sandbox.id();
    for (const args of [
      ['start', id],
      ['state', id],
      ['kill', id],
      ['delete', id],
      ['pause', id],
      ['resume', id],
      ['ps', id],
    ])
      expectRefusal(await sandbox.tsoci(args), /container does not exist: "/);
    expectRefusal(await sandbox.tsoci(['exec', id, 'true']), /does not exist/, 255);
  }));

test('unknown options, commands, signals and missing arguments', () =>
  withSandbox(async (sandbox) => {
    const id = await sandbox.created(['sleep', '1000']);
    expectRefusal(await sandbox.tsoci(['create', '--bundel', '/', 'x']), /--bundel.*--bundle/s);
    expectRefusal(await sandbox.tsoci(['crate', 'x']), /crate.*create/s);
    expectRefusal(await sandbox.tsoci(['--rooot', '/', 'list']), /--rooot.*--root/s);
    expectRefusal(await sandbox.tsoci(['start']), /CONTAINER-ID/);
    expectRefusal(await sandbox.tsoci(['start', id, 'more']), /more/);
    expectRefusal(await sandbox.tsoci(['create', '--bundle']), /--bundle/);
    expectRefusal(await sandbox.tsoci(['create', '--preserve-fds', 'many', 'x']), /--preserve-fds.*many/);
    expectRefusal(await sandbox.tsoci(['list', '--format', 'xml']), /xml.*(table|json)/s);
    for (const signal of ['SIGNOTHING', '99', '-1', '0x9'])
      expectRefusal(await sandbox.tsoci(['kill', '--', id, signal]), /signal/);
    assert.equal((await sandbox.state(id)).status, 'created');
  }));

test('an order that makes no sense: start twice, kill after the end, exec in what has stopped', () =>
  withSandbox(async (sandbox) => {
    const id = await sandbox.running();
    expectRefusal(await sandbox.tsoci(['start', id]), /cannot start container.*already running/);
    expectSuccess(await sandbox.tsoci(['kill', id, 'KILL']));
    await sandbox.stopped(id);
    expectRefusal(await sandbox.tsoci(['kill', id]), /container not running/);
    expectRefusal(await sandbox.tsoci(['start', id]), /cannot start a container that has stopped/);
    expectRefusal(await sandbox.tsoci(['exec', id, 'true']), /container not running/, 255);
    expectRefusal(await sandbox.tsoci(['pause', id]), /container not running/);
    expectRefusal(await sandbox.tsoci(['resume', id]), /not paused/);
  }));

test('a container without a process can be created and deleted, but not started', () =>
  withSandbox(async (sandbox) => {
    const bundle = sandbox.bundle(['true'], (config) => {
      delete config.process;
    });
    const id = sandbox.id();
    expectSuccess(await sandbox.tsoci(['create', '--bundle', bundle.directory, id]));
    expectRefusal(await sandbox.tsoci(['start', id]), /no process/);
    const other = sandbox.id();
    expectRefusal(await sandbox.tsoci(['run', '--bundle', bundle.directory, other]), /no process to run/);
    assert.deepEqual(leftoversOf(other, sandbox.root), []);
    assert.equal((await sandbox.state(id)).status, 'created');
    expectSuccess(await sandbox.tsoci(['delete', '--force', id]));
  }));

test('a failing operation names its place in config.json and the reason', () =>
  withSandbox(async (sandbox) => {
    const missing = sandbox.bundle(['true'], (config) => {
      config.mounts?.push({
        destination: '/data',
        source: '/nowhere/at/all',
        type: 'bind',
        options: ['rbind'],
      });
    });
    await refused(
      sandbox,
      missing.directory,
      /mounts\[7\] \(\/data\).*\/nowhere\/at\/all.*no such file or directory/,
    );
    const sysctl = sandbox.bundle(['true'], (config) => {
      if (config.linux) config.linux.sysctl = { 'net.ipv4.ip_forward': 'perhaps' };
    });
    await refused(sandbox, sysctl.directory, /linux\.sysctl.*net\.ipv4\.ip_forward.*invalid argument/);
    const type = sandbox.bundle(['true'], (config) => {
      config.mounts?.push({ destination: '/data', source: 'x', type: 'nosuchfs' });
    });
    await refused(sandbox, type.directory, /mounts\[7\] \(\/data\).*nosuchfs/);
  }));

test('--log gets the error as the last line in the form that engines read', () =>
  withSandbox(async (sandbox) => {
    const file = join(sandbox.directory(), 'log');
    const options = ['--log', file, '--log-format', 'json'];
    const result = await sandbox.tsoci([...options, 'create', '--bundle', '/nowhere', sandbox.id()]);
    expectRefusal(result, /\/nowhere/);
    const lines = readFileSync(file, 'utf8')
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    const last = lines.at(-1);
    assert.equal(last.level, 'error');
    assert.match(last.msg, /\/nowhere/);
    assert.ok(Number.isFinite(Date.parse(last.time)));
    assert.ok(result.stderr.includes(last.msg));
    const text = join(sandbox.directory(), 'log');
    await sandbox.tsoci(['--log', text, 'create', '--bundle', '/nowhere', sandbox.id()]);
    assert.match(readFileSync(text, 'utf8'), /level=error msg=.*\/nowhere/);
    expectRefusal(await sandbox.tsoci(['--log', '/nowhere/log', 'list']), /log file "\/nowhere\/log"/);
  }));

test('a bundle whose path is odd is a bundle like another', () =>
  withSandbox(async (sandbox) => {
    const bundle = sandbox.bundle(['echo', 'fine']);
    const odd = join(sandbox.directory(), `a "b" \\ c\td:e,f='ü`);
    symlinkSync(bundle.directory, odd);
    assert.equal(expectSuccess(await sandbox.tsoci(['run', '--bundle', odd, sandbox.id()])).stdout, 'fine\n');
    assert.deepEqual(mountsNaming(bundle.directory), []);
  }));

test.run();
