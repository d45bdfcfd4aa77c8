import { Option } from 'commander';
import { defineErrors } from '#kernel/errors';
import { addExample, type RegisterCommand } from '../command.ts';
import type { Context } from '../context.ts';
import { table, UsageError } from '../output.ts';

const cliBackupError = defineErrors({ backup_unsound: { status: 500, title: 'The backup is damaged' } });

const folderOption = '--from <folder>';
const folderText = 'the backup folder (LONGMEN_BACKUP_FOLDER)';
const keyOption = '--key-file <file>';
const keyText = 'file with the key of the backup (LONGMEN_BACKUP_KEY_FILE)';

/** `longmen backup`: backs up the running institution, and looks after its backups. */
export const backupCommand: RegisterCommand = (program, act) => {
  const family = program
    .command('backup')
    .helpCommand(false)
    .description('bring an encrypted backup up to the present, while the institution works')
    .option('--to <folder>', 'the backup folder, made when missing (LONGMEN_BACKUP_FOLDER)')
    .option(keyOption, keyText)
    .option('--full', 'take a new base backup, also when the log would be enough')
    .option('--follow', 'go on until interrupted: every transaction is in the backup within about a second')
    .action(
      act(async (context, _words, options) => {
        const [{ backup, followBackup }, { openReplicationAccess }] = await Promise.all([
          import('#kernel/backup'),
          import('#kernel/database'),
        ]);
        const config = await context.config();
        const { folder, key } = await place(context, options.to, options.keyFile);
        const log = await context.log();
        const access = await openReplicationAccess(config, log);
        context.onClose(() => access.close());
        const progress = context.progress();
        const mib = (bytes: number) => Math.ceil(bytes / 1024 / 1024);
        const stop = new AbortController();
        const common = {
          ...{ folder, key, access, dataFolder: config.dataFolder, clock: context.clock, log },
          signal: stop.signal,
          onProgress: (done: number, total: number) => progress(mib(done), mib(total), 'base backup, MiB'),
        };
        if (options.follow === true) {
          const following = followBackup({
            ...common,
            baseEveryHours: config.backupBaseHours,
            failAtStart: true,
            onRunning: ({ latest, createdKeyFile }) => {
              if (createdKeyFile !== null) context.output.note(keyNote(createdKeyFile));
              context.output.note(`archiving to ${folder}; everything up to ${latest} is there`);
            },
          });
          context.onClose(async () => {
            stop.abort();
            await following.catch(() => undefined);
          });
          const interrupted = context.untilInterrupted();
          await Promise.race([following, interrupted]);
          stop.abort();
          await following;
          context.output.result({ folder, stopped: true }, () => `stopped archiving to ${folder}`);
          return;
        }
        const running = backup({ ...common, full: options.full === true });
        context.onClose(async () => {
          stop.abort(new Error('interrupted'));
          await running.catch(() => undefined);
        });
        const report = await running;
        const { base, latest, wal_bytes, warnings, created_key_file } = report;
        const document = { folder, latest, base: base?.base ?? null, base_bytes: base?.bytes ?? 0 };
        const written = { new_bytes: base?.new_bytes ?? 0, base_seconds: report.base_seconds, wal_bytes };
        context.output.result({ ...document, ...written, created_key_file, warnings }, () => {
          const what = base === null ? '' : `base backup ${base.base} of ${mib(base.bytes)} MiB and `;
          return `${folder}: ${what}${mib(wal_bytes)} MiB of log; everything up to ${latest} is in the backup`;
        });
        for (const warning of warnings) context.output.note(warning);
      }),
    );
  addExample(
    family,
    'longmen backup --to ../backup',
    'longmen backup --to ../backup --follow',
    'longmen backup check --from ../backup',
  );

  const list = family
    .command('list')
    .description('show the base backups and the times that can be restored from each')
    .option(folderOption, folderText)
    .option(keyOption, keyText)
    .action(
      act(async (context, _words, options) => {
        const { listBases } = await import('#kernel/backup');
        const repository = await open(context, options);
        const bases = listBases(repository);
        context.output.result({ folder: repository.folder, head: repository.head, bases }, () => basesTable(bases));
      }),
    );
  addExample(list, 'longmen backup list --from ../backup');

  const check = family
    .command('check')
    .description('read and authenticate every part without restoring; exit code 0 only if all is sound')
    .option(folderOption, folderText)
    .option(keyOption, keyText)
    .action(
      act(async (context, _words, options) => {
        const { checkRepository } = await import('#kernel/backup');
        const repository = await open(context, options);
        const progress = context.progress();
        const report = await checkRepository(repository, (done, total) => progress(done, total, 'parts'));
        context.output.result(
          { folder: repository.folder, ...report },
          () =>
            `${basesTable(report.bases)}\n${report.parts} parts read, ${report.findings.length} damaged or missing\n`,
        );
        for (const { detail } of report.findings) context.output.note(detail);
        const [first] = report.findings;
        if (first !== undefined) throw cliBackupError('backup_unsound', first.detail, { part: first.part });
      }),
    );
  addExample(check, 'longmen backup check --from ../backup --json');

  const prune = family
    .command('prune')
    .description('throw away what no kept base backup needs; the newest one always stays')
    .option(folderOption, folderText)
    .option(keyOption, keyText)
    .addOption(new Option('--bases <count>', 'newest base backups to keep (LONGMEN_BACKUP_KEEP_BASES)'))
    .addOption(new Option('--days <count>', 'days back that stay restorable (LONGMEN_BACKUP_KEEP_DAYS)'))
    .action(
      act(async (context, _words, options) => {
        const [{ isRepository, openForWriting, openRepository, prune: apply }, { instantText }] = await Promise.all([
          import('#kernel/backup'),
          import('#kernel/dates'),
        ]);
        const config = await context.config();
        const { folder, key } = await place(context, options.from, options.keyFile);
        // Only a folder that is there is opened: nothing is made by throwing away.
        if (!isRepository(folder)) await openRepository(folder, key);
        const repository = await openForWriting(folder, key, context.clock);
        context.onClose(() => repository.close());
        const retention = {
          bases: wholeNumber('--bases', options.bases) ?? config.backupKeepBases,
          days: wholeNumber('--days', options.days) ?? config.backupKeepDays,
        };
        const report = await apply(repository, retention, instantText(context.clock.now()));
        context.output.result(
          { folder, ...report },
          () =>
            `${report.bases_removed.length} base backups removed, ${report.bases_kept.length} kept, ${report.files_removed} files gone`,
        );
      }),
    );
  addExample(prune, 'longmen backup prune --from ../backup --bases 3 --days 14');

  const release = family
    .command('release')
    .description('give up archiving to a folder: the server no longer keeps log for it')
    .option(folderOption, folderText)
    .option(keyOption, keyText)
    .action(
      act(async (context, _words, options) => {
        const [{ releaseBackup, openRepository }, { openReplicationAccess }] = await Promise.all([
          import('#kernel/backup'),
          import('#kernel/database'),
        ]);
        const config = await context.config();
        const { folder, key } = await place(context, options.from, options.keyFile);
        await openRepository(folder, key);
        const log = await context.log();
        const access = await openReplicationAccess(config, log);
        context.onClose(() => access.close());
        const { dataFolder } = config;
        const { released } = await releaseBackup({ folder, key, access, dataFolder, clock: context.clock, log });
        context.output.result({ folder, released }, () =>
          released ? `the server keeps no log for ${folder} any more` : `nothing was kept for ${folder}`,
        );
      }),
    );
  addExample(release, 'longmen backup release --from ../backup');
};

/** Where the backup and its key are, from the options or the settings. */
export async function place(context: Context, folder: unknown, keyFile: unknown) {
  const [{ resolve }, { backupKeyOf }] = await Promise.all([import('node:path'), import('#kernel/backup')]);
  const config = await context.config();
  const named = typeof folder === 'string' ? folder : config.backupFolder;
  if (named === undefined) throw new UsageError('name the backup folder, or set LONGMEN_BACKUP_FOLDER');
  const key = backupKeyOf(config, typeof keyFile === 'string' ? resolve(keyFile) : undefined);
  return { folder: resolve(named), key };
}

async function open(context: Context, options: Readonly<Record<string, unknown>>) {
  const { openRepository } = await import('#kernel/backup');
  const { folder, key } = await place(context, options.from, options.keyFile);
  return openRepository(folder, key);
}

function keyNote(path: string): string {
  return `A new key was made: ${path}. Keep a copy of it away from this machine; without it nobody can read the backup`;
}

function basesTable(
  bases: readonly {
    base: string;
    earliest: string;
    latest: string | null;
    bytes: number;
    missing_segment: string | null;
  }[],
) {
  return table(
    ['base backup', 'MiB', 'restorable from', 'to', 'missing log'],
    bases.map((one) => [
      one.base,
      `${Math.ceil(one.bytes / 1024 / 1024)}`,
      one.earliest,
      one.latest ?? 'not at all',
      one.missing_segment ?? '',
    ]),
    { right: [1] },
  );
}

function wholeNumber(option: string, value: unknown): number | undefined {
  if (value === undefined) return undefined;
  if (!/^\d{1,5}$/.test(String(value))) throw new UsageError(`${option} wants a whole number`);
  return Number(value);
}
