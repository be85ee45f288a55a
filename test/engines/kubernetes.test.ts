/** docs/kubernetes: each file is what it says it is, by the judgement of containerd or of Kubernetes' own schemas. */
import { strict as assert } from 'node:assert';
import { existsSync, mkdirSync, readFileSync, readlinkSync, statSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expectSuccess } from '../integration/support/sandbox.ts';
import { Containerd } from './support/containerd.ts';
import { engineSuite } from './support/engine-suite.ts';

const checkout = resolve(import.meta.dirname, '../..');
const path = (name: string): string => join(checkout, 'docs/kubernetes', name);

const test = engineSuite('containerd', ['containerd', 'ctr=containerd'], () => Containerd.open());

/** Installed by `make test-engines`: the schemas of Kubernetes' API, and a YAML parser. */
const schemas = join(checkout, 'build/kubernetes/package.json');

interface Manifest extends Record<string, unknown> {
  readonly apiVersion: string;
  readonly kind: string;
}

type Model = new (manifest: Manifest) => { validate(): void };

/** Throws unless the file holds one object that Kubernetes' schema for its kind takes. */
async function validated(name: string): Promise<Manifest> {
  const require = createRequire(schemas);
  const { load } = require('js-yaml') as { load(text: string): unknown };
  const manifest = load(readFileSync(path(name), 'utf8')) as Manifest;
  const { apiVersion, kind } = manifest;
  const file = join(schemas, '../node_modules/kubernetes-models', apiVersion, `${kind}.js`);
  const models = (await import(pathToFileURL(file).href)) as Record<string, Model>;
  const Kind = models[kind];
  assert.ok(Kind, `${apiVersion} ${kind} is known`);
  new Kind(manifest).validate();
  // The positive control: the same object with something missing is refused.
  assert.throws(() => new Kind({ ...manifest, metadata: 1, spec: 1, handler: 1 }).validate());
  return manifest;
}

const schemaTest = existsSync(join(checkout, 'build/kubernetes/node_modules/kubernetes-models'))
  ? test
  : (title: string) =>
      test(title, async () => undefined, ["Kubernetes' schemas: make test-engines installs them"]);

schemaTest(
  'the RuntimeClass, the pod and the installer are what the API takes, and name the same handler',
  async () => {
    assert.equal((await validated('runtimeclass.yaml'))['handler'], 'tsoci');
    const pod = (await validated('pod.yaml'))['spec'] as { runtimeClassName: string };
    assert.equal(pod.runtimeClassName, 'tsoci');
    assert.equal((await validated('installer.yaml')).kind, 'DaemonSet');
  },
);

test("containerd reads its file, and has the runtime's path from it", async (engine) => {
  const dump = await engine.command(['containerd', '--config', path('containerd.toml'), 'config', 'dump']);
  const text = expectSuccess(dump).stdout;
  const runtime = text.slice(text.indexOf('runtimes.tsoci]'));
  assert.match(runtime, /BinaryName = "\/usr\/local\/bin\/tsoci"/);
  assert.match(runtime, /SystemdCgroup = true/);
  assert.match(runtime, /runtime_type = "io\.containerd\.runc\.v2"/);
});

test("CRI-O's file is TOML with the keys of crio.conf(5)", async (engine) => {
  const program = 'import json, sys, tomllib; print(json.dumps(tomllib.load(open(sys.argv[1], "rb"))))';
  const { stdout } = expectSuccess(
    await engine.command(['/usr/bin/python3', '-c', program, path('crio.conf')]),
  );
  assert.deepEqual(JSON.parse(stdout), {
    crio: {
      runtime: {
        cgroup_manager: 'systemd',
        runtimes: {
          tsoci: { runtime_path: '/usr/local/bin/tsoci', runtime_type: 'oci', runtime_root: '/run/tsoci' },
        },
      },
    },
  });
});

schemaTest(
  'the installer puts the files where the configurations look for them, twice in a row',
  async (engine) => {
    const spec = (await validated('installer.yaml'))['spec'] as {
      template: { spec: { initContainers: { command: string[] }[] } };
    };
    const command = spec.template.spec.initContainers[0]?.command ?? [];
    const [out, host] = [engine.path('out'), engine.path('host')];
    const source = join(out, 'usr/local/libexec/tsoci');
    for (const directory of [source, host]) mkdirSync(directory, { recursive: true });
    const mount = (from: string, to: string) => [
      '--mount',
      `type=bind,src=${from},dst=${to},options=rbind:rw`,
    ];
    for (const version of ['first', 'second']) {
      for (const file of ['tsoci', 'tsoci-init', 'tsoci-library'])
        writeFileSync(join(source, file), `${version} ${file}`, { mode: 0o755 });
      expectSuccess(
        await engine.run(command, ['--read-only', ...mount(out, '/out'), ...mount(host, '/host')]),
      );
      assert.equal(readlinkSync(join(host, 'bin/tsoci')), '../libexec/tsoci/tsoci');
      assert.equal(readFileSync(join(host, 'bin/tsoci'), 'utf8'), `${version} tsoci`);
      assert.equal(readFileSync(join(host, 'libexec/tsoci/tsoci-init'), 'utf8'), `${version} tsoci-init`);
      assert.equal(statSync(join(host, 'libexec/tsoci/tsoci')).mode & 0o777, 0o755);
    }
  },
);

test.run();
