import type { VerifyFinding } from '#engines/ledger';
import { defineErrors } from '#kernel/errors';
import { addExample, type RegisterCommand } from '../command.ts';
import type { Context } from '../context.ts';
import { table } from '../output.ts';

const verifyError = defineErrors({ books_unsound: { status: 500, title: 'The books do not follow from the journal' } });

/** `longmen verify`: recomputes everything the ledger keeps from its journal, and names the first row that is wrong. */
export const verifyCommand: RegisterCommand = (program, act) => {
  const command = program
    .command('verify')
    .description('recompute every counter and total from the journal; exit code 0 only if all agree')
    .option('--book <code>', 'only this book (default: all)')
    .action(
      act(async (context, _words, options) => {
        const [{ findBook }, { verify }] = await Promise.all([import('#kernel/events'), import('#engines/ledger')]);
        const db = await context.database();
        const book = options.book === undefined ? undefined : (await findBook(db, String(options.book))).code;
        const progress = context.progress();
        const report = await verify(db, { book, onProgress: (done, total) => progress(done, total, 'verify') });
        const { ok, books, checks, findings } = report;
        context.output.result({ ok, checks, books, findings }, () =>
          table(
            ['book', 'journal rows', 'accounts', 'checks', 'failed'],
            books.map((one) => [
              one.book,
              `${one.postings}`,
              `${one.accounts}`,
              `${checks}`,
              `${findings.filter((finding) => finding.book === one.book).length}`,
            ]),
            { right: [1, 2, 3, 4] },
          ),
        );
        booksUnsound(context, findings);
      }),
    );
  addExample(command, 'longmen verify', 'longmen verify --book main --json');
};

/** Names what verification has found, if anything. @throws `books_unsound` */
export function booksUnsound(context: Context, findings: readonly VerifyFinding[]): void {
  for (const { book, check, about, count, first } of findings) {
    context.output.note(`${book}, ${check} (${about}): ${count} wrong, the first is ${JSON.stringify(first)}`);
  }
  const [first] = findings;
  if (first === undefined) return;
  const more = findings.length > 1 ? ` and ${findings.length - 1} more` : '';
  throw verifyError('books_unsound', `book ${first.book} fails check ${first.check}${more}`);
}
