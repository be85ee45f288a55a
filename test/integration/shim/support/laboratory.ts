/**
 * An engine that drives shims, played by the contract: its state directory, its bundles, its event service, and what
 * is left at the end.
 */
import { execFileSync, spawn } from 'node:child_process';
import {
  closeSync,
  constants,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  readSync,
  rmdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { constants as systemConstants, tmpdir } from 'node:os';
import { join } from 'node:path';
import { decodeMessage, encodeMessage, type MessageOf } from '../../../../src/protobuf.ts';
import {
  eventService,
  events,
  forwardRequest,
  type Topic,
} from '../../../../src/shim/task/event-messages.ts';
import { deleteResponse } from '../../../../src/shim/task/messages.ts';
import { encodeFrame, FrameReader, frameTypes } from '../../../../src/shim/ttrpc/frame.ts';
import { type any, request, response } from '../../../../src/shim/ttrpc/messages.ts';
import { type ConfigChange, makeRootfs, testConfig } from '../../support/bundle.ts';
import { holdsBack, processesWhere } from '../../support/processes.ts';
import { runtimeCommand } from '../../support/runtime.ts';
import { until } from '../../support/wait.ts';
import { TaskClient } from './client.ts';
import { type Edition, editions, type ShimAddress } from './editions.ts';

/** An event as containerd would hand it on: its topic without `/tasks/`, and its fields. */
export interface HeardEvent {
  readonly topic: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

let counter = 0;

export interface LaboratoryOptions {
  readonly edition?: Edition;
  /** Another shim to drive. */
  readonly shim?: string;
}

export class Laboratory {
  readonly edition: Edition;
  readonly namespace = `tsoci-shim-${process.pid}-${counter++}`;
  readonly directory = mkdtempSync(join(tmpdir(), 'tsoci-shim-'));
  readonly shim: string;
  readonly events: HeardEvent[] = [];
  readonly #rootfs: string;
  readonly #clients: TaskClient[] = [];
  readonly #connections = new Set<Socket>();
  readonly #addresses = new Set<string>();
  readonly #logs = new Map<string, number>();
  readonly #isOurs: boolean;
  #server: Server | undefined;

  constructor({ edition = editions['1.6'], shim }: LaboratoryOptions = {}) {
    this.edition = edition;
    this.#isOurs = shim === undefined;
    this.#rootfs = join(this.directory, 'image');
    makeRootfs(this.#rootfs);
    this.shim = shim ?? join(this.directory, 'containerd-shim-tsoci-v2');
    if (shim === undefined) symlinkSync(runtimeCommand.at(-1) ?? '', this.shim);
    mkdirSync(join(this.directory, 'state'));
  }

  get ttrpc(): string {
    return join(this.directory, 'containerd.sock.ttrpc');
  }

  /** Listens for events, as containerd does while it runs. */
  async listen(): Promise<void> {
    const server = createServer((socket) => this.#serve(socket));
    this.#server = server;
    rmSync(this.ttrpc, { force: true });
    await new Promise<void>((resolve) => server.listen(this.ttrpc, resolve));
  }

  /** containerd is gone. */
  async deafen(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    for (const socket of this.#connections) socket.destroy();
    if (server !== undefined) await new Promise((resolve) => server.close(resolve));
    rmSync(this.ttrpc, { force: true });
  }

  #serve(socket: Socket): void {
    const reader = new FrameReader();
    this.#connections.add(socket);
    socket.on('close', () => this.#connections.delete(socket));
    socket.on('error', () => undefined);
    socket.on('data', (bytes) => {
      for (const { stream, data } of reader.push(bytes)) {
        const { service, method, payload } = decodeMessage(request, data);
        if (service !== eventService || method !== 'Forward') throw new Error(`${service}/${method}`);
        this.#hear(payload ?? new Uint8Array(0));
        const answer = encodeMessage(response, {});
        socket.write(encodeFrame({ stream, type: frameTypes.response, flags: 0, data: answer }));
      }
    });
  }

  #hear(payload: Uint8Array): void {
    const { envelope } = decodeMessage(forwardRequest, payload);
    const topic = (envelope?.topic ?? '') as Topic;
    const { type, table } = events[topic];
    if (envelope?.namespace !== this.namespace || envelope.event?.type_url !== type)
      throw new Error(`a strange envelope of ${topic}: ${envelope?.namespace}, ${envelope?.event?.type_url}`);
    const fields = decodeMessage(table, envelope.event.value ?? new Uint8Array(0));
    this.events.push({ topic: topic.slice('/tasks/'.length), fields });
  }

  /** Topics of a container's events, with the exec's id where it has one. */
  topics(id: string): string[] {
    return this.events
      .filter(({ fields }) => fields['container_id'] === id)
      .map(({ topic, fields }) => {
        const process = fields['exec_id'] ?? (fields['id'] === id ? undefined : fields['id']);
        return process === undefined || process === '' ? topic : `${topic} ${process}`;
      });
  }

  bundleOf(id: string): string {
    return join(this.directory, 'state', id);
  }

  /** A bundle whose root filesystem comes with Create. */
  bundle(id: string, args: readonly string[], change?: ConfigChange): string {
    const directory = this.bundleOf(id);
    mkdirSync(directory, { recursive: true });
    const config = testConfig(args, (each) => {
      if (each.linux) each.linux.cgroupsPath = `/${this.namespace}/${id}`;
      change?.(each);
    });
    writeFileSync(join(directory, 'config.json'), JSON.stringify(config));
    const log = join(directory, 'log');
    execFileSync('mkfifo', ['-m', '0700', log]);
    // An engine reads it as long as it lives.
    this.#logs.set(id, openSync(log, constants.O_RDWR | constants.O_NONBLOCK));
    return directory;
  }

  /** What the shim has written to a container's log since the last time. */
  log(id: string): string {
    const buffer = Buffer.alloc(65_536);
    try {
      return buffer.toString('utf8', 0, readSync(this.#logs.get(id) ?? -1, buffer));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EAGAIN') return '';
      throw error;
    }
  }

  /** What Create mounts. */
  get rootfs() {
    return [{ type: 'bind', source: this.#rootfs, target: '', options: ['rbind', 'rw'] }];
  }

  #start(id: string, options?: MessageOf<typeof any>) {
    return {
      id,
      namespace: this.namespace,
      grpc: join(this.directory, 'containerd.sock'),
      ttrpc: this.ttrpc,
      sockets: join(this.directory, 's'),
      ...(options !== undefined && { options }),
    };
  }

  /** Runs the shim's `start`; what it printed, and how long it took. */
  async start(id: string, options?: MessageOf<typeof any>): Promise<ShimAddress & { readonly took: number }> {
    const start = this.#start(id, options);
    const { edition } = this;
    const { status, stdout, stderr, took } = await this.run([...edition.args(start), 'start'], {
      cwd: this.bundleOf(id),
      input: edition.input(start),
      environment: edition.environment(start),
    });
    if (status !== 0) throw new Error(stderr);
    if (stderr !== '') throw new Error(`on standard error: ${stderr}`);
    const answer = edition.understand(stdout);
    this.#addresses.add(answer.address);
    return { ...answer, took };
  }

  /** Runs the shim's `delete`. */
  async delete(id: string): Promise<MessageOf<typeof deleteResponse>> {
    const start = this.#start(id);
    const { status, stdout, stderr } = await this.run(
      [...this.edition.args(start), '-bundle', this.bundleOf(id), 'delete'],
      { cwd: this.bundleOf(id), environment: this.edition.environment(start) },
    );
    if (status !== 0 || (this.#isOurs && stderr !== '')) throw new Error(`delete: ${status} ${stderr}`);
    return decodeMessage(deleteResponse, stdout);
  }

  /** The shim with any words. */
  run(
    words: readonly string[],
    {
      cwd = this.directory,
      input,
      environment = {},
    }: { cwd?: string; input?: Uint8Array; environment?: Record<string, string> } = {},
  ): Promise<{ status: number | null; stdout: Buffer; stderr: string; took: number }> {
    return new Promise((resolve, reject) => {
      const began = performance.now();
      const child = spawn(this.shim, words, {
        cwd,
        env: { PATH: process.env['PATH'], ...environment },
        stdio: ['pipe', 'pipe', 'pipe'],
        detached: true,
      });
      const stdout: Buffer[] = [];
      const stderr: Buffer[] = [];
      child.stdout.on('data', (data) => stdout.push(data));
      child.stderr.on('data', (data) => stderr.push(data));
      child.stdin.on('error', () => undefined);
      child.on('error', reject);
      // What it started must not keep these open.
      child.on('close', (status) =>
        resolve({
          status,
          stdout: Buffer.concat(stdout),
          stderr: Buffer.concat(stderr).toString(),
          took: performance.now() - began,
        }),
      );
      child.stdin.end(input ?? '');
    });
  }

  async connect(address: string, service?: string): Promise<TaskClient> {
    const client = await TaskClient.connect(address, service);
    this.#clients.push(client);
    return client;
  }

  /** A shim for a container, and a connection to it. */
  async serve(id: string, options?: MessageOf<typeof any>): Promise<TaskClient> {
    const { address, version } = await this.start(id, options);
    return this.connect(address, `containerd.task.v${version}.Task`);
  }

  create(client: TaskClient, id: string, more: object = {}) {
    return client.call('Create', { id, bundle: this.bundleOf(id), rootfs: this.rootfs, ...more });
  }

  /** A container that runs, with its shim. */
  async running(
    id: string,
    args: readonly string[] = ['sleep', '1000'],
    change?: ConfigChange,
  ): Promise<{ readonly client: TaskClient; readonly pid: number }> {
    this.bundle(id, args, change);
    const client = await this.serve(id);
    const { pid = 0 } = await this.create(client, id);
    await client.call('Start', { id });
    return { client, pid };
  }

  /** Pids of shims that serve here, by their sockets. */
  shimPids(): number[] {
    return processesWhere((line) => {
      const words = line.split('\0');
      return words.includes(this.namespace) && (words[0] ?? '').includes('containerd-shim-');
    });
  }

  /** The cgroups that hold those of our containers: one in each hierarchy. */
  #cgroups(): string[] {
    const top = '/sys/fs/cgroup';
    return [top, ...readdirSync(top).map((name) => join(top, name))]
      .map((path) => join(path, this.namespace))
      .filter((path) => existsSync(path));
  }

  /**
   * The one shim that serves here: before it takes signals itself, one ends it as any process, with its socket in
   * place. A process that executes has no command line for a moment.
   */
  onlyShim(): Promise<number> {
    return until('one shim serves', () => {
      const [pid, ...others] = this.shimPids();
      return pid !== undefined && others.length === 0 && holdsBack(pid, systemConstants.signals.SIGTERM)
        ? pid
        : undefined;
    });
  }

  /** What of containers is still there: processes, mounts, cgroups, records, sockets. */
  leftovers(): string[] {
    const found: string[] = [];
    for (const line of readFileSync('/proc/self/mountinfo', 'utf8').split('\n'))
      if (line.includes(this.directory)) found.push(`mount ${line.split(' ')[4]}`);
    for (const path of this.#cgroups())
      found.push(
        ...readdirSync(path, { withFileTypes: true })
          .filter((entry) => entry.isDirectory())
          .map(({ name }) => join(path, name)),
      );
    const records = `/run/containerd/tsoci/${this.namespace}`;
    if (existsSync(records))
      found.push(
        ...readdirSync(records)
          .filter((name) => !name.startsWith('.'))
          .map((name) => `${records}/${name}`),
      );
    for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
      let root = '';
      try {
        root = readlinkSync(`/proc/${pid}/root`);
      } catch {
        continue;
      }
      if (root.startsWith(this.directory)) found.push(`process ${pid}`);
    }
    for (const address of this.#addresses)
      if (existsSync(address.replace('unix://', ''))) found.push(address);
    return found;
  }

  async close(): Promise<void> {
    for (const client of this.#clients) client.close();
    for (const pid of this.shimPids()) {
      try {
        process.kill(pid, 'SIGKILL');
      } catch {
        // It has ended by itself.
      }
    }
    await until('the shims end', () => this.shimPids().length === 0);
    for (const id of readdirSync(join(this.directory, 'state'))) await this.delete(id);
    await this.deafen();
    for (const log of this.#logs.values()) closeSync(log);
    this.#logs.clear();
    const left = this.leftovers().filter((line) => !line.startsWith('unix:'));
    for (const address of this.#addresses) rmSync(address.replace('unix://', ''), { force: true });
    for (const path of this.#cgroups()) rmdirSync(path);
    rmSync(`/run/containerd/tsoci/${this.namespace}`, { recursive: true, force: true });
    if (left.length > 0) throw new Error(`left behind: ${left.join(', ')}`);
    rmSync(this.directory, { recursive: true, force: true });
  }
}

/** Runs `body` with an engine that hears events, and proves that nothing is left afterwards. */
export async function withLaboratory(
  options: LaboratoryOptions,
  body: (laboratory: Laboratory) => Promise<void>,
): Promise<void> {
  const laboratory = new Laboratory(options);
  let failed = true;
  try {
    await laboratory.listen();
    await body(laboratory);
    failed = false;
  } finally {
    await laboratory.close().catch((error: unknown) => {
      if (!failed) throw error;
      console.log(String(error));
    });
  }
}
