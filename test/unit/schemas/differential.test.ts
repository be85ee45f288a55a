import { strict as assert } from 'node:assert';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { test } from 'uvu';
import { generateAccept } from '../../../scripts/schemas/accept.ts';
import { loadSchemas } from '../../../scripts/schemas/load.ts';
import { validateConfig, validateFeatures, validateState } from '../../../src/bundle/generated/explain.ts';
import { parseJson } from '../../../src/bundle/json/parse-json.ts';
import { stringifyJson } from '../../../src/bundle/json/stringify-json.ts';
import { type Kind, type Sample, samples } from './corpus.ts';
import { fullConfig, fullFeatures, fullState, otherPlatforms } from './documents.ts';
import { loadReference } from './reference.ts';

type Document = 'Config' | 'State' | 'Features';

const OURS: Readonly<Record<Document, (value: unknown) => boolean>> = {
  Config: validateConfig,
  State: validateState,
  Features: validateFeatures,
};

/** A disagreement with the published schemas that is meant, and why. */
interface Difference {
  /** Matches the document's kind and the place, such as `Config/root/path`. */
  readonly place: RegExp;
  readonly kinds: readonly Kind[];
  /** Our verdict; theirs is the other one. */
  readonly ours: boolean;
  readonly why: string;
}

const ABSENT: readonly Kind[] = ['missing', 'spelling'];

const DIFFERENCES: readonly Difference[] = [
  {
    place: /^Config\/linux\/resources\/pids\/limit$/,
    kinds: ABSENT,
    ours: true,
    why: 'config-linux.md 1.3, "PIDs": limit is OPTIONAL',
  },
  {
    place: /^Config\/process\/ioPriority\/priority$/,
    kinds: [...ABSENT, 'range'],
    ours: false,
    why: 'config.md, ioPriority: priority is REQUIRED, from 0 to 7',
  },
  {
    place: /^Config\/linux\/resources\/blockIO\/throttle\w+\/\*\/rate$/,
    kinds: ABSENT,
    ours: false,
    why: 'config-linux.md, "Block IO": rate is REQUIRED',
  },
  {
    place: /^Config\/linux\/(memoryPolicy\/mode|personality\/domain)$/,
    kinds: ABSENT,
    ours: false,
    why: 'config-linux.md: mode and domain are REQUIRED',
  },
  {
    place: /^Config\/freebsd\/devices\/\*\/path$/,
    kinds: ABSENT,
    ours: false,
    why: 'config-freebsd.md: path is REQUIRED',
  },
  {
    place: /^Config\/linux\/resources\/devices\/\*\/type$/,
    kinds: ['enum'],
    ours: false,
    why: 'config-linux.md, "Allowed Device list": type is a, b or c',
  },
  {
    place: /^Config\/linux\/resources\/devices\/\*\/access$/,
    kinds: ['enum'],
    ours: false,
    why: 'config-linux.md, "Allowed Device list": access is made of r, w and m',
  },
  {
    place: /^Config\/linux\/intelRdt\/schemata\/\*$/,
    kinds: ['enum'],
    ours: false,
    why: 'config-linux.md, "IntelRdt": a schemata line MUST NOT contain newlines',
  },
  {
    place: /^Config\/linux\/resources\/memory\/swappiness$/,
    kinds: ['range'],
    ours: false,
    why: 'config-linux.md, "Memory": swappiness is from 0 to 100',
  },
  {
    place: /^Config\/linux\/resources\/cpu\/idle$/,
    kinds: ['range'],
    ours: false,
    why: 'config-linux.md, "CPU": idle is 0 or 1',
  },
  {
    place: /^Config\/linux\/(devices|resources\/(devices|blockIO\/\w+))\/\*\/(major|minor)$/,
    kinds: ['range'],
    ours: false,
    why: 'the kernel has 12 bits of major and 20 bits of minor number; -1 stands for all in device rules only',
  },
  {
    place: /^Config\/(linux\/devices\/\*\/fileMode|freebsd\/devices\/\*\/mode)$/,
    kinds: ['range'],
    ours: true,
    why: 'config-linux.md, config-freebsd.md: uint32; engines write file type bits and the sticky bit as well',
  },
  {
    place: /^Config\/process\/consoleSize\/(height|width)$/,
    kinds: ['range'],
    ours: false,
    why: 'config.md: uint, of which 32 bits are more than any terminal has',
  },
  {
    place: /^Config\/process\/oomScoreAdj$/,
    kinds: ['range'],
    ours: false,
    why: 'config.md: int; beyond 32 bits no value is a score (-1000 to 1000)',
  },
  {
    place: /^(Config\/hooks\/\w+\/\*\/timeout|State\/pid)$/,
    kinds: ['range'],
    ours: false,
    why: 'beyond 2^53 no number of seconds, or of a process, is meant',
  },
  {
    place: /^Config\/freebsd\/jail\/enforceStatfs$/,
    kinds: ['range'],
    ours: false,
    why: 'config-freebsd.md: enforceStatfs is 0, 1 or 2',
  },
  {
    place: /\/(annotations|unified|sysctl|netDevices|rdma)\/[\w.]+$/,
    kinds: ['spelling'],
    ours: false,
    why: 'config.md, "Annotations": keys MUST NOT be empty; no file, parameter or device has an empty name either',
  },
  {
    place: /^State\/status$/,
    kinds: ['enum'],
    ours: true,
    why: 'runtime.md, "State": the runtime MAY define additional values',
  },
  {
    place: /^Features\/(?!ociVersion)/,
    kinds: ['type'],
    ours: true,
    why: 'features.md: everything but the two versions MAY be null',
  },
  {
    place: /^Features\/linux\/(memoryPolicy|intelRdt\/(schemata|monitoring))/,
    kinds: ['type', 'enum'],
    ours: false,
    why: 'features-linux.md has memoryPolicy, schemata and monitoring, of which the published schema knows nothing',
  },
];

/** Verdicts on one text; the published schemas get what JSON.parse makes of it. */
function verdicts(
  kind: Document,
  text: string,
  theirs: (value: unknown) => boolean,
): readonly [boolean, boolean] {
  return [OURS[kind](parseJson(text, kind)), theirs(JSON.parse(text))];
}

const CORPUS: readonly (readonly [Document, object])[] = [
  ['Config', fullConfig],
  ['Config', otherPlatforms],
  ['State', fullState],
  ['Features', fullFeatures],
];

const FOREIGN = ['windows', 'solaris', 'vm', 'zos', 'freebsd'];

/** The generator of the validator of records, which only says yes or no, tried on the largest schema. */
async function generatedAccept(): Promise<(value: unknown) => boolean> {
  const directory = mkdtempSync(join(tmpdir(), 'tsoci-accept-'));
  try {
    const path = join(directory, 'accept.ts');
    writeFileSync(
      path,
      generateAccept(loadSchemas(resolve(import.meta.dirname, '../../../schemas')), ['Config']),
    );
    return ((await import(path)) as { acceptConfig(value: unknown): boolean }).acceptConfig;
  } finally {
    rmSync(directory, { recursive: true });
  }
}

/** It has to agree with the explaining one, except where it leaves a document to that one. */
function checkAccept(sample: Sample, accepted: boolean, ours: boolean): void {
  const foreign = FOREIGN.some((name) => name in (sample.document as object));
  assert.equal(accepted, foreign ? false : ours, `acceptConfig, ${sample.place} ${sample.change}`);
}

test('what generateAccept() makes says what validateConfig() says, on the whole corpus', async () => {
  const acceptConfig = await generatedAccept();
  let count = 0;
  for (const document of [fullConfig, otherPlatforms]) {
    for (const sample of samples(document)) {
      const value = parseJson(stringifyJson(sample.document), 'config.json');
      checkAccept(sample, acceptConfig(value), validateConfig(value));
      count += 1;
    }
  }
  assert.ok(count > 5000, `only ${count} samples`);
});

const reference = loadReference();
const compare = reference === undefined ? test.skip : test;
if (reference === undefined)
  console.log('skipped: the published schemas are not beside this repository (../shared/oci-spec)');

compare('schemas: same verdicts as the published ones, or a listed difference', () => {
  if (reference === undefined) return;
  const used = new Set<Difference>();
  const unexplained: string[] = [];
  const agreed = { valid: 0, invalid: 0 };
  for (const [kind, document] of CORPUS) {
    for (const sample of samples(document)) {
      const [ours, theirs] = verdicts(kind, stringifyJson(sample.document), reference[kind]);
      if (ours === theirs) {
        agreed[ours ? 'valid' : 'invalid'] += 1;
        continue;
      }
      const difference = DIFFERENCES.find(
        (each) =>
          each.place.test(kind + sample.place) && each.kinds.includes(sample.kind) && each.ours === ours,
      );
      if (difference === undefined) unexplained.push(`${kind}${sample.place} ${sample.change}: ours ${ours}`);
      else used.add(difference);
    }
  }
  assert.deepEqual(unexplained, []);
  assert.deepEqual(
    DIFFERENCES.filter((each) => !used.has(each)).map(({ place }) => String(place)),
    [],
    'differences that do not exist',
  );
  // The corpus says something only while both verdicts are common in it.
  assert.ok(agreed.valid > 500 && agreed.invalid > 3000, JSON.stringify(agreed));
});

/** Where the two schemas want different things of one property, so that no document suits both. */
const OPPOSITE = [
  {
    name: 'windows.resources.cpu.affinity is an array of objects (config-windows.md); the published schema has one object',
    windows: { layerFolders: ['C:\\a'], resources: { cpu: { affinity: [{ mask: 1, group: 0 }] } } },
    ours: true,
  },
  {
    name: 'the same as one object',
    windows: { layerFolders: ['C:\\a'], resources: { cpu: { affinity: { mask: 1, group: 0 } } } },
    ours: false,
  },
];

for (const { name, windows, ours } of OPPOSITE) {
  compare(`schemas: ${name}`, () => {
    if (reference === undefined) return;
    const text = JSON.stringify({ ociVersion: '1.0.0', windows });
    assert.deepEqual(verdicts('Config', text, reference.Config), [ours, !ours]);
  });
}

test('validateConfig() knows vm.hwConfig by its other spelling too', () => {
  const withIrqs = (irqs: unknown) => ({
    ociVersion: '1.0.0',
    vm: { kernel: { path: '/k' }, hwconfig: { irqs } },
  });
  assert.equal(validateConfig(withIrqs([1])), true);
  assert.equal(validateConfig(withIrqs('1')), false);
});

test('validateConfig() takes the recursive spellings of rootfsPropagation, which engines write', () => {
  for (const rootfsPropagation of ['rprivate', 'rshared', 'rslave', 'runbindable']) {
    assert.equal(
      validateConfig({ ociVersion: '1.0.0', linux: { rootfsPropagation } }),
      true,
      rootfsPropagation,
    );
  }
});

compare('schemas: the published examples are judged as their folder says', () => {
  if (reference === undefined) return;
  let count = 0;
  for (const [name, text] of reference.examples) {
    const [folder, quality] = name.split('/');
    const kind = ({ config: 'Config', state: 'State', features: 'Features' } as const)[folder as 'config'];
    let ours: boolean;
    try {
      ours = OURS[kind](parseJson(text, name));
    } catch {
      ours = false;
    }
    assert.equal(ours, quality === 'good', name);
    count += 1;
  }
  assert.ok(count >= 15, `only ${count} examples`);
});

test.run();
