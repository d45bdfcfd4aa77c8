/** The tar archives of a base backup: where to cut them into parts, and how to read them back. No I/O. */

export const blockBytes = 512;

export interface TarHeader {
  readonly path: string;
  readonly kind: 'file' | 'folder' | 'other';
  /** Bytes of content behind the header, without padding. */
  readonly size: number;
}

/** Reads a header block (POSIX ustar); undefined for a block of zeros, which ends an archive. */
export function readHeader(block: Buffer): TarHeader | undefined {
  if (block[0] === 0) return undefined;
  const text = (from: number, length: number) => {
    const field = block.subarray(from, from + length);
    const end = field.indexOf(0);
    return field.toString('utf8', 0, end === -1 ? length : end);
  };
  // Sizes of 8 GiB and more are binary, marked by the first bit.
  const size =
    ((block[124] ?? 0) & 0x80) === 0
      ? Number.parseInt(text(124, 12).trim() || '0', 8)
      : Number(block.readBigUInt64BE(128));
  const prefix = text(345, 155);
  const path = prefix === '' ? text(0, 100) : `${prefix}/${text(0, 100)}`;
  const type = String.fromCharCode(block[156] ?? 0);
  const kind = type === '0' || type === '\0' ? 'file' : type === '5' ? 'folder' : 'other';
  return { path: path.replace(/\/+$/, ''), kind, size: kind === 'file' ? size : 0 };
}

/** Bytes of zeros that fill the last block of a content. */
export function paddingOf(size: number): number {
  return (blockBytes - (size % blockBytes)) % blockBytes;
}

/** Largest piece, bytes. */
export const pieceBytes = 8 * 1024 * 1024;
/** Files from here on are cut by themselves, so that their pieces depend on nothing but their content. */
const largeFileBytes = 1024 * 1024;

/**
 * Cuts an archive into pieces that together are the archive, in order. Large files are cut at fixed places of the file,
 * apart from headers and small files around them: what has not changed in the next backup has the same pieces there.
 */
export class TarCutter {
  private pieces: Buffer[] = [];
  private gathered: Buffer[] = [];
  private gatheredBytes = 0;
  private header = Buffer.alloc(0);
  /** What the next bytes are: content of a large file, or content and padding of a small one. */
  private largeLeft = 0;
  private smallLeft = 0;
  private paddingAfterLarge = 0;

  /** Takes the next bytes and gives the pieces they complete. */
  push(chunk: Buffer): Buffer[] {
    let rest = chunk;
    while (rest.length > 0) rest = rest.subarray(this.take(rest));
    return this.takePieces();
  }

  /** What is left at the archive's end. */
  end(): Buffer[] {
    this.flush();
    return this.takePieces();
  }

  /** Takes some of `bytes` and says how many. */
  private take(bytes: Buffer): number {
    if (this.largeLeft > 0) {
      const count = Math.min(bytes.length, this.largeLeft, pieceBytes - this.gatheredBytes);
      this.gather(bytes.subarray(0, count));
      this.largeLeft -= count;
      if (this.gatheredBytes === pieceBytes || this.largeLeft === 0) this.flush();
      if (this.largeLeft === 0) this.smallLeft = this.paddingAfterLarge;
      return count;
    }
    if (this.smallLeft > 0) {
      const count = Math.min(bytes.length, this.smallLeft);
      this.gather(bytes.subarray(0, count));
      this.smallLeft -= count;
      return count;
    }
    const count = Math.min(bytes.length, blockBytes - this.header.length);
    this.header = Buffer.concat([this.header, bytes.subarray(0, count)]);
    if (this.header.length === blockBytes) this.beginFile();
    return count;
  }

  private beginFile(): void {
    const size = readHeader(this.header)?.size ?? 0;
    this.gather(this.header);
    this.header = Buffer.alloc(0);
    if (size >= largeFileBytes) {
      this.flush();
      this.largeLeft = size;
      this.paddingAfterLarge = paddingOf(size);
    } else {
      this.smallLeft = size + paddingOf(size);
      if (this.gatheredBytes + this.smallLeft >= pieceBytes) this.flush();
    }
  }

  private gather(bytes: Buffer): void {
    this.gathered.push(bytes);
    this.gatheredBytes += bytes.length;
  }

  private flush(): void {
    if (this.gatheredBytes > 0) this.pieces.push(Buffer.concat(this.gathered));
    this.gathered = [];
    this.gatheredBytes = 0;
  }

  private takePieces(): Buffer[] {
    const taken = this.pieces;
    this.pieces = [];
    return taken;
  }
}
