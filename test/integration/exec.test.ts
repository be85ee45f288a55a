/** One more process in a running container, with every option. */
import { strict as assert } from 'node:assert';
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import type { Process } from '../../src/spec/config.ts';
import { asCaller } from './support/caller.ts';
import { Receiver } from './support/receiver.ts';
import { runtimeKind } from './support/runtime.ts';
import { expectRefusal, expectSuccess, procStatus, type Sandbox, withSandbox } from './support/sandbox.ts';
import { until } from './support/wait.ts';

const test = suite(`exec (${runtimeKind})`);

const exec = async (sandbox: Sandbox, id: string, ...args: string[]) =>
  expectSuccess(await sandbox.tsoci(['exec', ...args.slice(0, -1), id, 'sh', '-c', args.at(-1) ?? '']))
    .stdout;

test("exec() takes the container's namespaces, root, user, environment and limits", () =>
  withSandbox(async (sandbox) => {
    const id = await sandbox.running((config) => {
      if (!config.process) return;
      config.process.env = ['PATH=/bin', 'OWN=yes'];
      config.process.user = { uid: 1000, gid: 1001, additionalGids: [7] };
      config.process.cwd = '/tmp';
      config.process.rlimits = [{ type: 'RLIMIT_NOFILE', soft: 99, hard: 99 }];
    });
    const { pid } = await sandbox.state(id);
    assert.equal(
      await exec(sandbox, id, 'id -u; id -g; id -G; pwd; echo $OWN $HOME; ulimit -n; hostname'),
      '1000\n1001\n1001 7\n/tmp\nyes /home/user\n99\ntsoci\n',
    );
    const status = procStatus('self', await exec(sandbox, id, 'exec cat /proc/self/status'));
    const init = procStatus(pid);
    assert.equal(status['Groups']?.trim(), '7');
    // SupplementalGroupsPolicy Strict: those that are given, and no other.
    const groups = async (user: object) => {
      const process = join(sandbox.directory(), 'process.json');
      writeFileSync(
        process,
        JSON.stringify({ cwd: '/', args: ['cat', '/proc/self/status'], env: ['PATH=/bin'], user }),
      );
      const { stdout } = expectSuccess(await sandbox.tsoci(['exec', '--process', process, id]));
      return procStatus('self', stdout)['Groups']?.trim();
    };
    assert.equal(await groups({ uid: 5, gid: 6, additionalGids: [9, 8] }), '8 9');
    assert.equal(await groups({ uid: 5, gid: 6 }), '');
    for (const field of [
      'CapInh',
      'CapPrm',
      'CapEff',
      'CapBnd',
      'CapAmb',
      'NoNewPrivs',
      'Seccomp',
      'SigIgn',
      'SigBlk',
      'Umask',
      'Cpus_allowed',
    ])
      assert.equal(status[field], init[field], field);
    const cgroup = (text: string) => text.trim().split('\n').sort();
    const own = cgroup(readFileSync(`/proc/${pid}/cgroup`, 'utf8'));
    const detached = join(sandbox.directory(), 'pid');
    expectSuccess(await sandbox.tsoci(['exec', '--detach', '--pid-file', detached, id, 'sleep', '1000']));
    assert.deepEqual(cgroup(readFileSync(`/proc/${readFileSync(detached, 'utf8')}/cgroup`, 'utf8')), own);
  }));

test('exec() works in a container that was created and not started', () =>
  withSandbox(async (sandbox) => {
    const id = await sandbox.created(['sleep', '1000']);
    assert.equal(await exec(sandbox, id, 'hostname'), 'tsoci\n');
    assert.equal((await sandbox.state(id)).status, 'created');
    expectSuccess(await sandbox.tsoci(['start', id]));
  }));

test('exit statuses: 0, another, 128 and the signal, 255 when it cannot be executed', () =>
  withSandbox(async (sandbox) => {
    const id = await sandbox.running();
    for (const [script, code] of [
      ['exit 0', 0],
      ['exit 7', 7],
      ['exit 255', 255],
      ['kill -9 $$', 137],
      ['kill -TERM $$', 143],
    ] as const)
      assert.equal((await sandbox.tsoci(['exec', id, 'sh', '-c', script])).code, code, script);
    expectRefusal(
      await sandbox.tsoci(['exec', id, 'no-such-program']),
      /exec: "no-such-program": executable file not found in \$PATH/,
      255,
    );
    expectRefusal(
      await sandbox.tsoci(['exec', id, '/no/such/program']),
      /exec: "\/no\/such\/program": .*no such file or directory/,
      255,
    );
    expectRefusal(
      await sandbox.tsoci(['exec', id, '/etc/passwd']),
      /exec: "\/etc\/passwd": .*permission denied/,
      255,
    );
    expectRefusal(
      await sandbox.tsoci(['exec', id, '/etc']),
      /exec: "\/etc": .*(permission denied|is a directory)/,
      255,
    );
    expectRefusal(await sandbox.tsoci(['exec', id]), /COMMAND/, 255);
  }));

test('--cwd, --env, --user, --additional-gids', () =>
  withSandbox(async (sandbox) => {
    const id = await sandbox.running();
    assert.equal(await exec(sandbox, id, '--cwd', '/usr/bin', 'pwd'), '/usr/bin\n');
    assert.equal(await exec(sandbox, id, '--env', 'A=1', '-e', 'B=x=y z', 'echo $A $B'), '1 x=y z\n');
    assert.equal(await exec(sandbox, id, '--user', '5', 'id -u; id -g'), '5\n0\n');
    assert.equal(
      await exec(
        sandbox,
        id,
        '--user',
        '5:6',
        '--additional-gids',
        '7',
        '-g',
        '8',
        'id -u; id -g; id -G; echo $HOME',
      ),
      '5\n6\n6 7 8\n/\n',
    );
    assert.equal(await exec(sandbox, id, '-u', '1000', 'echo $HOME'), '/home/user\n');
    for (const user of ['root', '0:0:0', '-1', '0x0', ' 0', '1e3', '4294967295', '4294967296', ':5', '5:'])
      expectRefusal(await sandbox.tsoci(['exec', `--user=${user}`, id, 'id']), /user/, 255);
    for (const gid of ['x', '-1', '4294967295', ''])
      expectRefusal(await sandbox.tsoci(['exec', `--additional-gids=${gid}`, id, 'id']), /gid|group/i, 255);
    expectRefusal(
      await sandbox.tsoci(['exec', '--cwd', '/nowhere', id, 'pwd']),
      /cwd.*\/nowhere.*no such file or directory/i,
      255,
    );
    expectRefusal(
      await sandbox.tsoci(['exec', '--cwd', '/etc/passwd', id, 'pwd']),
      /cwd.*not a directory/i,
      255,
    );
    expectRefusal(
      await sandbox.tsoci(['exec', '--cwd', 'relative', id, 'pwd']),
      /cwd.*relative.*absolute/i,
      255,
    );
    expectRefusal(await sandbox.tsoci(['exec', '--env', 'NOVALUE', id, 'pwd']), /NOVALUE/, 255);
  }));

test('--cap adds to the usable sets and never to inheritable and ambient; --no-new-privs', () =>
  withSandbox(async (sandbox) => {
    const id = await sandbox.running((config) => {
      if (config.process) config.process.noNewPrivileges = false;
    });
    const sets = async (...options: string[]) => {
      const { stdout } = expectSuccess(
        await sandbox.tsoci(['exec', ...options, id, 'cat', '/proc/self/status']),
      );
      return procStatus('self', stdout);
    };
    const before = await sets();
    const after = await sets('--cap', 'CAP_NET_RAW', '-c', 'CAP_SYS_TIME');
    const added = (1n << 13n) | (1n << 25n);
    for (const field of ['CapBnd', 'CapPrm', 'CapEff'] as const)
      assert.equal(BigInt(`0x${after[field]}`), BigInt(`0x${before[field]}`) | added, field);
    for (const field of ['CapInh', 'CapAmb'] as const) assert.equal(BigInt(`0x${after[field]}`), 0n, field);
    assert.equal(before['NoNewPrivs'], '0');
    assert.equal((await sets('--no-new-privs'))['NoNewPrivs'], '1');
    const log = join(sandbox.directory(), 'log');
    expectSuccess(await sandbox.tsoci(['--log', log, 'exec', '--cap', 'CAP_NET_ROW', id, 'true']));
    const said = /--cap: \\?"CAP_NET_ROW.*ignored; did you mean \\?"CAP_NET_RAW/;
    assert.match(readFileSync(log, 'utf8'), said);
  }));

test('--process takes the whole process from a file', () =>
  withSandbox(async (sandbox) => {
    const id = await sandbox.running();
    const file = join(sandbox.directory(), 'process.json');
    const process: Process = {
      args: ['sh', '-c', 'id -u; pwd; echo $FROM; grep CapEff /proc/self/status; umask'],
      cwd: '/usr',
      env: ['PATH=/bin', 'FROM=file'],
      user: { uid: 12, gid: 13, umask: 0o077 },
    };
    writeFileSync(file, JSON.stringify(process));
    const { stdout } = expectSuccess(await sandbox.tsoci(['exec', '--process', file, id]));
    assert.equal(stdout, '12\n/usr\nfile\nCapEff:\t0000000000000000\n0077\n');
    expectRefusal(await sandbox.tsoci(['exec', '--process', file, id, 'ls']), /--process/, 255);
    expectRefusal(await sandbox.tsoci(['exec', '--process', '/nowhere', id]), /\/nowhere/, 255);
    for (const [text, message] of [
      ['{', /line 1/],
      ['{"args": ["x"], "cwd": 5}', /cwd/],
      ['{"cwd": "/"}', /args/],
      ['[]', /object/],
      ['{"args":["x"],"cwd":"/","user":{"uid":"root","gid":0}}', /uid/],
    ] as const) {
      writeFileSync(file, text);
      expectRefusal(await sandbox.tsoci(['exec', '--process', file, id]), message, 255);
    }
  }));

test('--detach returns at once, --pid-file has the host’s pid', () =>
  withSandbox(async (sandbox) => {
    const id = await sandbox.running();
    const file = join(sandbox.directory(), 'pid');
    const began = Date.now();
    expectSuccess(await sandbox.tsoci(['exec', '-d', '--pid-file', file, id, 'sleep', '1000']));
    assert.ok(Date.now() - began < 20_000);
    const pid = Number(readFileSync(file, 'utf8'));
    await until('it sleeps', () => procStatus(pid)['Name'] === 'sleep');
    const ps: number[] = JSON.parse(
      expectSuccess(await sandbox.tsoci(['ps', '--format', 'json', id])).stdout,
    );
    assert.ok(ps.includes(pid));
    assert.equal(procStatus(pid)['NSpid']?.split('\t').length, 2);
    const missing = await sandbox.tsoci(['exec', '-d', '--pid-file', file, id, 'no-such-program']);
    expectRefusal(missing, /executable file not found/, 255);
  }));

test('--preserve-fds', () =>
  withSandbox(async (sandbox) => {
    const id = await sandbox.running();
    const file = join(sandbox.directory(), 'file');
    writeFileSync(file, 'handed on\n');
    const open = `os.dup2(os.open("${file}", os.O_RDONLY), 9); os.dup2(9, 3, True); os.dup2(9, 4, True); os.closerange(5, 100)`;
    const run = (count: string, script: string) =>
      asCaller(sandbox, open, ['exec', '--preserve-fds', count, id, 'sh', '-c', script]);
    assert.equal(expectSuccess(await run('2', 'cat <&4')).stdout, 'handed on\n');
    assert.notEqual((await run('1', 'cat <&4')).code, 0);
    assert.equal(expectSuccess(await run('0', 'ls /proc/self/fd | tr "\\n" " "')).stdout, '0 1 2 3 ');
  }));

test('--ignore-paused enters a paused container and waits there', () =>
  withSandbox(async (sandbox) => {
    const id = await sandbox.running();
    expectSuccess(await sandbox.tsoci(['pause', id]));
    expectRefusal(await sandbox.tsoci(['exec', id, 'true']), /cannot exec in a paused container/, 255);
    let ended = false;
    const waiting = sandbox.tsoci(['exec', '--ignore-paused', id, 'echo', 'resumed']).then((result) => {
      ended = true;
      return result;
    });
    const inside = async () =>
      JSON.parse((await sandbox.tsoci(['ps', '--format', 'json', id])).stdout) as number[];
    await until('it is in the cgroup', async () => (await inside()).length > 1);
    assert.equal(ended, false);
    expectSuccess(await sandbox.tsoci(['resume', id]));
    assert.equal(expectSuccess(await waiting).stdout, 'resumed\n');
  }));

test('--cgroup puts the process into a cgroup below the container’s', () =>
  withSandbox(async (sandbox) => {
    const id = await sandbox.running();
    const { pid } = await sandbox.state(id);
    const line =
      readFileSync(`/proc/${pid}/cgroup`, 'utf8')
        .split('\n')
        .find((each) => /:pids:|^0::/.test(each)) ?? '';
    const [, controller = '', path = ''] = line.split(':');
    const directory = join('/sys/fs/cgroup', controller, path, 'sub');
    mkdirSync(directory);
    const option = controller === '' ? '/sub' : `${controller}:/sub`;
    const { stdout } = expectSuccess(
      await sandbox.tsoci(['exec', '--cgroup', option, id, 'cat', '/proc/self/cgroup']),
    );
    // Inside the cgroup namespace the container's own is the root.
    assert.match(stdout, new RegExp(`:${controller}:/sub\n`));
    expectRefusal(
      await sandbox.tsoci(['exec', '--cgroup', `${controller}:/nowhere`, id, 'true']),
      /nowhere/,
      255,
    );
    for (const bad of ['/../..', 'nosuch:/x', `${controller}:/../x`])
      expectRefusal(await sandbox.tsoci(['exec', '--cgroup', bad, id, 'true']), /cgroup/, 255);
    // delete removes it as well.
    expectSuccess(await sandbox.tsoci(['delete', '--force', id]));
    assert.ok(!existsSync(directory));
  }));

test('--pidfd-socket gets a pidfd of the very process', () =>
  withSandbox(async (sandbox) => {
    const id = await sandbox.running();
    const receiver = await Receiver.listen(sandbox, 'pidfd');
    const file = join(sandbox.directory(), 'pid');
    expectSuccess(
      await sandbox.tsoci([
        'exec',
        '-d',
        '--pid-file',
        file,
        '--pidfd-socket',
        receiver.path,
        id,
        'sleep',
        '1000',
      ]),
    );
    assert.deepEqual(await receiver.received(), {
      payload: 'exec-pidfd',
      pid: Number(readFileSync(file, 'utf8')),
    });
    const other = await Receiver.listen(sandbox, 'pidfd');
    const created = await sandbox.created(['sleep', '1000'], undefined, ['--pidfd-socket', other.path]);
    assert.deepEqual(await other.received(), {
      payload: 'init-pidfd',
      pid: (await sandbox.state(created)).pid,
    });
  }));

test('input, output and errors are the caller’s', () =>
  withSandbox(async (sandbox) => {
    const id = await sandbox.running();
    const result = await sandbox.tsoci(['exec', id, 'sh', '-c', 'cat; echo bad >&2'], { input: 'typed' });
    assert.deepEqual([result.stdout, result.stderr], ['typed', 'bad\n']);
    const big = expectSuccess(await sandbox.tsoci(['exec', id, 'head', '-c', '3000000', '/dev/zero']));
    assert.equal(big.stdout.length, 3_000_000);
  }));

test('options after the command belong to the command', () =>
  withSandbox(async (sandbox) => {
    const id = await sandbox.running();
    const echoed = await sandbox.tsoci(['exec', id, 'echo', '--cwd', '-t', '--', '--user', 'x']);
    assert.equal(expectSuccess(echoed).stdout, '--cwd -t -- --user x\n');
    const dashes = await sandbox.tsoci(['exec', '--', id, 'echo', 'x']);
    assert.equal(expectSuccess(dashes).stdout, 'x\n');
  }));

test('exec() into a container that ends is an error, and never hangs', () =>
  withSandbox(async (sandbox) => {
    for (let round = 0; round < 6; round++) {
      const id = await sandbox.running(undefined, ['sh', '-c', `sleep 0.0${round}`]);
      const result = await sandbox.tsoci(['exec', id, 'sleep', '1000'], { timeout: 20_000 });
      assert.equal(result.signal, null, 'it hung');
      assert.notEqual(result.code, 0);
      if (result.code !== 137) assert.ok(result.stderr.length > 0);
    }
  }));

test('the container’s end ends what was executed in it', () =>
  withSandbox(async (sandbox) => {
    const id = await sandbox.running();
    const executing = sandbox.tsoci(['exec', id, 'sleep', '77777']);
    // not the number of processes: the stub that becomes the program counts among them
    await until('it runs', async () => (await sandbox.tsoci(['ps', id])).stdout.includes('sleep 77777'));
    expectSuccess(await sandbox.tsoci(['kill', id, 'KILL']));
    assert.equal((await executing).code, 137);
  }));

test('programs that cannot be executed: missing interpreter, no format, not executable, cwd that is none', () =>
  withSandbox(async (sandbox) => {
    const programs: Record<string, [content: string, mode: number, message: RegExp]> = {
      interpreter: [
        '#!/no/such/interpreter\n',
        0o755,
        /exec: "\/odd\/interpreter": no such file or directory/,
      ],
      format: ['not a program', 0o755, /exec: "\/odd\/format": exec format error/],
      empty: ['', 0o755, /exec: "\/odd\/empty": exec format error/],
      mode: ['#!/bin/sh\n', 0o644, /exec: "\/odd\/mode": permission denied/],
    };
    for (const [name, [content, mode, message]] of Object.entries(programs)) {
      const bundle = sandbox.bundle([`/odd/${name}`]);
      mkdirSync(join(bundle.rootfs, 'odd'));
      writeFileSync(join(bundle.rootfs, 'odd', name), content);
      chmodSync(join(bundle.rootfs, 'odd', name), mode);
      expectRefusal(await sandbox.runBundle(bundle), message);
      const id = sandbox.id();
      const created = await sandbox.tsoci(['create', '--bundle', bundle.directory, id]);
      // An error of create where it can be seen there, of start otherwise: never a silent death.
      if (created.code === 0) expectRefusal(await sandbox.tsoci(['start', id]), message);
      else expectRefusal(created, message);
    }
    assert.deepEqual(
      sandbox.leftovers().filter((path) => !path.includes('/tsoci-state-') && !path.startsWith('/sys/')),
      [],
    );
    for (const [args, message] of [
      [['no-such'], /exec: "no-such": executable file not found in \$PATH/],
      [['/no/such'], /exec: "\/no\/such": no such file or directory/],
      [['/bin'], /exec: "\/bin": (is a directory|permission denied)/],
      [['bin/sh/x'], /exec: "bin\/sh\/x": not a directory/],
    ] as const)
      expectRefusal(await sandbox.run(args), message);
    for (const [cwd, message] of [
      ['/etc/passwd', /process\.cwd.*"\/etc\/passwd".*not a directory/i],
    ] as const)
      expectRefusal(
        await sandbox.run(['true'], (config) => {
          if (config.process) config.process.cwd = cwd;
        }),
        message,
      );
    const bundle = sandbox.bundle(['true'], (config) => {
      if (config.process) {
        config.process.cwd = '/closed/inner';
        config.process.user = { uid: 1000, gid: 1000 };
        config.process.capabilities = {};
      }
    });
    mkdirSync(join(bundle.rootfs, 'closed/inner'), { recursive: true });
    chmodSync(join(bundle.rootfs, 'closed'), 0o700);
    const closed = await sandbox.runBundle(bundle);
    // Entered while root still could (process.cwd is the operator's), or refused: one of the two, said clearly.
    if (closed.code !== 0) expectRefusal(closed, /process\.cwd.*permission denied/);
  }));

test.run();
