import { addExample, type RegisterCommand } from '../command.ts';
import { table } from '../output.ts';
import { place } from './backup.ts';
import { booksUnsound, verifyEverything } from './verify.ts';

/** `longmen restore`: a new data folder as the institution was at an instant, verified. */
export const restoreCommand: RegisterCommand = (program, act) => {
  const command = program
    .command('restore')
    .description('make a new data folder (--data) from a backup, as everything was at an instant, and verify the books')
    .option('--from <folder>', 'the backup folder (LONGMEN_BACKUP_FOLDER)')
    .option('--to-time <instant>', 'RFC 3339, such as 2026-11-22T10:15:30Z (default: as late as possible)')
    .option('--base <name>', 'a base backup of `longmen backup list` (default: the newest that fits)')
    .option('--key-file <file>', 'file with the key of the backup (LONGMEN_BACKUP_KEY_FILE)')
    .action(
      act(async (context, _words, options) => {
        const [{ openRepository, restore }, { instantText, parseInstant }, { openDatabase }, ledger, { listBooks }] =
          await Promise.all([
            import('#kernel/backup'),
            import('#kernel/dates'),
            import('#kernel/database'),
            import('#engines/ledger'),
            import('#kernel/events'),
          ]);
        const time = options.toTime === undefined ? undefined : instantText(parseInstant(String(options.toTime)));
        const { dataFolder } = await context.config();
        const { folder, key } = await place(context, options.from, options.keyFile);
        const repository = await openRepository(folder, key);
        const progress = context.progress();
        const stop = new AbortController();
        const log = await context.log();
        const running = restore({
          repository,
          dataFolder,
          time,
          base: options.base === undefined ? undefined : String(options.base),
          log,
          signal: stop.signal,
          onProgress: (done, total, what) => progress(done, total, what),
          async verify(config) {
            const db = await openDatabase(config, { log });
            try {
              const evidenceFolder = undefined;
              const report = await verifyEverything(db, { ...config, evidenceFolder }, progress);
              const books = [];
              for (const { bookId, code } of await listBooks(db)) {
                const counted = report.books.find(({ book }) => book === code);
                const postings = counted?.postings ?? 0;
                const afterSequence = BigInt(Math.max(0, postings - 1));
                const last = (await ledger.listTransfers(db, bookId, { afterSequence, limit: 1 }))[0];
                books.push({
                  book: code,
                  postings,
                  accounts: counted?.accounts ?? 0,
                  last_transfer: last?.id ?? null,
                  last_recorded_at: last?.recordedAt ?? null,
                });
              }
              const { checks, findings } = report;
              return { ok: findings.length === 0, checks, books, findings };
            } finally {
              await db.close();
            }
          },
        });
        context.onClose(async () => {
          stop.abort(new Error('interrupted'));
          await running.catch(() => undefined);
        });
        const { verified, ...report } = await running;
        context.output.result({ ...report, verified }, () => {
          const lines = [
            `${report.folder}: restored from base backup ${report.base} in ${report.seconds.toFixed(1)} s`,
            `last transaction committed: ${report.last_commit ?? 'before the base backup ended'}`,
          ];
          if (verified === null) return lines.concat(startIt(report.postgres_version)).join('\n');
          return `${lines.join('\n')}\n\n${table(
            ['book', 'journal rows', 'accounts', 'last transfer', 'recorded at', 'sound'],
            verified.books.map((one) => [
              one.book,
              `${one.postings}`,
              `${one.accounts}`,
              one.last_transfer ?? '',
              one.last_recorded_at ?? '',
              verified.findings.some(({ book }) => book === one.book) ? 'NO' : 'yes',
            ]),
            { right: [1, 2] },
          )}`;
        });
        if (verified !== null) booksUnsound(context, verified.findings);
      }),
    );
  addExample(
    command,
    'longmen restore --from ../backup --data ../restored --key-file backup.key',
    'longmen restore --from ../backup --data ../restored --to-time 2026-11-22T10:15:30Z',
  );
};

function startIt(version: number): string[] {
  return [
    `The backup is of a server that is not embedded. Start PostgreSQL ${version} on the folder \`postgres\` in it: it recovers by itself.`,
    'Then check the books: DATABASE_URL=… longmen verify',
  ];
}
