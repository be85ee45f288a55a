import { strict as assert } from 'node:assert';
import { constants } from 'node:os';
import * as fc from 'fast-check';
import { suite } from 'uvu';
import { Failure } from '../../../src/failure.ts';
import { signalNumber } from '../../../src/host/signal-number.ts';
import { signalNames } from '../../../src/host/signals.ts';

const test = suite('signal');

test('signalNumber() knows every signal of this machine, with and without SIG, in any case', () => {
  const known = Object.entries(constants.signals).filter(([name]) => name !== 'SIGUNUSED');
  assert.ok(known.length >= 31);
  for (const [name, number] of known) {
    for (const spelling of [name, name.slice(3), name.toLowerCase(), name.slice(3).toLowerCase()]) {
      assert.equal(signalNumber(spelling), number, spelling);
    }
  }
  assert.equal(signalNames.length, 31);
});

test('signalNumber() takes numbers and real-time signals', () => {
  for (const [given, number] of [
    ['0', 0],
    ['9', 9],
    ['64', 64],
    ['RTMIN', 34],
    ['SIGRTMIN+3', 37],
    ['rtmax-14', 50],
    ['RTMAX', 64],
  ] as const) {
    assert.equal(signalNumber(given), number, given);
  }
});

test('signalNumber() refuses anything else', () => {
  const odd = [
    '',
    '65',
    '-9',
    '+9',
    '9.0',
    '0x9',
    'SIG',
    'SIGSIGTERM',
    'BOGUS',
    'RTMIN-1',
    'RTMAX+1',
    'RTMIN+31',
    'constructor',
    ' 9',
    '1e1',
  ];
  for (const given of odd) {
    assert.throws(
      () => signalNumber(given),
      (error: unknown) => error instanceof Failure && error.code === 'invalid',
      given,
    );
  }
  fc.assert(
    fc.property(fc.string(), (given) => {
      try {
        const number = signalNumber(given);
        return Number.isInteger(number) && number >= 0 && number <= 64;
      } catch (error) {
        return error instanceof Failure && error.message === `unknown signal "${given}"`;
      }
    }),
  );
});

test.run();
