/** What a file in `commands/` is made of. */
import type { Command } from 'commander';
import type { Context } from './context.ts';

/** What a command does. `words` are its arguments in order, `options` its own options by their long names in camelCase. */
export type Handler = (
  context: Context,
  words: readonly string[],
  options: Readonly<Record<string, unknown>>,
) => Promise<void>;

/** What Commander calls: with the command as `this`. */
export type CommandAction = (this: Command) => Promise<void>;

/** Adds one command, or one family of commands, to the program; each leaf gets its action from `act`. */
export type RegisterCommand = (program: Command, act: (handler: Handler) => CommandAction) => void;

/** Adds the example that every help text ends with. */
export function addExample(command: Command, ...lines: string[]): Command {
  const title = lines.length > 1 ? 'Examples' : 'Example';
  return command.addHelpText('after', `\n${title}:\n${lines.map((line) => `  $ ${line}`).join('\n')}`);
}
