import { defineErrors } from '#kernel/errors';
import { addExample, type RegisterCommand } from '../command.ts';
import { table } from '../output.ts';

const verifyError = defineErrors({ books_unsound: { status: 500, title: 'The books do not follow from the journal' } });

/**
 * `longmen verify`: recomputes everything the ledger keeps from its journal, and the evidence of every posting with it;
 * names the first row that is wrong.
 */
export const verifyCommand: RegisterCommand = (program, act) => {
  const command = program
    .command('verify')
    .description('recompute every counter, total and piece of evidence from the journal; exit code 0 only if all agree')
    .option('--book <code>', 'only this book (default: all)')
    .action(
      act(async (context, _words, options) => {
        const [{ findBook }, { verify }, { openMarker }, { evidenceFolder, verifyPostings }] = await Promise.all([
          import('#kernel/events'),
          import('#engines/ledger'),
          import('#engines/evidence'),
          import('#systems/evidence'),
        ]);
        const db = await context.database();
        const book = options.book === undefined ? undefined : (await findBook(db, String(options.book))).code;
        const marker = openMarker(evidenceFolder(await context.config()), { create: false });
        const progress = context.progress();
        const ledger = await verify(db, { book, onProgress: (done, total) => progress(done, total, 'books') });
        const evidence = await verifyPostings(db, {
          book,
          marker,
          onProgress: (done, total) => progress(done, total, 'evidence'),
        });
        const findings = [...ledger.findings, ...evidence.findings];
        const checks = ledger.checks + evidence.checks;
        const books = ledger.books.map((one) => {
          const { leaves = 0, behind = 0 } = evidence.books.find((other) => other.book === one.book) ?? {};
          return { ...one, leaves, behind };
        });
        context.output.result({ ok: findings.length === 0, checks, books, findings }, () =>
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
        for (const finding of findings) {
          const { check, about, count, first } = finding;
          context.output.note(
            `${finding.book}, ${check} (${about}): ${count} wrong, the first is ${JSON.stringify(first)}`,
          );
        }
        const [first] = findings;
        if (first !== undefined) {
          const more = findings.length > 1 ? ` and ${findings.length - 1} more` : '';
          throw verifyError('books_unsound', `book ${first.book} fails check ${first.check}${more}`);
        }
      }),
    );
  addExample(command, 'longmen verify', 'longmen verify --book main --json');
};
