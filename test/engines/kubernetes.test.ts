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

schemaTest(
  'kustomization.yaml names what there is: the manifests, the image of both containers, the path',
  async () => {
    const { load } = createRequire(schemas)('js-yaml') as { load(text: string): unknown };
    const read = (name: string) => load(readFileSync(path(name), 'utf8')) as Record<string, unknown>;
    const { resources, images, patches } = read('kustomization.yaml') as {
      resources: string[];
      images: { name: string }[];
      patches: { patch: string }[];
    };
    for (const name of resources) await validated(name);
    const daemonSet = readFileSync(path('installer.yaml'), 'utf8');
    const named = [...daemonSet.matchAll(/ image: (\S+)/g)].map(([, image]) => image);
    assert.deepEqual(named, [images[0]?.name, images[0]?.name]);
    const [operation] = load(patches[0]?.patch ?? '') as { op: string; path: string; value: string }[];
    const steps = operation?.path.split('/').slice(1) ?? [];
    const at = steps.reduce<unknown>(
      (value, step) => (value as Record<string, unknown>)[step],
      read('installer.yaml'),
    );
    assert.equal(at, operation?.value);
    const label = (manifest: Record<string, unknown>) =>
      JSON.stringify(manifest).match(/"nodeSelector":\{[^}]*\}/)?.[0];
    assert.equal(label(read('runtimeclass.yaml')), label(read('installer.yaml')));
  },
);

test('what containerd had stays when its file is appended; imported, it would not', async (engine) => {
  const dump = async (name: string, text: string) => {
    writeFileSync(engine.path(name), text);
    return expectSuccess(
      await engine.command(['containerd', '--config', engine.path(name), 'config', 'dump']),
    ).stdout;
  };
  const had =
    'version = 2\n[plugins."io.containerd.grpc.v1.cri"]\n  sandbox_image = "registry.example.org/pause:7"\n' +
    '[plugins."io.containerd.grpc.v1.cri".containerd]\n  default_runtime_name = "mine"\n' +
    '[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.mine]\n  runtime_type = "io.containerd.runc.v2"\n';
  const kept = [
    /sandbox_image = "registry\.example\.org\/pause:7"/,
    /default_runtime_name = "mine"/,
    /runtimes\.mine\]/,
  ];
  const text = await dump('appended.toml', had + readFileSync(path('containerd.toml'), 'utf8'));
  for (const pattern of kept) assert.match(text, pattern);
  const runtime = text.slice(text.indexOf('runtimes.tsoci]'));
  assert.match(runtime, /BinaryName = "\/usr\/local\/bin\/tsoci"/);
  assert.match(runtime, /SystemdCgroup = true/);
  assert.match(runtime, /runtime_type = "io\.containerd\.runc\.v2"/);
  writeFileSync(engine.path('part.toml'), `version = 2\n${readFileSync(path('containerd.toml'), 'utf8')}`);
  const imported = await dump(
    'importing.toml',
    had.replace('\n', `\nimports = ["${engine.path('part.toml')}"]\n`),
  );
  assert.ok(!kept.every((pattern) => pattern.test(imported)), 'the page warns of imports');
});

test("containerd 2's file says the same under that version's name of the plugin", async () => {
  const [one, two] = ['containerd.toml', 'containerd-2.toml'].map((name) =>
    readFileSync(path(name), 'utf8').replace(/^#.*$/m, ''),
  );
  assert.equal(two?.replaceAll('io.containerd.cri.v1.runtime', 'io.containerd.grpc.v1.cri'), one);
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
