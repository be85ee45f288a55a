import { strict as assert } from 'node:assert';
import fc from 'fast-check';
import { test } from 'uvu';
import {
  MAXIMUM_BYTES,
  MAXIMUM_DEPTH,
  parseAgain,
  parseJson,
} from '../../../../src/bundle/json/parse-json.ts';
import { parseStrictly } from '../../../../src/bundle/json/parse-json-strictly.ts';
import { stringifyJson } from '../../../../src/bundle/json/stringify-json.ts';
import { Failure } from '../../../../src/failure.ts';

/** What was thrown, as a person reads it. */
function refusal(input: string | Uint8Array): string {
  try {
    parseJson(input, 'config.json');
  } catch (error) {
    assert.ok(error instanceof Failure);
    assert.equal((error as Failure).code, 'invalid');
    const { message, hint } = error as Failure;
    return hint === undefined ? message : `${message} | ${hint}`;
  }
  throw new Error(`parsed: ${String(input).slice(0, 80)}`);
}

const REFUSED: readonly { readonly name: string; readonly text: string; readonly says: readonly string[] }[] =
  [
    { name: 'nothing', text: '', says: ['config.json is empty'] },
    { name: 'only space', text: ' \n\t ', says: ['config.json is empty'] },
    { name: 'a comma too many', text: '{"a": 1,\n}', says: ['line 2, column 1', '`}`', 'Remove the comma'] },
    { name: 'a comma too many in an array', text: '[1,]', says: ['line 1, column 4', 'Remove the comma'] },
    {
      name: 'a comma missing',
      text: '{"a": 1\n "b": 2}',
      says: ['line 2, column 2', '`"b": 2}`', 'comma missing'],
    },
    { name: 'a colon missing', text: '{"a" 1}', says: ['line 1, column 6', '":" after the key "a"'] },
    { name: 'a key without quotes', text: '{a: 1}', says: ['column 2', 'key in double quotes', '`a: 1}`'] },
    { name: 'single quotes', text: "{'a': 1}", says: ['double quotes'] },
    { name: 'a value in single quotes', text: '{"a": \'x\'}', says: ['column 7', 'double quotes'] },
    { name: 'a comment', text: '// hi\n{}', says: ['line 1, column 1', 'no comments'] },
    { name: 'a comment inside', text: '{"a": 1, /* x */ "b": 2}', says: ['column 10', 'no comments'] },
    { name: 'an octal number', text: '{"mode": 0777}', says: ['column 10', 'write 511'] },
    { name: 'a hexadecimal number', text: '{"a": 0x1F}', says: ['write 31'] },
    { name: 'a plus sign', text: '{"a": +1}', says: ['digit or a minus sign'] },
    { name: 'a bare word', text: '{"a": yes}', says: ['column 7', '`yes}`', 'double quotes'] },
    { name: "Python's True", text: '{"a": True}', says: ['JSON writes it true'] },
    { name: 'NaN', text: '[NaN]', says: ['column 2', 'expected a value'] },
    {
      name: 'an object that never ends',
      text: '{"a":\n {"b": 1',
      says: ['the document ends', 'line 2, column 2 is never closed'],
    },
    { name: 'an array that never ends', text: '[1, 2', says: ['"[" of line 1, column 1 is never closed'] },
    { name: 'a string that never ends', text: '{"a": "x', says: ['column 7', 'never ends'] },
    { name: 'a line break in a string', text: '{"a": "x\ny"}', says: ['line 1, column 9', 'end of a line'] },
    {
      name: 'a control character in a string',
      text: '{"a": "x\u0001y"}',
      says: ['control character', '\\u0001'],
    },
    { name: 'an unknown escape', text: '{"a": "\\q"}', says: ['column 8', 'escape'] },
    { name: 'a short unicode escape', text: '{"a": "\\u12"}', says: ['column 8', 'escape'] },
    { name: 'text after the end', text: '{} x', says: ['column 4', 'end of the document', '`x`'] },
    { name: 'a second document', text: '{}\n{}', says: ['line 2, column 1', 'end of the document'] },
    { name: 'a byte order mark', text: '\ufeff{}', says: ['byte order mark'] },
    { name: 'a NUL in a string', text: '{"a": "x\\u0000y"}', says: ['column 7', 'NUL'] },
    { name: 'a NUL in a key', text: '{"\\u0000": 1}', says: ['column 2', 'NUL'] },
    { name: 'half a surrogate pair', text: '["\\ud83d"]', says: ['column 2', 'surrogate'] },
    {
      name: 'a key twice',
      text: '{"a": 1,\n "b": 2,\n "a": 3}',
      says: ['line 3, column 2', '"a" is given twice', 'line 1, column 2'],
    },
    {
      name: 'a key twice, once escaped',
      text: '{"a": 1, "\\u0061": 2}',
      says: ['column 10', '"a" is given twice', 'column 2'],
    },
    {
      name: 'a key twice, deep inside',
      text: '{"x": [{"y": {"a": 1, "a": 2}}]}',
      says: ['column 23', 'given twice'],
    },
    {
      name: 'a key twice, beside a string with a colon',
      text: '{"a": "::1", "b": 1, "b": 2}',
      says: ['"b" is given twice'],
    },
    {
      name: 'a key twice, with space before a colon',
      text: '{"a" : 1, "a" : 2}',
      says: ['"a" is given twice'],
    },
    {
      name: 'a key twice, that a count of colons alone would not find',
      text: '{"a" : 1, "a" : 2, "b": ":x"}',
      says: ['"a" is given twice'],
    },
    { name: '__proto__ twice', text: '{"__proto__": 1, "__proto__": 2}', says: ['given twice'] },
  ];

for (const { name, text, says } of REFUSED) {
  test(`parseJson() refuses ${name}, and says where and what`, () => {
    const message = refusal(text);
    for (const piece of says)
      assert.ok(message.includes(piece), `${JSON.stringify(piece)} is not in: ${message}`);
    assert.equal(
      refusal(new TextEncoder().encode(text)).includes(says.at(-1) ?? ''),
      true,
      'the same for bytes',
    );
  });
}

test('parseJson() shows no more than a piece of a long line', () => {
  const message = refusal(`{"a": "${'x'.repeat(10_000)}" "b": "${'y'.repeat(10_000)}"}`);
  assert.ok(message.length < 250, message);
});

test('parseJson() refuses bytes that are not UTF-8, with their place', () => {
  const bytes = Uint8Array.from([...new TextEncoder().encode('{\n "ä": "'), 0xc3, 0x28, 0x22, 0x7d]);
  assert.match(refusal(bytes), /line 2, byte 9: not UTF-8 \(byte 0xc3\)/);
  assert.match(refusal(Uint8Array.from([0x22, 0xe2, 0x82])), /line 1, byte \d: not UTF-8/);
});

test('parseJson() explains a byte order mark and UTF-16', () => {
  assert.match(refusal(Uint8Array.from([0xef, 0xbb, 0xbf, 0x7b, 0x7d])), /byte order mark \(EF BB BF\)/);
  assert.match(refusal(Uint8Array.from([0xff, 0xfe, 0x7b, 0])), /UTF-16/);
});

test('parseJson() refuses a document that is too long or too deep, and takes one at the limit', () => {
  assert.match(refusal(new Uint8Array(MAXIMUM_BYTES + 1)), /longer than 16 MiB/);
  assert.match(refusal(' '.repeat(MAXIMUM_BYTES + 1)), /longer than 16 MiB/);
  const nested = (depth: number): string => `${'['.repeat(depth)}1${']'.repeat(depth)}`;
  assert.equal(JSON.stringify(parseJson(nested(MAXIMUM_DEPTH), 'x')), nested(MAXIMUM_DEPTH));
  assert.match(refusal(nested(MAXIMUM_DEPTH + 1)), /column 65: nested deeper than 64 levels/);
  assert.match(refusal('[{"a":'.repeat(1_000_000)), /nested deeper/);
  assert.match(refusal('['.repeat(500_000)), /nested deeper/);
});

test('parseJson() keeps every integer exact', () => {
  const text =
    '[18446744073709551615, -9223372036854775808, 9007199254740993, 999999999999999999, 9007199254740991]';
  const expected = [
    18446744073709551615n,
    -9223372036854775808n,
    9007199254740993n,
    999999999999999999n,
    9007199254740991,
  ];
  assert.deepEqual(parseJson(text, 'x'), expected);
  assert.deepEqual(parseJson('{"a":{"soft":18446744073709551615,"b":"x:18446744073709551615,"}}', 'x'), {
    a: { soft: 18446744073709551615n, b: 'x:18446744073709551615,' },
  });
  assert.equal(parseJson('18446744073709551615', 'x'), 18446744073709551615n);
  // What was written with an exponent or a fraction is no integer of the specification's.
  assert.deepEqual(parseJson('[1e20, 1.5, 1e400]', 'x'), [1e20, 1.5, Number.POSITIVE_INFINITY]);
});

test('parseJson() lets no key reach a prototype', () => {
  for (const text of [
    '{"__proto__": {"polluted": true}, "a": 1}',
    '{"a": {"__proto__" : {"polluted": true}}}',
  ]) {
    const value = parseJson(text, 'x') as Record<string, unknown>;
    assert.equal((value as { polluted?: boolean }).polluted, undefined);
    assert.equal(Object.getPrototypeOf(value), Object.prototype);
    assert.equal((Object.assign({}, value) as { polluted?: boolean }).polluted, undefined);
    assert.doesNotMatch(JSON.stringify(value), /polluted/);
  }
  const own = parseJson('{"constructor": {"prototype": {"polluted": 1}}, "toString": "x"}', 'x') as object;
  assert.deepEqual(Object.keys(own), ['constructor', 'toString']);
  assert.equal(({} as { polluted?: boolean }).polluted, undefined);
});

/** JSON documents as people and engines write them, without what parseJson refuses by design. */
const text = fc.string({ unit: 'grapheme' }).filter((string) => !string.includes('\0'));
const document = fc.letrec((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', maxDepth: 8 },
    fc.constantFrom(
      null,
      true,
      false,
      '::1',
      '":',
      ' :',
      'a\\',
      '18446744073709551615',
      ':9007199254740993,',
    ),
    text,
    fc.integer(),
    fc
      .bigInt({ min: -(2n ** 64n), max: 2n ** 64n })
      .map((big) => (Number.isSafeInteger(Number(big)) ? Number(big) : big)),
    fc
      .double({ noNaN: true, noDefaultInfinity: true })
      .filter(
        (number) => !Object.is(number, -0) && !(Number.isInteger(number) && !Number.isSafeInteger(number)),
      ),
    fc.array(tie('value'), { maxLength: 5 }),
    fc.dictionary(
      text.filter((key) => key !== '__proto__'),
      tie('value'),
      { maxKeys: 5, noNullPrototype: true },
    ),
  ),
})).value;

test('parseJson() gives back what stringifyJson() wrote, whatever the indentation', () => {
  fc.assert(
    fc.property(document, fc.constantFrom(undefined, 1, 4), (value, indent) => {
      assert.deepEqual(parseJson(stringifyJson(value, indent), 'x'), value);
    }),
    { numRuns: 500 },
  );
});

/** The value, or what was refused. */
function outcome(parse: () => unknown): unknown {
  try {
    return { value: parse() };
  } catch (error) {
    return { refused: (error as Error).message };
  }
}

test('parseJson() and the strict parser never disagree, and both agree with JSON.parse where nothing is refused', () => {
  const broken = fc
    .tuple(
      document,
      fc.nat(),
      fc.constantFrom('', '"', ':', ',', '}', '\\', '\n', ' :', '1', '\u0000', '\ud800', '"a":1,'),
    )
    .map(([value, at, piece]) => {
      const whole = stringifyJson(value, 1);
      const place = at % (whole.length + 1);
      return whole.slice(0, place) + piece + whole.slice(place + (at % 2));
    });
  fc.assert(
    fc.property(broken, (json) => {
      const quick = outcome(() => parseJson(json, 'x'));
      assert.deepEqual(
        quick,
        outcome(() => parseStrictly(json, 'x', MAXIMUM_DEPTH)),
      );
      if (typeof quick === 'object' && quick !== null && 'value' in quick) JSON.parse(json);
    }),
    { numRuns: 2000 },
  );
});

test('stringifyJson() writes bigints as integers and all else as JSON.stringify does', () => {
  assert.equal(
    stringifyJson({ a: 18446744073709551615n, b: ['bigint:5'] }),
    '{"a":18446744073709551615,"b":["bigint:5"]}',
  );
  assert.equal(stringifyJson({ a: [1] }, 2), JSON.stringify({ a: [1] }, null, 2));
  const circle: unknown[] = [];
  circle.push(circle);
  assert.throws(() => stringifyJson(circle), TypeError);
});

const bytesOf = (text: string) => new TextEncoder().encode(text);

test('parseAgain() reads what parseJson() takes as that does', () => {
  const special = [
    '{"soft": 18446744073709551615, "hard": 9007199254740993}',
    '{"__proto__": {"polluted": true}, "a": 1}',
    '{"\\u005f_proto__": {"polluted": true}, "a": [{"__pr\\u006fto__": 1}]}',
  ];
  for (const text of special) {
    assert.deepEqual(parseAgain(bytesOf(text), 'x'), parseJson(text, 'x'));
    // Positive control: JSON.parse would not do.
    assert.notEqual(stringifyJson(JSON.parse(text)), stringifyJson(parseJson(text, 'x')));
  }
  fc.assert(
    fc.property(document, fc.constantFrom(undefined, 1), (value, indent) => {
      assert.deepEqual(parseAgain(bytesOf(stringifyJson(value, indent)), 'x'), value);
    }),
    { numRuns: 500 },
  );
  assert.equal(refusal('{"a": 1,}'), messageOfAgain('{"a": 1,}'));
});

function messageOfAgain(text: string): string {
  try {
    parseAgain(bytesOf(text), 'config.json');
  } catch (error) {
    const { message, hint } = error as Failure;
    return hint === undefined ? message : `${message} | ${hint}`;
  }
  return 'parsed';
}

test.run();
