/* Runs in the engine (engine-node-api.test.ts): every function of the addon is given what it does not expect. */
const { native } = engine;
let seed = 12345;
const random = (below) => {
  seed = (Math.imul(seed, 1103515245) + 12345) >>> 0;
  return (seed >>> 8) % below;
};
const pick = (list) => list[random(list.length)];

/* Functions that would do something to the machine, or wait: they only get what they must refuse as their first argument. */
const dangerous =
  /^(kill|pidfdSend|execute|spawn|wait|close|raise|umask|chmod|chown|rename|unlink|remove|make|create|write|lock|poll|receive|sleep|listen|attach|detach|load|link|symlink|mount|set|send|connect|move|exchange|truncate|take|become|drop)/;

const bad = [
  () => undefined,
  () => null,
  () => NaN,
  () => 1.5,
  () => Infinity,
  () => 1e308,
  () => Symbol('x'),
  () => ({}),
  () => () => 1,
  () => 10n ** 30n,
  () => 'nul\0inside',
  () => [{}],
  () => new Float64Array(3),
  () => new DataView(new ArrayBuffer(8)),
  () =>
    new Proxy([], {
      get: () => {
        throw new Error('no');
      },
    }),
  () => ({
    get file() {
      throw new Error('no');
    },
    argv: 1,
  }),
  () => Object.assign([1, 2], { length: 3 }),
];
const strange = [
  ...bad,
  () => -1,
  () => 1 << 20,
  () => 2 ** 31,
  () => '',
  () => '/nonexistent/\ud800\udc00\ud800x',
  () => 'ä'.repeat(random(3000)),
  () => 'x'.repeat(509 + random(6)),
  () => 'é'.repeat(250 + random(10)) + '\udfff',
  () => new Uint8Array(random(5000)),
  () => [],
  () => [1, 'x'],
  () => [-1],
  () => true,
  () => [new Proxy({}, {})],
  () => {
    const a = new Uint8Array(16);
    a.buffer.transfer?.();
    return a;
  },
];

let calls = 0;
let refused = 0;
for (let round = 0; round < 400; round++) {
  for (const name of Object.keys(native)) {
    const first = dangerous.test(name) ? pick(bad)() : pick(strange)();
    const rest = Array.from({ length: random(5) }, () => pick(dangerous.test(name) ? bad : strange)());
    calls++;
    try {
      const result = random(10) === 0 ? native[name]() : native[name](first, ...rest);
      if (result instanceof Promise) result.catch(() => undefined);
    } catch (error) {
      if (!(error instanceof Error)) throw error;
      refused++;
    }
  }
}

/* Strings and bytes come back as they went in; halves of surrogate pairs as U+FFFD. */
const keep = (text) => {
  const file = native.sealedBytes(engine.encode(text), 'fuzz');
  const back = native.readText(`/proc/self/fd/${file}`, 1 << 24);
  native.close(file);
  return back;
};
for (let round = 0; round < 300; round++) {
  const units = Array.from({ length: random(40) }, () =>
    pick([65, 0xe4, 0x20ac, 0xd800, 0xdfff, 0xd83d, 0xde00, 0, 0xffff, 0x7f, 0x80]),
  );
  const text = String.fromCharCode(...units);
  if (keep(text) !== text.toWellFormed()) throw new Error(`not the same: ${units}`);
}
for (const size of [0, 1, 511, 512, 513, 2047, 2048, 2049, 100000]) {
  for (const letter of ['a', 'ä', '\u20ac', '\u{1f600}']) {
    const text = letter.repeat(size);
    if (keep(text) !== text) throw new Error(`not the same: ${size} ${letter}`);
  }
}
engine.collect();
if (refused < calls / 2) throw new Error(`only ${refused} of ${calls} calls were refused`);
engine.complain(`fuzzed ${calls} calls, ${refused} refused\n`);
engine.main(() => undefined);
engine.exit(0);
