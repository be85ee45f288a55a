/** As much of the ELF format as it takes to give an executable one more segment (elf(5)). 64 bits, little-endian. */

const loadSegment = 1;
const dynamicSegment = 2;
const noteSegment = 4;

export interface Segment {
  readonly type: number;
  readonly flags: number;
  readonly offset: number;
  readonly address: number;
  readonly fileSize: number;
  readonly memorySize: number;
  /** Where this segment's header is in the file. */
  readonly at: number;
}

const machines: Readonly<
  Record<number, { readonly name: string; readonly jumpSlot: number; readonly page: number }>
> = {
  62: { name: 'x86-64', jumpSlot: 7, page: 0x1000 },
  // Kernels for it exist with pages of 4, 16 and 64 KiB.
  183: { name: 'aarch64', jumpSlot: 1026, page: 0x10000 },
};

/** An executable in memory. Every accessor throws when the file is not what it expects. */
export class Elf {
  readonly bytes: Buffer;
  readonly segments: readonly Segment[];
  readonly machine: { readonly name: string; readonly jumpSlot: number; readonly page: number };

  constructor(bytes: Buffer) {
    this.bytes = bytes;
    if (bytes.readUInt32BE(0) !== 0x7f454c46 || bytes[4] !== 2 || bytes[5] !== 1)
      throw new Error('not a 64-bit little-endian ELF file');
    const machine = machines[bytes.readUInt16LE(18)];
    if (machine === undefined) throw new Error(`machine ${bytes.readUInt16LE(18)} is not known`);
    this.machine = machine;
    const table = Number(bytes.readBigUInt64LE(32));
    this.segments = Array.from({ length: bytes.readUInt16LE(56) }, (_, index) =>
      this.readSegment(table + 56 * index),
    );
  }

  get entry(): number {
    return this.number(24);
  }

  /** Address of the slot through which the executable calls a function of a library. */
  slotOf(name: string): number {
    const tables = this.dynamicTables();
    const relocations = this.offsetOf(tables.get(23) ?? 0);
    const size = tables.get(2) ?? 0;
    const symbols = this.offsetOf(tables.get(6) ?? 0);
    const strings = this.offsetOf(tables.get(5) ?? 0);
    for (let at = relocations; at < relocations + size; at += 24) {
      if (this.bytes.readUInt32LE(at + 8) !== this.machine.jumpSlot) continue;
      const symbol = symbols + 24 * this.bytes.readUInt32LE(at + 12);
      const text = strings + this.bytes.readUInt32LE(symbol);
      if (this.bytes.toString('latin1', text, this.bytes.indexOf(0, text)) === name) return this.number(at);
    }
    throw new Error(`the executable does not call ${name}`);
  }

  /** The first address behind everything that is loaded, at the beginning of a page. */
  freeAddress(): number {
    const ends = this.segments.map(({ type, address, memorySize }) =>
      type === loadSegment ? address + memorySize : 0,
    );
    return this.align(Math.max(...ends));
  }

  /**
   * The same executable with `code` at `address` (from `freeAddress`), beginning there. The header of the notes, which
   * nothing needs to run, becomes the header of the new segment.
   */
  withEntry(code: Buffer, address: number): Buffer {
    const note = this.segments.find(({ type }) => type === noteSegment);
    if (note === undefined) throw new Error('no segment header to spare');
    const offset = this.align(this.bytes.length);
    const result = Buffer.alloc(offset + code.length);
    this.bytes.copy(result);
    code.copy(result, offset);
    result.writeUInt32LE(loadSegment, note.at);
    result.writeUInt32LE(readable | executable, note.at + 4);
    const fields = [offset, address, address, code.length, code.length, this.machine.page];
    for (const [index, field] of fields.entries())
      result.writeBigUInt64LE(BigInt(field), note.at + 8 + 8 * index);
    result.writeBigUInt64LE(BigInt(address), 24);
    return result;
  }

  private dynamicTables(): Map<number, number> {
    const dynamic = this.segments.find(({ type }) => type === dynamicSegment);
    if (dynamic === undefined) throw new Error('not a dynamic executable');
    const found = new Map<number, number>();
    for (let at = dynamic.offset; at < dynamic.offset + dynamic.fileSize; at += 16)
      found.set(this.number(at), this.number(at + 8));
    return found;
  }

  private offsetOf(address: number): number {
    for (const segment of this.segments)
      if (
        segment.type === loadSegment &&
        address >= segment.address &&
        address < segment.address + segment.fileSize
      )
        return address - segment.address + segment.offset;
    throw new Error(`address ${address} is not in the file`);
  }

  private align(position: number): number {
    const { page } = this.machine;
    return Math.ceil(position / page) * page;
  }

  private number(at: number): number {
    return Number(this.bytes.readBigUInt64LE(at));
  }

  private readSegment(at: number): Segment {
    return {
      type: this.bytes.readUInt32LE(at),
      flags: this.bytes.readUInt32LE(at + 4),
      offset: this.number(at + 8),
      address: this.number(at + 16),
      fileSize: this.number(at + 32),
      memorySize: this.number(at + 40),
      at,
    };
  }
}

const executable = 1;
const readable = 4;
