import { strict as assert } from 'node:assert';
import { test } from 'uvu';
import { InvalidDocument } from '../../../../src/bundle/finding.ts';
import { parseJson } from '../../../../src/bundle/json/parse-json.ts';
import type { Documents } from '../../../../src/bundle/schema/documents.ts';
import { findUnknownProperties } from '../../../../src/bundle/schema/unknown-properties.ts';
import { validate } from '../../../../src/bundle/schema/validate.ts';
import { validateProcess } from '../../../../src/bundle/schema/validate-process.ts';
import { validateResources } from '../../../../src/bundle/schema/validate-resources.ts';
import { fullConfig, fullFeatures, fullState, otherPlatforms } from '../../schemas/documents.ts';

async function refusal(kind: keyof Documents, text: string): Promise<InvalidDocument> {
  try {
    validate(kind, parseJson(text, 'config.json'), 'config.json');
  } catch (error) {
    assert.ok(error instanceof InvalidDocument);
    return error as InvalidDocument;
  }
  throw new Error(`accepted: ${text}`);
}

const MESSAGES: readonly {
  readonly name: string;
  readonly text: string;
  readonly kind?: keyof Documents;
  readonly message: string;
}[] = [
  {
    name: 'a wrong type',
    text: '{"ociVersion":"1.0.0","mounts":[{"destination":"/a"},{"destination":42}]}',
    message: 'config.json: mounts[1].destination: is 42, must be a string',
  },
  {
    name: 'a missing property',
    text: '{"ociVersion":"1.0.0","mounts":[{}]}',
    message: 'config.json: mounts[0].destination: is missing',
  },
  {
    name: 'a document that is none',
    text: '[]',
    message: 'config.json: is an empty array, must be an object',
  },
  {
    name: 'a misspelt name of a needed property',
    text: '{"ociVersion":"1.0.0","root":{"pth":"x"}}',
    message: 'config.json: root.path: is missing; is it what "pth" was meant to be?',
  },
  {
    name: 'a misspelt word',
    text: '{"ociVersion":"1.0.0","linux":{"personality":{"domain":"LINUX23"}}}',
    message:
      'config.json: linux.personality.domain: is "LINUX23", must be one of "LINUX", "LINUX32"; did you mean "LINUX32"?',
  },
  {
    name: 'a number in quotes',
    text: '{"ociVersion":"1.0.0","process":{"cwd":"/","user":{"uid":"1000"}}}',
    message:
      'config.json: process.user.uid: is the string "1000", must be an integer from 0 to 4294967295; remove the quotes',
  },
  {
    name: 'a word in quotes',
    text: '{"ociVersion":"1.0.0","root":{"path":"x","readonly":"true"}}',
    message: 'config.json: root.readonly: is the string "true", must be true or false; remove the quotes',
  },
  {
    name: 'one string instead of several',
    text: '{"ociVersion":"1.0.0","process":{"cwd":"/","args":"sh"}}',
    message: 'config.json: process.args: is the string "sh", must be an array; put it in brackets: ["sh"]',
  },
  {
    name: 'null',
    text: '{"ociVersion":"1.0.0","process":{"cwd":"/","env":["A=1",null]}}',
    message: 'config.json: process.env[1]: is null, must be a string; take it out where nothing is meant',
  },
  {
    name: 'a number that is too large',
    text: '{"ociVersion":"1.0.0","process":{"cwd":"/","rlimits":[{"type":"RLIMIT_CPU","soft":0,"hard":18446744073709551616}]}}',
    message:
      'config.json: process.rlimits[0].hard: is 18446744073709551616, must be an integer from 0 to 18446744073709551615',
  },
  {
    name: 'a large number with an exponent',
    text: '{"ociVersion":"1.0.0","linux":{"resources":{"memory":{"limit":1e18}}}}',
    message:
      'config.json: linux.resources.memory.limit: is 1000000000000000000, must be an integer from -9223372036854775808 to 9223372036854775807; write it as plain digits, without an exponent',
  },
  {
    name: 'a form that text must have',
    text: '{"ociVersion":"1.0.0","process":{"cwd":"/","rlimits":[{"type":"NOFILE","soft":0,"hard":1}]}}',
    message: 'config.json: process.rlimits[0].type: is "NOFILE", must be a string such as "RLIMIT_NOFILE"',
  },
  {
    name: 'a key that is no word',
    text: '{"ociVersion":"1.0.0","linux":{"sysctl":{"net.ipv4/x":5}}}',
    message: 'config.json: linux.sysctl["net.ipv4/x"]: is 5, must be a string',
  },
  {
    name: 'an empty key',
    text: '{"ociVersion":"1.0.0","annotations":{"":"x"}}',
    message: 'config.json: annotations[""]: a key must not be empty',
  },
  {
    name: 'an empty list',
    text: '{"ociVersion":"1.0.0","linux":{"seccomp":{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"names":[],"action":"SCMP_ACT_LOG"}]}}}',
    message: 'config.json: linux.seccomp.syscalls[0].names: is empty, must have at least one element',
  },
  {
    name: 'an empty word of a state',
    kind: 'State',
    text: '{"ociVersion":"1.0.0","id":"x","status":"","bundle":"/"}',
    message: 'config.json: status: must not be empty',
  },
  {
    name: 'an alternative to null',
    kind: 'Features',
    text: '{"ociVersionMin":"1.0.0","ociVersionMax":"1.0.0","linux":{"cgroup":{"v1":1}}}',
    message: 'config.json: linux.cgroup.v1: is 1, must be true or false or null',
  },
];

for (const { name, kind = 'Config', text, message } of MESSAGES) {
  test(`validate() explains ${name}`, async () => {
    assert.equal((await refusal(kind, text)).message, message);
  });
}

test('validate() changes nothing of what it is given', async () => {
  const given = Object.freeze({ cwd: '/', env: null, user: Object.freeze({ uid: 5, umask: null }) });
  assert.deepEqual(validate('Process', given, 'process'), { cwd: '/', user: { uid: 5 } });
  assert.equal(given.env, null);
  const whole = { cwd: '/' };
  assert.equal(validate('Process', whole, 'process'), whole);
});

test('validate() names everything that is wrong at once', async () => {
  const error = await refusal(
    'Config',
    '{"ociVersion":1,"process":{"cwd":"/","noNewPrivilege":true},"linux":{"namespaces":[{"type":"net"}]},"vm":{}}',
  );
  assert.equal(error.code, 'invalid');
  assert.equal(error.pointer, '/ociVersion');
  assert.deepEqual(error.message.split('\n'), [
    'config.json has 4 errors:',
    '  ociVersion: is 1, must be a string',
    '  linux.namespaces[0].type: is "net", must be one of "pid", "network", "mount", "ipc", "uts", "user", "cgroup", "time"; did you mean "network"?',
    '  vm.kernel: is missing',
    '  process.noNewPrivilege: is not part of the specification and is ignored; did you mean "noNewPrivileges"?',
  ]);
});

test('validate() gives back what it was given, unknown properties included', async () => {
  for (const [kind, document] of [
    ['Config', fullConfig],
    ['Config', otherPlatforms],
    ['Config', { ...fullConfig, linux: { ...fullConfig.linux, unknown: 1 }, more: null }],
    ['Process', fullConfig.process],
    ['Resources', fullConfig.linux.resources],
    ['State', fullState],
    ['Features', fullFeatures],
  ] as const) {
    assert.equal(validate(kind, document, 'x'), document, kind);
  }
});

test('validate() refuses what is inherited and not said', async () => {
  const inherited: unknown = Object.create({ ociVersion: '1.0.0' });
  assert.equal(
    validate('Config', inherited, 'x'),
    inherited,
    'positive control: prototypes are seen by plain reads',
  );
  const error = await refusal('Config', '{"__proto__": {"ociVersion": "1.0.0"}}');
  assert.equal(error.message, 'config.json: ociVersion: is missing');
});

test('findUnknownProperties() lists them in order, and guesses what was meant', () => {
  const found = findUnknownProperties('Config', {
    ...fullConfig,
    Hostname: 'x',
    root: { path: 'x', readOnly: true },
    mounts: [{ destination: '/', option: [], options: [] }],
    annotations: { anything: 'goes' },
    process: { ...fullConfig.process, something: 1, capabilities: { 'a/b': 1 } },
  });
  assert.deepEqual(
    found.map(({ pointer, guess }) => [pointer, guess]),
    [
      ['/root/readOnly', 'readonly'],
      ['/mounts/0/option', undefined],
      ['/process/capabilities/a~1b', undefined],
      ['/process/something', undefined],
      ['/Hostname', undefined],
    ],
  );
  for (const [kind, document] of [
    ['Config', fullConfig],
    ['Config', otherPlatforms],
    ['State', fullState],
    ['Features', fullFeatures],
  ] as const) {
    assert.deepEqual(findUnknownProperties(kind, document), []);
  }
});

test('validateProcess() and validateResources() check shape and rules', async () => {
  const good = validateProcess({ cwd: '/', args: ['sh'], capabilities: { bounding: ['CAP_X'] } });
  assert.equal(good.process.cwd, '/');
  assert.match(good.warnings.join(), /^capabilities.bounding\[0\]: "CAP_X" is no capability/);
  const messages: string[] = [];
  for (const check of [
    () => validateProcess({ cwd: 5 }),
    () => validateProcess({ cwd: 'x', args: ['sh'] }),
    () => validateResources({ pids: { limit: 'x' } }),
    () => validateResources({ pids: { limit: -2 } }, 'limits.json'),
  ]) {
    try {
      await check();
      assert.fail('accepted');
    } catch (error) {
      messages.push((error as Error).message);
    }
  }
  assert.deepEqual(messages, [
    'process: cwd: is 5, must be a string',
    'process: cwd: "x" is not an absolute path',
    'resources: pids.limit: is the string "x", must be an integer from -9223372036854775808 to 9223372036854775807',
    'limits.json: pids.limit: -2 is negative; only -1 is, for no limit',
  ]);
  assert.equal(validateResources({ pids: { limit: 0 } }).resources.pids?.limit, 0);
});

test.run();
