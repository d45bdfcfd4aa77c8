/** What is let go of every day, as the retention policies say. */
import { forgetHistory } from '#engines/process';
import type { Clock } from '#kernel/clock';
import type { Config } from '#kernel/config';
import type { Database } from '#kernel/database';
import { listBooks } from '#kernel/events';
import { purgeIdempotencyKeys } from '#kernel/http';
import { purgeNotifications } from '#kernel/notifications';
import type { Keeper } from '#kernel/retention';
import type { Webhooks } from '#kernel/webhooks';
import { archiveBook } from '#systems/archive';
import type { PostingEvidence } from '#systems/evidence';

export interface KeeperDeps {
  readonly config: Config;
  readonly db: Database;
  readonly clock: Clock;
  readonly webhooks: Webhooks;
  readonly evidence: PostingEvidence;
  readonly signal: AbortSignal;
}

/** Who lets go of which kind of data. Journal rows stay where they are as long as there is no folder for archives. */
export function keepersOf({ config, db, clock, webhooks, evidence, signal }: KeeperDeps): Keeper[] {
  const { archiveFolder: folder, timeZone } = config;
  const inEachBook = async (work: (book: { bookId: number; code: string }) => Promise<number>) => {
    let records = 0;
    for (const book of await listBooks(db)) records += await work(book);
    return records;
  };
  const archive: Keeper[] =
    folder === undefined
      ? []
      : [
          {
            kind: 'ledger_postings',
            letGo: (before) =>
              inEachBook(async ({ code }) => {
                const deps = { db, clock, timeZone, evidence, folder };
                return (await archiveBook(deps, code, { before, signal })).postings;
              }),
          },
        ];
  return [
    {
      kind: 'idempotency_keys',
      letGo: (_before, { keepDays }) =>
        keepDays === null ? Promise.resolve(0) : purgeIdempotencyKeys(db, clock, keepDays),
    },
    {
      kind: 'webhook_deliveries',
      letGo: (before) =>
        inEachBook(({ bookId }) => db.transaction((tx) => webhooks.purge(tx, bookId, before.toString()))),
    },
    { kind: 'notifications', letGo: (before) => purgeNotifications(db, before.toString()) },
    {
      kind: 'process_history',
      letGo: (before) => inEachBook(({ bookId }) => forgetHistory(db, bookId, before.toString())),
    },
    ...archive,
  ];
}
