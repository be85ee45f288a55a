/**
 * The vocabulary of a plan, written once. From this table come: the TypeScript type of every operation, the encoder,
 * the C header and decoder of the stub (scripts/generate-wire.ts), the fingerprint that both sides compare, what
 * `tsoci plan` shows, and what is said of an operation that failed.
 *
 * A slot is a small number that names a descriptor inside the stub: an operation `fills` it, later ones read it, and
 * with its last reader it is closed (slot-life.ts). The first slots of a plan are the descriptors that the stub
 * inherits. `NO_SLOT` means none.
 */
import { confinementOperations } from './operations/confinement.ts';
import { descriptorsOperations } from './operations/descriptors.ts';
import { handOverOperations } from './operations/hand-over.ts';
import { identityOperations } from './operations/identity.ts';
import { liveMountsOperations } from './operations/live-mounts.ts';
import { namespacesOperations } from './operations/namespaces.ts';
import { rootfsOperations } from './operations/rootfs.ts';
import type { FieldType, OperationRow } from './operations/row.ts';
import type { Phase } from './phases.ts';

export type { FieldType, OperationRow } from './operations/row.ts';
export { type Phase, phases, type Question, questions } from './phases.ts';

export const NO_SLOT = 0xffff_ffff;

interface FieldValues {
  bool: boolean;
  u32: number;
  i32: number;
  u64: bigint;
  string: string;
  strings: readonly string[];
  words: readonly number[];
  bytes: Uint8Array;
  slot: number;
  fills: number;
}

/** In the order of the numbers on the wire. */
export const operations = {
  ...descriptorsOperations,
  ...namespacesOperations,
  ...rootfsOperations,
  ...confinementOperations,
  ...identityOperations,
  ...handOverOperations,
  ...liveMountsOperations,
} as const satisfies Record<string, OperationRow>;

export type OperationKind = keyof typeof operations;

type Row<K extends OperationKind> = (typeof operations)[K]['fields'];

/** How a field travels, whatever it means. */
type WireType<F> = F extends `${infer T extends FieldType} as ${string}`
  ? T
  : F extends FieldType
    ? F
    : never;

/** The fields of one kind of operation, typed from its row. */
export type OperationFields<K extends OperationKind> = {
  readonly [F in keyof Row<K>]: FieldValues[WireType<Row<K>[F]>];
};

/** One operation of a plan. */
export type Operation<K extends OperationKind = OperationKind> = {
  [Kind in K]: {
    readonly kind: Kind;
    readonly phase: Phase;
    /** JSON pointer into config.json of what asked for it; empty when the specification itself does. */
    readonly from: string;
    /** Slots whose last reader this is: they are closed with it. */
    readonly ends?: readonly number[];
  } & OperationFields<Kind>;
}[K];

export const operationKinds = Object.keys(operations) as readonly OperationKind[];

/** How the fields of each kind travel, in their order. */
export const wireFields = Object.fromEntries(
  Object.entries(operations).map(([kind, { fields }]) => [
    kind,
    Object.fromEntries(
      Object.entries(fields).map(([name, field]) => [name, field.split(' ')[0] as FieldType]),
    ),
  ]),
) as Readonly<Record<OperationKind, Readonly<Record<string, FieldType>>>>;
