import { strict as assert } from 'node:assert';
import fc from 'fast-check';
import { suite } from 'uvu';
import { pathOf, pointerPart, pointerParts, quote } from '../../../src/spec/pointer.ts';

const test = suite('pointer');

const paths: Readonly<Record<string, string>> = {
  '': '',
  '/mounts/3/destination': 'mounts[3].destination',
  '/process': 'process',
  '/0': '[0]',
  '/linux/resources/hugepageLimits/0/pageSize': 'linux.resources.hugepageLimits[0].pageSize',
  '/annotations/org.example.key': 'annotations["org.example.key"]',
  '/linux/sysctl/net.ipv4.ip_forward': 'linux.sysctl["net.ipv4.ip_forward"]',
  '/linux/netDevices/veth-a': 'linux.netDevices.veth-a',
  '/annotations/a~1b~0c': 'annotations["a/b~c"]',
  '/annotations/': 'annotations[""]',
  '/annotations/1st': 'annotations["1st"]',
  '/annotations/say "x"\n': 'annotations["say \\"x\\"\\n"]',
};
for (const [pointer, path] of Object.entries(paths))
  test(`pathOf() writes "${pointer}" as people do`, () => assert.equal(pathOf(pointer), path));

test('pointerPart() and pointerParts() are each other’s reverse, also of what looks escaped already', () => {
  assert.equal(pointerPart('a/b~c'), 'a~1b~0c');
  assert.deepEqual(pointerParts('/a~1b/~01'), ['a/b', '~1']);
  assert.deepEqual(pointerParts(''), []);
  const key = fc.array(fc.constantFrom('~', '/', '0', '1', 'a')).map((letters) => letters.join(''));
  fc.assert(
    fc.property(fc.array(key), (keys) => {
      assert.deepEqual(pointerParts(keys.map((each) => `/${pointerPart(each)}`).join('')), keys);
    }),
  );
});

test('quote() escapes what would end a line of a message, and cuts what is longer than 60', () => {
  assert.equal(quote('a "b"\n\u001b[1m'), '"a \\"b\\"\\n\\u001b[1m"');
  assert.equal(quote('x'.repeat(60)), `"${'x'.repeat(60)}"`);
  assert.equal(quote(`${'x'.repeat(60)}y`), `"${'x'.repeat(60)}…"`);
});

test.run();
