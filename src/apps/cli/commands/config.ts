import { addExample, type RegisterCommand } from '../command.ts';

/** `longmen config`: every setting, its value in force, and what it means. Values that may hold a password stay hidden. */
export const configCommand: RegisterCommand = (program, act) => {
  const command = program
    .command('config')
    .description('show every setting: its value in force, where it is set, and what it means')
    .action(
      act(async (context) => {
        const { describeConfig } = await import('#kernel/config');
        const config = await context.config();
        const settings = describeConfig().map((key): Setting => {
          const value = config[key.name];
          const hidden = key.secret && value !== undefined;
          const { env, file, default: fallback, expects, doc } = key;
          return { env, file, value: hidden ? '(hidden)' : (value ?? null), default: fallback, expects, doc };
        });
        context.output.result({ settings }, () => settings.map(paragraph).join('\n\n'));
      }),
    );
  addExample(command, 'longmen config', 'LONGMEN_PORT=9090 longmen config --json');
};

function paragraph(setting: Setting): string {
  const { env, file, value, expects, doc } = setting;
  const inFile = file === null ? '' : ` In the configuration file: ${file}.`;
  const fallback = setting.default === null ? 'Unset by default.' : `Default: ${setting.default}.`;
  return `${env}${value === null ? ' is not set' : ` = ${value}`}\n    ${doc}\n    Expects ${expects}. ${fallback}${inFile}`;
}

interface Setting {
  readonly env: string;
  readonly file: string | null;
  readonly value: string | number | null;
  readonly default: string | null;
  readonly expects: string;
  readonly doc: string;
}
