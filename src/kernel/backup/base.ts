/** Taking a base backup: the database files as the server sends them, cut into parts named by their content. */
import { z } from 'zod';
import { backupError } from './errors.ts';
import { StoredFile } from './manifest.ts';
import { type Position, parsePosition } from './positions.ts';
import { connectForReplication, copyStream } from './replication.ts';
import type { Repository, WritableRepository } from './repository.ts';
import { TarCutter } from './tar.ts';

/** The parts of an archive in order. */
export const PartList = z.object({ parts: z.array(StoredFile) });

export interface TakenBase {
  readonly from: Position;
  readonly to: Position;
  readonly timeline: number;
  readonly bytes: number;
  readonly newBytes: number;
  readonly parts: number;
  readonly index: StoredFile;
}

export interface BaseOptions {
  readonly repository: WritableRepository;
  readonly url: string;
  readonly signal?: AbortSignal | undefined;
  /** Bytes received, and about how many there will be. */
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
}

/** Parts that are compressed and written at the same time. */
const inFlight = 3;

/**
 * Streams a base backup into parts. The server checks the checksum of every page on the way. The manifest is not
 * touched: who calls adds the base once its log is archived too.
 *
 * @throws `backup_tablespaces_unsupported`, `backup_disk_full`, those of the database, and the signal's reason.
 */
export async function takeBase({ repository, url, signal, onProgress }: BaseOptions): Promise<TakenBase> {
  signal?.throwIfAborted();
  const client = await connectForReplication(url);
  const giveUp = () => void client.end().catch(() => undefined);
  signal?.addEventListener('abort', giveUp, { once: true });
  try {
    const copy = copyStream(
      client,
      `BASE_BACKUP (LABEL 'longmen', PROGRESS, CHECKPOINT 'fast', WAIT false, WAL false, MANIFEST 'no')`,
    );
    const cutter = new TarCutter();
    const parts: Promise<{ stored: StoredFile; fresh: boolean }>[] = [];
    const put = async (pieces: readonly Buffer[]) => {
      for (const piece of pieces) {
        await parts.at(-inFlight);
        const written = repository.putContent(piece);
        written.catch(() => undefined);
        parts.push(written);
      }
    };
    let bytes = 0;
    for await (const message of copy.messages) {
      signal?.throwIfAborted();
      const type = String.fromCharCode(message[0] ?? 0);
      // Before the first archive the server has listed its tablespaces; the database's own comes without a number.
      if (type === 'n' && copy.rows.length > 2) {
        throw backupError('backup_tablespaces_unsupported', 'The server has tablespaces outside of its data folder');
      }
      if (type !== 'd') continue;
      bytes += message.length - 1;
      onProgress?.(bytes, Number(copy.rows[1]?.[2] ?? 0) * 1024);
      await put(cutter.push(message.subarray(1)));
    }
    signal?.throwIfAborted();
    await put(cutter.end());
    const written = await Promise.all(parts);
    const list = JSON.stringify({ parts: written.map(({ stored }) => stored) });
    const index = await repository.putContent(Buffer.from(list));
    const [from, to] = [copy.rows[0], copy.rows.at(-1)];
    return {
      from: parsePosition(from?.[0] ?? ''),
      to: parsePosition(to?.[0] ?? ''),
      timeline: Number(to?.[1]),
      bytes,
      newBytes: [...written, index].reduce((sum, { stored, fresh }) => sum + (fresh ? stored.size : 0), 0),
      parts: written.length,
      index: index.stored,
    };
  } catch (error) {
    // Giving up ends the connection; why it was given up is what the caller wants to know.
    signal?.throwIfAborted();
    throw error;
  } finally {
    signal?.removeEventListener('abort', giveUp);
    await client.end().catch(() => undefined);
  }
}

/** The parts of a base, from its index. @throws `backup_part_missing`, `backup_part_damaged` */
export async function partsOf(repository: Repository, index: StoredFile): Promise<StoredFile[]> {
  return PartList.parse(JSON.parse((await repository.get(index)).toString())).parts;
}
