import { strict as assert } from 'node:assert';
import { suite } from 'uvu';
import { cgroupModes, decodeResponse, encodeRequest, requestTypes } from '../../../src/criu/messages.ts';
import { assertRefused } from '../refusal.ts';

const test = suite('CRIU messages');

const bytes = (hex: string) => Uint8Array.from(Buffer.from(hex, 'hex'));

test("encodeRequest() writes the bytes that Google's library writes for CRIU's rpc.proto", () => {
  const request = encodeRequest({
    type: requestTypes.dump,
    opts: {
      images_dir_fd: 7,
      pid: 4321,
      leave_running: true,
      log_file: 'dump.log',
      ps: { address: '192.0.2.1', port: 27 },
      ext_mnt: [
        { key: '/data', val: '/data' },
        { key: '/ö', val: '/x' },
      ],
      manage_cgroups_mode: cgroupModes.soft,
      external: ['net[7]:n', 'file[1:2]'],
      empty_ns: 0x40000000,
      status_fd: -1,
    },
  });
  assert.equal(
    Buffer.from(request).toString('hex'),
    '0801126a080710e1211801520864756d702e6c6f675a0d0a093139322e302e322e31101bba010e0a052f6461746112052f64617461' +
      'ba01090a032fc3b612022f78900203aa02086e65745b375d3a6eaa020966696c655b313a325db00280808080048803ffffffffffffffffff01',
  );
});

test('decodeResponse() reads notifications, failures and versions, and skips what it does not know', () => {
  assert.deepEqual(decodeResponse(bytes('080610012a100a0c706f73742d726573746f72651063')), {
    type: requestTypes.notify,
    success: true,
    notify: { script: 'post-restore', pid: 99 },
  });
  assert.deepEqual(decodeResponse(bytes('0802100038fbffffffffffffffff014a026e6f5803')), {
    type: requestTypes.restore,
    success: false,
    cr_errno: -5,
    cr_errmsg: 'no',
  });
  assert.deepEqual(decodeResponse(bytes('080a1001520a080310111a0130320178')), {
    type: requestTypes.version,
    success: true,
    version: { major_number: 3, minor_number: 17 },
  });
});

test('decodeResponse() refuses bytes that end too early', () => {
  assertRefused(() => decodeResponse(bytes('0806100138')), 'system', undefined, /no message/);
});

test.run();
