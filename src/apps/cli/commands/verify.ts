import type { Config } from '#kernel/config';
import type { Database } from '#kernel/database';
import { defineErrors } from '#kernel/errors';
import { addExample, type RegisterCommand } from '../command.ts';
import type { Context } from '../context.ts';
import { table } from '../output.ts';
import type { Progress } from '../progress.ts';

const verifyError = defineErrors({ books_unsound: { status: 500, title: 'The books do not follow from the journal' } });

/** What stands where the code of a book does for the audit trail; no book can have it. */
const AUDIT_TRAIL = '_audit';

/**
 * `longmen verify`: recomputes everything the ledger keeps from its journal, and the evidence of every posting with it;
 * names the first row that is wrong.
 */
export const verifyCommand: RegisterCommand = (program, act) => {
  const command = program
    .command('verify')
    .description(
      'recompute every counter, total and piece of evidence from journal and audit trail; exit code 0 only if all agree',
    )
    .option('--book <code>', 'only this book (default: all)')
    .action(
      act(async (context, _words, options) => {
        const { findBook } = await import('#kernel/events');
        const db = await context.database();
        const book = options.book === undefined ? undefined : (await findBook(db, String(options.book))).code;
        const { books, audit, checks, findings } = await verifyEverything(
          db,
          await context.config(),
          context.progress(),
          book,
        );
        context.output.result({ ok: findings.length === 0, checks, books, audit, findings }, () =>
          table(
            ['book', 'journal rows', 'accounts', 'leaves', 'checks', 'failed'],
            books.map((one) => [
              one.book,
              `${one.postings}`,
              `${one.accounts}`,
              `${one.leaves}`,
              `${checks}`,
              `${findings.filter((finding) => finding.book === one.book).length}`,
            ]),
            { right: [1, 2, 3, 4, 5] },
          ),
        );
        for (const one of books.filter(({ behind }) => behind > 0)) {
          context.output.note(`${one.book}: ${one.behind} postings are not in the evidence log yet`);
        }
        if (audit !== null) {
          const behind = audit.behind > 0 ? `, ${audit.behind} of them not in the evidence log yet` : '';
          context.output.note(`audit trail: ${audit.entries} entries${behind}`);
        }
        booksUnsound(context, findings);
      }),
    );
  addExample(command, 'longmen verify', 'longmen verify --book main --json');
};

/** All checks of all rooms, on one database. */
export async function verifyEverything(
  db: Database,
  config: Pick<Config, 'dataFolder' | 'evidenceFolder'>,
  progress: Progress['update'],
  book?: string,
) {
  const [
    { verify },
    { openMarker },
    { evidenceFolder, verifyAudit, verifyPostings },
    { verifyInTransit },
    { verifyArchiveRecords },
  ] = await Promise.all([
    import('#engines/ledger'),
    import('#engines/evidence'),
    import('#systems/evidence'),
    import('#systems/books'),
    import('#systems/archive'),
  ]);
  const marker = openMarker(evidenceFolder(config), { create: false });
  const ledger = await verify(db, { book, onProgress: (done, total) => progress(done, total, 'books') });
  const evidence = await verifyPostings(db, {
    book,
    marker,
    onProgress: (done, total) => progress(done, total, 'evidence'),
  });
  const inTransit = await verifyInTransit(db, book);
  const archives = await verifyArchiveRecords(db, book);
  // The audit trail belongs to no book.
  const audit =
    book === undefined
      ? await verifyAudit(db, { marker, onProgress: (done, total) => progress(done, total, 'audit trail') })
      : null;
  return {
    // What is in transit is one more check, over all books of an entity; archives are another.
    checks: ledger.checks + evidence.checks + 2,
    findings: [...ledger.findings, ...evidence.findings, ...inTransit, ...archives, ...(audit?.findings ?? [])],
    audit:
      audit === null
        ? null
        : { entries: audit.entries, leaves: audit.leaves, behind: audit.behind, checks: audit.checks },
    books: ledger.books.map((one) => {
      const { leaves = 0, behind = 0 } = evidence.books.find((other) => other.book === one.book) ?? {};
      return { ...one, leaves, behind };
    }),
  };
}

type Finding = Awaited<ReturnType<typeof verifyEverything>>['findings'][number];

/** Names what verification has found, if anything. @throws `books_unsound` */
export function booksUnsound(context: Context, findings: readonly Finding[]): void {
  for (const { book, check, about, count, first } of findings) {
    context.output.note(`${book}, ${check} (${about}): ${count} wrong, the first is ${JSON.stringify(first)}`);
  }
  const [first] = findings;
  if (first === undefined) return;
  const more = findings.length > 1 ? ` and ${findings.length - 1} more` : '';
  const what = first.book === AUDIT_TRAIL ? 'the audit trail' : `book ${first.book}`;
  throw verifyError('books_unsound', `${what} fails check ${first.check}${more}`);
}
