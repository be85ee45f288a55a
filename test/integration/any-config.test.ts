/**
 * Real containers of random configs: none hangs a command, and none leaves anything behind. TSOCI_TEST_SEED repeats a
 * run, TSOCI_TEST_RUNS and TSOCI_TEST_SECONDS change how many there are.
 */
import { strict as assert } from 'node:assert';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import fc from 'fast-check';
import { suite } from 'uvu';
import type { Config } from '../../src/spec/config.ts';
import { anyConfig } from './support/any-config.ts';
import { type Bundle, makeBundle } from './support/bundle.ts';
import { type CommandResult, runtimeKind } from './support/runtime.ts';
import { type Sandbox, withSandbox, writeConfig } from './support/sandbox.ts';
import { itsOtherEnd, ownDevice, tracesOf } from './support/traces-of.ts';

const test = suite(`any config (${runtimeKind})`);

const seed = Number(process.env['TSOCI_TEST_SEED'] ?? Date.now() % 1_000_000);
const runs = Number(process.env['TSOCI_TEST_RUNS'] ?? (runtimeKind === 'node' ? 15 : 60));
const seconds = Number(process.env['TSOCI_TEST_SECONDS'] ?? 60);

/** No command takes longer, hooks with their time-outs included. */
const patience = 30_000;

/** Everything that mounts of a random config may lead to. */
function prepareBundle(bundle: Bundle): () => void {
  const at = (name: string) => join(bundle.directory, name);
  mkdirSync(at('tree/sub'), { recursive: true });
  writeFileSync(at('file'), 'content');
  execFileSync('mkfifo', [at('fifo')]);
  symlinkSync('tree', at('link'));
  symlinkSync('/tmp', join(bundle.rootfs, 'link'));
  symlinkSync('loop', join(bundle.rootfs, 'loop'));
  // The container's root, in a user namespace, makes mount points too.
  execFileSync('chmod', ['-R', 'a+rwX', bundle.directory]);
  const server = createServer().listen(at('socket'));
  return () => server.close();
}

/** What is wrong with how a command ended. */
function complaint(name: string, { code, signal, stderr }: CommandResult): string[] {
  if (signal !== null) return [`${name} hung or died: ${signal} ${stderr}`];
  if (code !== 0 && stderr.trim() === '') return [`${name} failed without a word`];
  return /internal error|\bat .+\.ts:\d+|\[object /.test(stderr) ? [`${name}: ${stderr}`] : [];
}

/** One end of a virtual cable, which goes away with the other. */
function addDevice(): void {
  const cable = ['type', 'veth', 'peer', 'name', itsOtherEnd];
  execFileSync('ip', ['link', 'add', ownDevice, ...cable], { stdio: 'ignore' });
}

/** Whether there are virtual cables on this machine. */
function hasCables(): boolean {
  try {
    addDevice();
  } catch {
    return false;
  }
  execFileSync('ip', ['link', 'del', ownDevice]);
  return true;
}

const cables = hasCables();
if (!cables) console.log('without network devices: no veth interfaces here');

class Trial {
  readonly id: string;
  readonly #sandbox: Sandbox;
  readonly #bundle: Bundle;

  constructor(sandbox: Sandbox, bundle: Bundle, number: number) {
    this.#sandbox = sandbox;
    this.#bundle = bundle;
    this.id = `${sandbox.id()}-${number}`;
  }

  async run(config: Config): Promise<{ readonly problems: string[]; readonly created: boolean }> {
    const wantsDevice = cables && config.linux?.netDevices !== undefined;
    if (wantsDevice) addDevice();
    const text = JSON.stringify(config).replace('"DEVICE"', JSON.stringify(ownDevice));
    writeConfig(this.#bundle, text);
    const oci = (...args: string[]) => this.#sandbox.tsoci(args, { timeout: patience });
    const made = await oci('create', '--bundle', this.#bundle.directory, this.id);
    const problems = complaint('create', made);
    const created = made.code === 0;
    if (wantsDevice) problems.push(...this.#checkDevice(created));
    if (created) {
      for (const command of ['state', 'start', 'state', 'ps'])
        problems.push(...complaint(command, await oci(command, this.id)));
    } else {
      const state = await oci('state', this.id);
      if (state.code === 0) problems.push('a container whose create failed is there');
    }
    const deleted = await oci('delete', '--force', this.id);
    problems.push(...complaint('delete', deleted));
    if (deleted.code !== 0) problems.push(`delete --force: ${deleted.stderr}`);
    return { problems: [...problems, ...(await this.#traces())], created };
  }

  #checkDevice(created: boolean): string[] {
    const onHost = existsSync(`/sys/class/net/${ownDevice}`);
    if (onHost) execFileSync('ip', ['link', 'del', ownDevice]);
    return created === onHost
      ? [`the network device ${onHost ? 'was not moved' : 'was not given back'}`]
      : [];
  }

  /** The kernel ends processes and namespaces behind our back: what is still there after a while stays. */
  async #traces(): Promise<string[]> {
    const look = () => tracesOf({ id: this.id, root: this.#sandbox.root, bundles: [this.#bundle.directory] });
    for (const end = Date.now() + 5000; ; ) {
      const found = look();
      if (found.length === 0 || Date.now() > end) return found;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
}

test(`${runs} of them, seed ${seed}`, () =>
  withSandbox(async (sandbox) => {
    const configs = fc.sample(anyConfig, { numRuns: runs, seed });
    const end = Date.now() + seconds * 1000;
    const counts = { created: 0, refused: 0 };
    for (const [number, config] of configs.entries()) {
      if (Date.now() > end) break;
      const bundle = makeBundle([]);
      const close = prepareBundle(bundle);
      try {
        const { problems, created } = await new Trial(sandbox, bundle, number).run(config);
        counts[created ? 'created' : 'refused'] += 1;
        assert.deepEqual(problems, [], `seed ${seed}, config ${number}: ${JSON.stringify(config)}`);
      } finally {
        close();
        bundle.remove();
      }
    }
    const tried = counts.created + counts.refused;
    console.log(`seed ${seed}: ${counts.created} created, ${counts.refused} refused`);
    // Configs that are all refused, or all fine, would show little.
    if (tried >= 40) assert.ok(counts.created > 0 && counts.refused > 0, JSON.stringify(counts));
  }));

test.run();
