import { strict as assert } from 'node:assert';
import { suite } from 'uvu';
import { pageServer } from '../../../../src/cli/convert/page-server.ts';
import { assertRefused } from '../../refusal.ts';

const test = suite('page-server');

test('pageServer() splits address and port', () => {
  assert.deepEqual(pageServer('192.0.2.1:27'), { address: '192.0.2.1', port: 27 });
  assert.deepEqual(pageServer('[2001:db8::1]:65535'), { address: '2001:db8::1', port: 65535 });
});

test('pageServer() refuses anything else', () => {
  for (const bad of ['', 'host', ':27', 'host:', 'host:0', 'host:65536', '2001:db8::1:27', 'host:2x'])
    assertRefused(() => pageServer(bad), 'invalid', undefined, /ADDRESS:PORT/);
});

test.run();
