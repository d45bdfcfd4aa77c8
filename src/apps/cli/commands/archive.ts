import type { Config } from '#kernel/config';
import { formatAmount } from '#kernel/money';
import { addExample, type RegisterCommand } from '../command.ts';
import type { Context } from '../context.ts';
import { table, UsageError } from '../output.ts';

/** `longmen archive run|list|verify|show`: old journal rows as files that stay verifiable. */
export const archiveCommand: RegisterCommand = (program, act) => {
  const family = program
    .command('archive')
    .helpCommand(false)
    .description('old journal rows as files that stay verifiable');
  addExample(family, 'longmen archive run --book main --to ../archive');

  const run = family
    .command('run')
    .description('archive what the retention policy says; each archive is verified before its rows leave the journal')
    .option('--book <code>', 'only this book (default: all)')
    .option('--to <folder>', 'where archives go (default: LONGMEN_ARCHIVE_FOLDER)')
    .action(
      act(async (context, _words, options) => {
        const [{ archiveBook, archiveJson }, { listBooks }, { readRetentionPolicy }] = await Promise.all([
          import('#systems/archive'),
          import('#kernel/events'),
          import('#kernel/retention'),
        ]);
        const deps = await open(context, options.to);
        const { keepDays } = await readRetentionPolicy(deps.db, 'ledger_postings');
        const books = (await listBooks(deps.db)).filter(
          ({ code }) => options.book === undefined || code === options.book,
        );
        if (books.length === 0) throw new UsageError(`there is no book ${String(options.book)}`);
        const progress = context.progress();
        const results: Awaited<ReturnType<typeof archiveBook>>[] = [];
        for (const { code } of keepDays === null ? [] : books) {
          const before = context.clock.now().subtract({ hours: 24 * (keepDays ?? 0) });
          const onProgress = (done: number, total: number) => progress(done, total, 'postings');
          results.push(await archiveBook(deps, code, { before, signal: context.signal, onProgress }));
        }
        context.output.result(
          {
            books: results.map(({ book, archives, postings, stoppedBy, detail }) => ({
              book,
              archives: archives.map(archiveJson),
              postings,
              stopped_by: stoppedBy,
              detail,
            })),
          },
          () =>
            keepDays === null
              ? 'journal rows are kept for ever'
              : table(
                  ['book', 'archives', 'postings', 'what keeps the rest'],
                  results.map((one) => [
                    one.book,
                    `${one.archives.length}`,
                    `${one.postings}`,
                    `${one.stoppedBy}${one.detail === null ? '' : ` (${one.detail})`}`,
                  ]),
                  { right: [1, 2] },
                ),
        );
      }),
    );
  addExample(run, 'longmen archive run', 'longmen archive run --book main --to ../archive --json');

  const list = family
    .command('list')
    .description('the archives of a book, as the database remembers them')
    .option('--book <code>', 'the book', 'main')
    .action(
      act(async (context, _words, options) => {
        const [{ archiveJson, listArchives }, { findBook }] = await Promise.all([
          import('#systems/archive'),
          import('#kernel/events'),
        ]);
        const db = await context.database();
        const archives = (await listArchives(db, (await findBook(db, String(options.book))).bookId)).map(archiveJson);
        context.output.result({ archives }, () =>
          table(
            ['archive', 'from', 'to', 'manifest (SHA-256)', 'archived at'],
            archives.map((one) => [
              `${one.number}`,
              one.first_sequence,
              one.last_sequence,
              one.manifest_sha256,
              one.archived_at,
            ]),
            { right: [0, 1, 2] },
          ),
        );
      }),
    );
  addExample(list, 'longmen archive list --book main --json');

  const verify = family
    .command('verify')
    .description(
      'verify archives from their files alone: hashes, order, sums, and the tree under the signed checkpoint',
    )
    .argument('<folder>', 'a folder of archives, of one book, or one archive')
    .option('--key <keys...>', 'verifier keys of the log, from a source you trust (default: those in the archives)')
    .option('--database', 'also compare with what the database remembers')
    .action(
      act(async (context, [folder = ''], options) => {
        const { checkArchives } = await import('#systems/archive');
        const progress = context.progress();
        const report = await checkArchives(folder, keysOf(options), (done, total) => progress(done, total, 'archives'));
        if (options.database === true) await compare(context, report.books);
        context.output.result({ ok: true, ...report }, () =>
          table(
            ['book', 'archives', 'postings', 'from', 'to', 'last manifest (SHA-256)'],
            report.books.map((one) => [
              one.book,
              `${one.archives}`,
              `${one.postings}`,
              one.first_sequence,
              one.last_sequence,
              one.manifest_sha256,
            ]),
            { right: [1, 2, 3, 4] },
          ),
        );
        if (keysOf(options).length === 0) {
          context.output.note('Keys were taken from the archives themselves; give --key to be sure who signed');
        }
      }),
    );
  addExample(verify, 'longmen archive verify ../archive --key "$(cat bank.key)"', 'longmen archive verify ../archive');

  const show = family
    .command('show')
    .description('read transfers out of the archives, in journal order; needs no database')
    .requiredOption('--from-folder <folder>', 'the archives')
    .option('--book <code>', 'the book', 'main')
    .option('--account <id>', 'only transfers of this account')
    .option('--transfer <id>', 'only this transfer and what posted, voided or reversed it')
    .option('--from <date>', 'first effective date')
    .option('--to <date>', 'last effective date')
    .option('--key <keys...>', 'verifier keys of the log, from a source you trust (default: those in the archives)')
    .action(
      act(async (context, _words, options) => {
        const { readArchived } = await import('#systems/archive');
        const text = (value: unknown) => (value === undefined ? undefined : String(value).toLowerCase());
        const filter = {
          book: String(options.book),
          accountId: text(options.account),
          transferId: text(options.transfer),
          from: text(options.from),
          to: text(options.to),
        };
        const transfers: object[] = [];
        const lines: string[][] = [];
        for await (const posting of readArchived(String(options.fromFolder), filter, keysOf(options))) {
          const amount = formatAmount(BigInt(posting.amount_minor), posting.currency);
          transfers.push({ ...posting, amount });
          lines.push([
            posting.sequence,
            posting.effective_date,
            posting.kind,
            posting.debit_account_id,
            posting.credit_account_id,
            `${amount} ${posting.currency}`,
            posting.description ?? posting.reference ?? posting.type ?? '',
          ]);
        }
        context.output.result({ transfers }, () =>
          table(['sequence', 'date', 'kind', 'debit', 'credit', 'amount', 'text'], lines, { right: [0, 5] }),
        );
      }),
    );
  addExample(show, 'longmen archive show --from-folder ../archive --account 01890000-0000-7000-8000-000000000002');
};

function keysOf(options: Readonly<Record<string, unknown>>): string[] {
  return Array.isArray(options.key) ? options.key.map(String) : [];
}

/** Where archives go: as said, else as configured. */
function folderOf(config: Config, said: unknown): string {
  if (said !== undefined) return String(said);
  if (config.archiveFolder !== undefined) return config.archiveFolder;
  throw new UsageError('say where archives go: --to <folder>, or LONGMEN_ARCHIVE_FOLDER');
}

async function open(context: Context, to: unknown) {
  const { evidenceFolder, openPostingEvidence } = await import('#systems/evidence');
  const config = await context.config();
  const folder = folderOf(config, to);
  const db = await context.database();
  const { clock } = context;
  const evidence = openPostingEvidence({
    db,
    clock,
    folder: evidenceFolder(config),
    origin: config.evidenceOrigin,
    log: await context.log(),
  });
  return { db, clock, timeZone: config.timeZone, evidence, folder };
}

/** The last archive of each book is the one the database remembers. @throws `archive_unsound` */
async function compare(context: Context, books: readonly { book: string; manifest_sha256: string }[]): Promise<void> {
  const [{ archiveError, listArchives }, { findBook }] = await Promise.all([
    import('#systems/archive'),
    import('#kernel/events'),
  ]);
  const db = await context.database();
  for (const { book, manifest_sha256: found } of books) {
    const last = (await listArchives(db, (await findBook(db, book)).bookId)).at(-1);
    if (last?.manifestSha256 === found) continue;
    throw archiveError('archive_unsound', `The database remembers another last archive of book ${book}`, { book });
  }
}
