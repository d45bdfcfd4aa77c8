/** Writes the files of a base backup from the pieces of its archive. */
import { closeSync, mkdirSync, openSync, writeSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { backupError } from './errors.ts';
import { blockBytes, paddingOf, readHeader } from './tar.ts';

export class TarReader {
  private readonly folder: string;
  private header = Buffer.alloc(0);
  private file: number | undefined;
  private contentLeft = 0;
  private paddingLeft = 0;
  private ended = false;

  /** @param folder where the files go; must be there. */
  constructor(folder: string) {
    this.folder = folder;
  }

  push(piece: Buffer): void {
    let rest = piece;
    while (rest.length > 0) rest = rest.subarray(this.take(rest));
  }

  /** @throws `backup_part_damaged` when the archive has no end. */
  end(): void {
    if (!this.ended || this.contentLeft > 0) throw backupError('backup_part_damaged', 'The base backup has no end');
  }

  /** Closes what is open, also when the archive was given up. */
  close(): void {
    if (this.file !== undefined) closeSync(this.file);
    this.file = undefined;
  }

  private take(bytes: Buffer): number {
    if (this.contentLeft > 0) {
      const count = Math.min(bytes.length, this.contentLeft);
      for (let offset = 0; offset < count && this.file !== undefined; ) {
        offset += writeSync(this.file, bytes, offset, count - offset);
      }
      this.contentLeft -= count;
      if (this.contentLeft === 0) this.close();
      return count;
    }
    if (this.paddingLeft > 0) {
      const count = Math.min(bytes.length, this.paddingLeft);
      this.paddingLeft -= count;
      return count;
    }
    const count = Math.min(bytes.length, blockBytes - this.header.length);
    this.header = Buffer.concat([this.header, bytes.subarray(0, count)]);
    if (this.header.length === blockBytes) this.begin();
    return count;
  }

  private begin(): void {
    const header = readHeader(this.header);
    this.header = Buffer.alloc(0);
    if (header === undefined) {
      this.ended = true;
      return;
    }
    const path = normalize(header.path);
    if (path.startsWith('..') || path.startsWith('/') || header.kind === 'other') {
      throw backupError('backup_part_damaged', `The base backup holds ${header.path}, which cannot be restored`);
    }
    const target = join(this.folder, path);
    if (header.kind === 'folder') {
      mkdirSync(target, { recursive: true, mode: 0o700 });
      return;
    }
    mkdirSync(dirname(target), { recursive: true, mode: 0o700 });
    const file = openSync(target, 'w', 0o600);
    this.contentLeft = header.size;
    this.paddingLeft = paddingOf(header.size);
    if (header.size > 0) this.file = file;
    else closeSync(file);
  }
}
