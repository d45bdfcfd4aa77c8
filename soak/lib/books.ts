/** Whether the books of a running server are those of everything that was sent to it. */
import { readAccounts, type Target } from './api.ts';
import type { Differences } from './differences.ts';
import type { LoadAccount, Sent } from './load.ts';
import { verifyBooks } from './server-process.ts';
import { acceptedOf, misfits, netByCurrency, tally } from './tally.ts';

export interface BooksCheck {
  readonly target: Target;
  readonly dataFolder: string;
  /** Environment of `longmen verify`. */
  readonly settings?: Readonly<Record<string, string>>;
  readonly accounts: readonly LoadAccount[];
  /** Every request ever sent, with its results. */
  readonly sent: readonly Sent[];
  readonly found: Differences;
}

/**
 * The journal holds what was accepted and nothing else, no account ever went below its minimum, every account holds the
 * sum of its transfers, all accounts together hold nothing, and `longmen verify` finds nothing.
 * @returns whether verify found nothing.
 */
export async function checkBooks({
  target,
  dataFolder,
  settings,
  accounts,
  sent,
  found,
}: BooksCheck): Promise<boolean> {
  const report = (await verifyBooks(dataFolder, settings)) as { ok?: boolean; books?: { postings: unknown }[] };
  if (report.ok !== true) found.add('verify', report);
  const accepted = acceptedOf(sent);
  found.equal(Number(report.books?.[0]?.postings), accepted.length, 'number of journal rows');
  const last = BigInt(accepted.length);
  found.equal(accepted.at(-1)?.sequence ?? 0n, last, 'sequences are given once and without gaps');
  found.equal(new Set(accepted.map(({ sequence }) => sequence)).size, accepted.length, 'sequences are given once');
  const tallied = tally(accounts, sent);
  for (const { id, limits } of accounts) {
    const { lowest } = tallied.get(id) ?? { lowest: 0n };
    if (limits.minimum !== null && lowest < 0n) found.add('below the minimum', { id, lowest });
  }
  const held = await readAccounts(target);
  found.equal(held.length, accounts.length, 'number of accounts');
  for (const misfit of misfits(held, tallied)) found.add('account', misfit);
  found.equal(netByCurrency(held), { CNY: 0n, JPY: 0n }, 'the sum of all accounts');
  return report.ok === true;
}
