import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { capabilityMask, capabilityNames } from '../../../src/spec/capability-names.ts';

const test = suite('capabilityMask()');

/** From linux/capability.h. */
const numbers: Readonly<Record<string, bigint>> = {
  CAP_CHOWN: 0n,
  CAP_SETPCAP: 8n,
  CAP_NET_ADMIN: 12n,
  CAP_SYS_ADMIN: 21n,
  CAP_AUDIT_CONTROL: 30n,
  CAP_SETFCAP: 31n,
  CAP_MAC_OVERRIDE: 32n,
  CAP_AUDIT_READ: 37n,
  CAP_CHECKPOINT_RESTORE: 40n,
};
for (const [name, bit] of Object.entries(numbers)) {
  test(`${name} is bit ${bit}`, () => assert.is(capabilityMask([name]), 1n << bit));
}

test('is the union, and 0 for none', () => {
  assert.is(capabilityMask(undefined), 0n);
  assert.is(capabilityMask([]), 0n);
  assert.is(capabilityMask(['CAP_CHOWN', 'CAP_CHOWN', 'CAP_KILL']), 0b10_0001n);
  assert.is(capabilityMask(capabilityNames), (1n << 41n) - 1n);
});

test('leaves out what it does not know', () => {
  assert.is(capabilityMask(['CAP_UNKNOWN', 'chown', 'cap_chown', 'constructor']), 0n);
});

test.run();
