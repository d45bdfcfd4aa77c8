/**
 * Cursor pagination. A list is ordered by a key that never changes; the cursor is the key of the last item given, made
 * opaque so that callers do not build their own.
 */
import { z } from 'zod';
import { httpError } from './errors.ts';

export const PAGE_LIMIT = 1_000;

/** The query fields of a paged list, to be spread into its schema: `z.strictObject({ ...pageQuery, account: … })`. */
export const pageQuery = {
  limit: z.coerce.number().int().min(1).max(PAGE_LIMIT).default(100).describe('Items per page.'),
  cursor: z.string().min(1).max(2_000).optional().describe('next_cursor of the page before.'),
};

/** One page: `next_cursor` is null on the last. */
export interface Page<Item> {
  items: Item[];
  next_cursor: string | null;
}

/** The response schema of a paged list. */
export function pageOf<Item extends z.ZodType>(item: Item) {
  return z.object({ items: z.array(item), next_cursor: z.string().nullable() });
}

/** Makes a cursor of the key of an item; bigints go in as decimal text. */
export function encodeCursor(key: readonly (string | number | boolean | null)[]): string {
  return Buffer.from(JSON.stringify(key)).toString('base64url');
}

/**
 * Reads a cursor back.
 *
 * @param key what it must hold, such as `z.tuple([z.iso.date(), integerText])`
 * @returns undefined when there is no cursor: the first page
 * @throws `cursor_invalid` 400
 */
export function decodeCursor<Key>(key: z.ZodType<Key>, cursor: string | undefined): Key | undefined {
  if (cursor === undefined) return undefined;
  try {
    // Buffer.from skips what is not base64url; taking only what encodes to the same text refuses tampered cursors.
    const bytes = Buffer.from(cursor, 'base64url');
    if (bytes.toString('base64url') === cursor) return key.parse(JSON.parse(bytes.toString('utf8')));
  } catch {
    // Refused below, together with what is not base64url.
  }
  throw httpError('cursor_invalid', 'The cursor was not made by this list; start again without one');
}

/**
 * Makes a page of rows read with one more than `limit`, which tells whether there is a next page.
 *
 * @param keyOf the key of an item, as {@link encodeCursor} takes it
 */
export function pageFrom<Item>(
  rows: readonly Item[],
  limit: number,
  keyOf: (item: Item) => readonly (string | number | boolean | null)[],
): Page<Item> {
  const items = rows.slice(0, limit);
  const last = items.at(-1);
  return { items, next_cursor: rows.length > limit && last !== undefined ? encodeCursor(keyOf(last)) : null };
}
