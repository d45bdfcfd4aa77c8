import { addExample, type RegisterCommand } from '../command.ts';

/** `longmen migrate`: brings the database's tables up to date, as every other command does too before its work. */
export const migrateCommand: RegisterCommand = (program, act) => {
  const command = program
    .command('migrate')
    .description('bring the tables of the database up to date and say what was applied')
    .action(
      act(async (context) => {
        const { findMigrations } = await import('#kernel/database');
        const log = await context.log();
        const applied: string[] = [];
        await context.database({
          info(fields, message) {
            if ('room' in fields && 'migration' in fields) applied.push(`${fields.room}/${fields.migration}`);
            log.info(fields, message);
          },
          warn: (fields, message) => log.warn(fields, message),
        });
        const total = findMigrations().length;
        context.output.result({ applied, total }, () =>
          [...applied, `${applied.length} applied now, ${total} in all`].join('\n'),
        );
      }),
    );
  addExample(command, 'longmen migrate');
};
