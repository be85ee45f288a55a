/** config.md: process.terminal and consoleSize, and config-linux.md: /dev/console. */
import { strict as assert } from 'node:assert';
import { readlinkSync } from 'node:fs';
import type { Box } from '../support/box.ts';
import type { ConfigChange } from '../support/config.ts';
import { type ConformanceTest, test } from '../support/test.ts';

async function withTerminal(box: Box, script: string, change: ConfigChange = () => undefined) {
  const receiver = await box.receiver('console');
  const container = box.container(['sh', '-c', script], (config) => {
    config.process.terminal = true;
    change(config);
  });
  await container.create(['--console-socket', receiver.socket]);
  return { container, receiver };
}

export const terminalTests: readonly ConformanceTest[] = [
  test('terminal.streams', async (box) => {
    const { container, receiver } = await withTerminal(
      box,
      'tty; for f in 0 1 2; do test -t $f && echo tty $f; done; sleep 1000',
    );
    await container.start();
    await receiver.says(/tty 0\r\ntty 1\r\ntty 2/);
    const streams = [0, 1, 2].map((number) => readlinkSync(`/proc/${container.pid}/fd/${number}`));
    assert.equal(new Set(streams).size, 1, streams.join(' '));
    assert.match(streams[0] ?? '', /^\/dev\/(?:pts\/\d+|console)$/);
  }),

  test('terminal.console', async (box) => {
    const { container, receiver } = await withTerminal(
      box,
      'test -c /dev/console && echo to the console >/dev/console; sleep 1000',
    );
    await container.start();
    await receiver.says(/to the console/);
  }),

  test('terminal.size', async (box) => {
    const { container, receiver } = await withTerminal(box, 'stty size; sleep 1000', (config) => {
      config.process.consoleSize = { height: 37, width: 113 };
    });
    await container.start();
    await receiver.says(/37 113\r/);
  }),

  test('terminal.controlling', async (box) => {
    const { container, receiver } = await withTerminal(
      box,
      'echo hello >/dev/tty && echo went well; sleep 1000',
    );
    await container.start();
    await receiver.says(/hello\r\nwent well/);
  }),

  test('terminal.size-without-terminal', async (box) => {
    for (const terminal of [false, undefined]) {
      assert.equal(
        await box.script('test -t 0 || echo none; test -e /dev/console || echo no console', (config) => {
          if (terminal !== undefined) config.process.terminal = terminal;
          config.process.consoleSize = { height: 10, width: 20 };
        }),
        'none\nno console\n',
      );
    }
  }),

  test('terminal.size-fields', async (box) => {
    for (const size of [{ height: 10 }, { width: 10 }, { height: -1, width: 5 }, { height: 'x', width: 5 }]) {
      const receiver = await box.receiver('console');
      const container = box.container(['true'], (config) => {
        config.process.terminal = true;
        config.process.consoleSize = size as never;
      });
      const { code } = await container.tryCreate(['--console-socket', receiver.socket]);
      assert.notEqual(code, 0, JSON.stringify(size));
    }
  }),
];
