/**
 * A classic-BPF machine as seccomp(2) restricts it, so that filters are judged by what they answer, not by their
 * bytes.
 */

/** struct seccomp_data, for one call. */
export interface Call {
  /** AUDIT_ARCH_* */
  readonly arch: number;
  readonly number: number;
  readonly args?: readonly (number | bigint)[];
}

const instructionSize = 8;
const littleEndian = new Uint8Array(new Uint32Array([1]).buffer)[0] === 1;

/** seccomp_data's 64 bytes, in this machine's byte order. */
function encode(call: Call): DataView {
  const view = new DataView(new ArrayBuffer(64));
  view.setUint32(0, call.number >>> 0, littleEndian);
  view.setUint32(4, call.arch >>> 0, littleEndian);
  for (const [index, value] of (call.args ?? []).entries()) {
    view.setBigUint64(16 + 8 * index, BigInt(value), littleEndian);
  }
  return view;
}

/**
 * Runs `program` on one call and gives SECCOMP_RET_* with its data, an unsigned 32-bit number. Throws for anything
 * the kernel would refuse.
 */
export function evaluate(program: Uint8Array, call: Call): number {
  if (program.length === 0 || program.length % instructionSize !== 0) throw new Error('not a BPF program');
  const view = new DataView(program.buffer, program.byteOffset, program.byteLength);
  const data = encode(call);
  let accumulator = 0;
  for (let counter = 0; counter < program.length / instructionSize; ) {
    const at = counter * instructionSize;
    const code = view.getUint16(at, littleEndian);
    const [onTrue, onFalse] = [view.getUint8(at + 2), view.getUint8(at + 3)];
    const k = view.getUint32(at + 4, littleEndian);
    counter += 1;
    const branch = (condition: boolean): void => {
      counter += condition ? onTrue : onFalse;
    };
    switch (code) {
      case 0x20: // ld [k]
        if (k % 4 !== 0 || k > 60) throw new Error(`load of offset ${k}`);
        accumulator = data.getUint32(k, littleEndian);
        break;
      case 0x54: // and #k
        accumulator = (accumulator & k) >>> 0;
        break;
      case 0x05: // ja
        counter += k;
        break;
      case 0x15: // jeq
        branch(accumulator === k);
        break;
      case 0x25: // jgt
        branch(accumulator > k);
        break;
      case 0x35: // jge
        branch(accumulator >= k);
        break;
      case 0x45: // jset
        branch((accumulator & k) !== 0);
        break;
      case 0x06: // ret #k
        return k;
      default:
        throw new Error(`instruction ${counter - 1}: unexpected code 0x${code.toString(16)}`);
    }
  }
  throw new Error('ran off the end of the program');
}

/** A program from readable instructions, for testing the machine itself. */
export function assemble(
  ...instructions: readonly (readonly [code: number, onTrue: number, onFalse: number, k: number])[]
): Uint8Array {
  const program = new Uint8Array(instructions.length * instructionSize);
  const view = new DataView(program.buffer);
  for (const [index, [code, onTrue, onFalse, k]] of instructions.entries()) {
    view.setUint16(index * instructionSize, code, littleEndian);
    view.setUint8(index * instructionSize + 2, onTrue);
    view.setUint8(index * instructionSize + 3, onFalse);
    view.setUint32(index * instructionSize + 4, k >>> 0, littleEndian);
  }
  return program;
}
