/**
 * Sealing: compressed with Zstandard, then encrypted and authenticated with AES-256-GCM in chunks of 1 MiB.
 *
 * A sealed part is a header of 22 bytes (`LMBP`, version, compression, 16 random bytes: the file id) and its chunks,
 * each ciphertext and a tag of 16 bytes; all but the last hold exactly 1 MiB. Each part has a key of its own, by HKDF
 * from the master key and the file id, so that the chunk's number can be its nonce; the nonce's last byte marks the last
 * chunk, so that a part cut off at a chunk's end is found. The part's name and header are authenticated with each chunk,
 * so that parts cannot change places. (The STREAM construction: Hoang, Reyhanitabar, Rogaway, Vizár 2015.)
 */
import { createCipheriv, createDecipheriv, createHmac, hkdfSync, randomBytes } from 'node:crypto';
import { promisify } from 'node:util';
import { constants, zstdCompress, zstdDecompress } from 'node:zlib';
import { backupError } from './errors.ts';

/** What follows from the master key of a backup folder. */
export interface Keys {
  /** The encryption key of one part. */
  partKey(fileId: Buffer): Buffer;
  /** A name that follows from content, and tells nothing of it without the key. 64 hexadecimal digits. */
  nameOf(content: Buffer): string;
  /** The authentication code of a line of the manifest, hexadecimal. */
  macOf(text: string): string;
}

const magic = Buffer.from('LMBP');
const version = 1;
const headerBytes = 22;
const chunkBytes = 1024 * 1024;
const tagBytes = 16;
const compressions = { none: 0, zstd: 1 } as const;

const compress = promisify(zstdCompress);
const decompress = promisify(zstdDecompress);

/** @param master 32 bytes. */
export function deriveKeys(master: Buffer): Keys {
  const derive = (salt: Buffer, use: string) =>
    Buffer.from(hkdfSync('sha256', master, salt, `longmen backup ${use}`, 32));
  const none = Buffer.alloc(0);
  const nameKey = derive(none, 'part names');
  const macKey = derive(none, 'manifest');
  return {
    partKey: (fileId) => derive(fileId, 'part'),
    nameOf: (content) => createHmac('sha256', nameKey).update(content).digest('hex'),
    macOf: (text) => createHmac('sha256', macKey).update(text).digest('hex'),
  };
}

/** Compresses and encrypts `content` as the part `name`. What does not become smaller stays uncompressed. */
export async function sealPart(keys: Keys, name: string, content: Buffer): Promise<Buffer> {
  const packed = await compress(content, { params: { [constants.ZSTD_c_compressionLevel]: 1 } });
  const smaller = packed.length < content.length;
  const body = smaller ? packed : content;
  const fileId = randomBytes(16);
  const header = Buffer.concat([
    magic,
    Buffer.from([version, smaller ? compressions.zstd : compressions.none]),
    fileId,
  ]);
  const key = keys.partKey(fileId);
  const pieces: Buffer[] = [header];
  const chunks = Math.max(1, Math.ceil(body.length / chunkBytes));
  for (let index = 0; index < chunks; index++) {
    const cipher = createCipheriv('aes-256-gcm', key, nonce(index, index === chunks - 1));
    cipher.setAAD(Buffer.concat([header, Buffer.from(name)]));
    pieces.push(cipher.update(body.subarray(index * chunkBytes, (index + 1) * chunkBytes)), cipher.final());
    pieces.push(cipher.getAuthTag());
  }
  return Buffer.concat(pieces);
}

/**
 * The content of the sealed part `name`.
 *
 * @throws `backup_part_damaged` naming the part, when one bit of it or its name is not as it was sealed.
 */
export async function openPart(keys: Keys, name: string, sealed: Buffer): Promise<Buffer> {
  const damaged = (reason: string) =>
    backupError('backup_part_damaged', `The part ${name} is damaged: ${reason}`, { part: name });
  const header = sealed.subarray(0, headerBytes);
  if (header.length < headerBytes || !header.subarray(0, 4).equals(magic)) throw damaged('it has no header');
  if (header[4] !== version) {
    throw backupError(
      'backup_format_unknown',
      `The part ${name} has format ${header[4]}, this program knows ${version}`,
    );
  }
  const key = keys.partKey(header.subarray(6));
  const associated = Buffer.concat([header, Buffer.from(name)]);
  const pieces: Buffer[] = [];
  for (let offset = headerBytes, index = 0; ; index++) {
    const end = Math.min(offset + chunkBytes + tagBytes, sealed.length);
    const last = end === sealed.length;
    if (end - offset < tagBytes) throw damaged('it is cut off');
    const decipher = createDecipheriv('aes-256-gcm', key, nonce(index, last), { authTagLength: tagBytes });
    decipher.setAAD(associated).setAuthTag(sealed.subarray(end - tagBytes, end));
    try {
      pieces.push(decipher.update(sealed.subarray(offset, end - tagBytes)), decipher.final());
    } catch {
      throw damaged(`chunk ${index} was changed, cut off or belongs elsewhere`);
    }
    offset = end;
    if (last) break;
  }
  const body = Buffer.concat(pieces);
  return header[5] === compressions.zstd ? decompress(body) : body;
}

function nonce(index: number, last: boolean): Buffer {
  const bytes = Buffer.alloc(12);
  bytes.writeBigUInt64BE(BigInt(index), 0);
  bytes[11] = last ? 1 : 0;
  return bytes;
}
