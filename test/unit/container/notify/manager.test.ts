import { strict as assert } from 'node:assert';
import { suite } from 'uvu';
import { connectManager } from '../../../../src/container/notify/manager.ts';
import { Failure } from '../../../../src/failure.ts';
import { native } from '../support.ts';

const test = suite('connectManager()');

const refusal = (address: string): Failure => {
  try {
    native.close(connectManager(native, address));
  } catch (error) {
    if (error instanceof Failure) return error;
    throw error;
  }
  throw new Error(`${address} was taken`);
};

test('refuses what is no address, before anything is asked', () => {
  for (const address of ['relative', 'vsock:2:1234', './x', ' /x'])
    assert.match(refusal(address).message, /neither an absolute path nor @ and a name/);
});

test('refuses a manager that is not there, saying which and why', () => {
  for (const [address, why] of [
    ['/nonexistent/socket', /NOTIFY_SOCKET="\/nonexistent\/socket": ENOENT/],
    ['@tsoci-test-nobody', /NOTIFY_SOCKET="@tsoci-test-nobody": ECONNREFUSED/],
    ['@', /ENAMETOOLONG/],
    [`@${'x'.repeat(200)}`, /ENAMETOOLONG/],
  ] as const) {
    const failure = refusal(address);
    assert.equal(failure.code, 'invalid');
    assert.match(failure.message, why);
    assert.match(failure.hint ?? '', /^Unset it/);
  }
});

test.run();
