import { strict as assert } from 'node:assert';
import { suite } from 'uvu';
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
  test(`${name} is bit ${bit}`, () => assert.equal(capabilityMask([name]), 1n << bit));
}

test('is the union, and 0 for none', () => {
  assert.equal(capabilityMask(undefined), 0n);
  assert.equal(capabilityMask([]), 0n);
  assert.equal(capabilityMask(['CAP_CHOWN', 'CAP_CHOWN', 'CAP_KILL']), 0b10_0001n);
  assert.equal(capabilityMask(capabilityNames), (1n << 41n) - 1n);
});

test('leaves out what it does not know', () => {
  assert.equal(capabilityMask(['CAP_UNKNOWN', 'chown', 'cap_chown', 'constructor']), 0n);
});

test.run();
