/** A log to its readers: the resources of https://c2sp.org/tlog-tiles, over HTTP and as static files. */
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { z } from 'zod';
import type { Queryable } from '#kernel/database';
import { type HttpApp, integerText } from '#kernel/http';
import { evidenceError } from './errors.ts';
import { HASH_BYTES, toBase64 } from './hash.ts';
import { verifierKeys } from './keys.ts';
import { consistencyProof, inclusionProof, latestCheckpoint } from './log.ts';
import { formatVerifierKey } from './note.ts';
import { type LogKey, nameOf, readLog, readTiles } from './store.ts';
import { encodeBundle, parseTilePath, TILE_WIDTH, type TilePath, tilePath, tilesOf, tileWidth } from './tiles.ts';

/** What the owner of a log gives for it: the entries are rebuilt, not kept a second time. */
export interface LogSource {
  readonly key: LogKey;
  /** The entries [from, to), in order. */
  entries(from: number, to: number): Promise<Uint8Array[]>;
  /** The first index whose entry is still at hand; those before it are archived. Default 0. */
  firstEntry?(): Promise<number>;
}

export interface Resource {
  readonly type: 'text/plain; charset=utf-8' | 'application/octet-stream';
  readonly bytes: Buffer;
  /** Whether it stays the same for ever. */
  readonly immutable: boolean;
}

/**
 * One resource of a log by its path below the log's prefix: `checkpoint`, `tile/<L>/<N>[.p/<W>]`, `tile/entries/<N>[.p/<W>]`.
 * Errors: `evidence_tile_not_found`, `evidence_checkpoint_not_found`, `evidence_log_not_found`.
 */
export async function readResource(db: Queryable, source: LogSource, path: string): Promise<Resource> {
  if (path === 'checkpoint') {
    const { note } = await latestCheckpoint(db, source.key);
    return { type: 'text/plain; charset=utf-8', bytes: Buffer.from(note), immutable: false };
  }
  const tile = parseTilePath(path);
  if (tile === null) throw noTile(path);
  const bytes = tile.level === 'entries' ? await readBundle(db, source, tile) : await readHashes(db, source.key, tile);
  if (bytes === null) throw noTile(path);
  return { type: 'application/octet-stream', bytes, immutable: true };
}

async function readHashes(db: Queryable, key: LogKey, { level, index, width }: TilePath): Promise<Buffer | null> {
  if (level === 'entries') return null;
  const tiles = await readTiles(db, key, [{ level, index }]);
  const hashes = tiles.get(nameOf(level, index))?.hashes.subarray(0, width * HASH_BYTES);
  return hashes?.length === width * HASH_BYTES ? hashes : null;
}

async function readBundle(db: Queryable, source: LogSource, { index, width }: TilePath): Promise<Buffer | null> {
  const { size } = await readLog(db, source.key);
  if (tileWidth(0, index, size) < width) return null;
  const from = index * TILE_WIDTH;
  const entries = await source.entries(from, from + width);
  return entries.length === width ? Buffer.from(encodeBundle(entries)) : null;
}

function noTile(path: string) {
  return evidenceError('evidence_tile_not_found', `The log has no ${path}`);
}

/**
 * The whole log at its newest checkpoint as files below a folder; any web server can serve them to clients of tiled logs.
 * The checkpoint comes last, so that a copy that was interrupted promises nothing.
 *
 * @param write gets a relative path and the content.
 * @returns how many files were written, and the size of the log.
 */
export async function exportLog(
  db: Queryable,
  source: LogSource,
  write: (path: string, bytes: Uint8Array) => Promise<void>,
  onProgress?: (done: number, total: number) => void,
): Promise<{ files: number; size: number }> {
  const { size, note } = await latestCheckpoint(db, source.key);
  const tiles = [...tilesOf(size)];
  const firstEntry = (await source.firstEntry?.()) ?? 0;
  const paths: TilePath[] = [
    ...tiles,
    ...tiles
      .filter(({ level, index }) => level === 0 && Number(index) * TILE_WIDTH >= firstEntry)
      .map((tile) => ({ ...tile, level: 'entries' as const })),
  ];
  for (const [done, path] of paths.entries()) {
    onProgress?.(done, paths.length);
    const name = tilePath(path);
    await write(name, (await readResource(db, source, name)).bytes);
  }
  await write('checkpoint', Buffer.from(note));
  return { files: paths.length + 1, size };
}

const bookParams = z.object({ book: z.string() });
const sizeText = z.string().regex(/^(0|[1-9]\d{0,14})$/, 'Not a size');
const hashText = z.string().describe('Base64 of 32 bytes.');
const compress = promisify(gzip);

/**
 * Adds the routes of logs below `/evidence/:book`; `find` gives the log of a book and may throw. The part below that prefix
 * is laid out as a tiled log demands.
 */
export function logRoutes(app: HttpApp, db: Queryable, find: (book: string) => Promise<LogSource>): void {
  const tags = ['evidence'];
  app.get(
    '/evidence/:book/checkpoint',
    {
      config: { permission: 'evidence:read', reach: 'book' },
      schema: { tags, summary: 'The newest signed checkpoint, a signed note', params: bookParams },
    },
    async ({ params }, reply) => {
      const { type, bytes } = await readResource(db, await find(params.book), 'checkpoint');
      return reply.header('content-type', type).header('cache-control', 'private, max-age=1').send(bytes);
    },
  );
  app.get(
    '/evidence/:book/tile/*',
    {
      config: { permission: 'evidence:read', reach: 'book' },
      schema: {
        tags,
        summary: 'A tile of hashes or a bundle of entries, as tlog-tiles lays them out below /evidence/{book}',
        params: bookParams.extend({ '*': z.string() }),
      },
    },
    async ({ params, headers }, reply) => {
      const path = `tile/${params['*']}`;
      const { type, bytes } = await readResource(db, await find(params.book), path);
      reply.header('content-type', type).header('cache-control', 'private, max-age=31536000, immutable');
      // Hashes cannot be compressed, entries can.
      if (path.startsWith('tile/entries/')) {
        reply.header('vary', 'accept-encoding');
        if (/\bgzip\b(?!\s*;\s*q=0(?:\.0*)?\s*(?:,|$))/.test(headers['accept-encoding'] ?? '')) {
          return reply.header('content-encoding', 'gzip').send(await compress(bytes));
        }
      }
      return reply.send(bytes);
    },
  );
  app.get(
    '/evidence/:book/keys',
    {
      config: { permission: 'evidence:read', reach: 'book' },
      schema: {
        tags,
        summary: 'The verifier keys of the log, newest last, in the form tools for signed notes read',
        params: bookParams,
        response: { 200: z.object({ origin: z.string(), keys: z.array(z.string()) }) },
      },
    },
    async ({ params }) => {
      const { origin } = await readLog(db, (await find(params.book)).key);
      return { origin, keys: (await verifierKeys(db, origin)).map(formatVerifierKey) };
    },
  );
  app.get(
    '/evidence/:book/consistency',
    {
      config: { permission: 'evidence:read', reach: 'book' },
      schema: {
        tags,
        summary: 'The proof that the log at one size continues itself at a smaller one',
        params: bookParams,
        querystring: z.strictObject({
          from: sizeText.describe('The smaller size, above 0.'),
          to: sizeText.optional().describe('Default: the size of the newest checkpoint.'),
        }),
        response: { 200: z.object({ from: integerText, to: integerText, proof: z.array(hashText) }) },
      },
    },
    async ({ params, query }) => {
      const { key } = await find(params.book);
      const to = query.to ?? String((await latestCheckpoint(db, key)).size);
      const proof = await consistencyProof(db, key, Number(query.from), Number(to));
      return { from: query.from, to, proof: proof.map(toBase64) };
    },
  );
  app.get(
    '/evidence/:book/inclusion',
    {
      config: { permission: 'evidence:read', reach: 'book' },
      schema: {
        tags,
        summary: 'The proof that a leaf is in the log',
        params: bookParams,
        querystring: z.strictObject({
          index: sizeText.describe('Position of the leaf, from 0.'),
          size: sizeText.optional().describe('Default: the size of the newest checkpoint.'),
        }),
        response: { 200: z.object({ index: integerText, size: integerText, proof: z.array(hashText) }) },
      },
    },
    async ({ params, query }) => {
      const { key } = await find(params.book);
      const size = query.size ?? String((await latestCheckpoint(db, key)).size);
      const proof = await inclusionProof(db, key, Number(query.index), Number(size));
      return { index: query.index, size, proof: proof.map(toBase64) };
    },
  );
}
