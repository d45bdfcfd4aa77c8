/** The command line itself: global options, the commands of the one list, and how a run ends. */
import { readFileSync } from 'node:fs';
import { Command, CommanderError } from 'commander';
import { defineErrors } from '#kernel/errors';
import { addExample, type CommandAction, type Handler } from './command.ts';
import { commands } from './commands/index.ts';
import { createContext, type GlobalOptions, type Surroundings } from './context.ts';
import { createOutput, exitCodeOf, UsageError } from './output.ts';

const cliError = defineErrors({ interrupted: { status: 503, title: 'Interrupted' } });

/**
 * Runs one command line and returns its exit code: 0 only on success, 2 when the command line is wrong, else 1.
 * @param argv the words behind `longmen`.
 */
export async function runCli(argv: readonly string[], surroundings: Surroundings): Promise<number> {
  // Looked up by hand because an error in the options themselves must be answered in JSON, too.
  const json = argv.slice(0, argv.includes('--') ? argv.indexOf('--') : undefined).includes('--json');
  const output = createOutput({ stdout: surroundings.stdout, stderr: surroundings.stderr, json });
  let help = '';
  let complaint = '';
  const program = new Command('longmen')
    .description('Longmen: the operating platform of a financial institution, in one command.')
    .version(packageVersion(), '--version', 'print the version')
    .option('--json', 'print exactly one JSON document on standard output')
    .option('--data <folder>', 'data folder (LONGMEN_DATA)')
    .option('--config <file>', 'configuration file (LONGMEN_CONFIG)')
    .helpOption('--help', 'explain a command')
    .helpCommand(false)
    .exitOverride()
    .configureHelp({ showGlobalOptions: true })
    .configureOutput({
      writeOut: (text) => {
        help += text;
      },
      writeErr: (text) => {
        complaint += text;
      },
    });
  addExample(program, 'longmen start', 'longmen token create --help');

  const act = (handler: Handler): CommandAction =>
    async function (this: Command) {
      const options = this.optsWithGlobals<GlobalOptions & Record<string, unknown>>();
      await runHandler(handler, surroundings, output, { json, data: options.data, config: options.config }, this);
    };
  for (const register of commands) register(program, act);

  try {
    await program.parseAsync([...argv], { from: 'user' });
    return 0;
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) {
      if (error.code === 'commander.version') output.result({ version: packageVersion() }, () => packageVersion());
      else output.result({ help }, () => help);
      return 0;
    }
    const reason = error instanceof CommanderError ? usageError(error) : error;
    if (error instanceof CommanderError && error.code === 'commander.help') surroundings.stderr.write(`${complaint}\n`);
    output.error(reason);
    return exitCodeOf(reason);
  }
}

async function runHandler(
  handler: Handler,
  surroundings: Surroundings,
  output: ReturnType<typeof createOutput>,
  options: GlobalOptions,
  command: Command,
): Promise<void> {
  let interrupted = false;
  // Work that was given up may still come to its end while its database closes; its result is no longer wanted.
  const whileWanted = (print: () => void) => {
    if (!interrupted) print();
  };
  const { context, isServing, close } = createContext(surroundings, options, {
    ...output,
    result: (document, human) => whileWanted(() => output.result(document, human)),
    text: (part) => whileWanted(() => output.text(part)),
    note: (text) => whileWanted(() => output.note(text)),
  });
  const { promise: interruption, reject } = Promise.withResolvers<never>();
  const onAbort = () => {
    if (isServing()) return;
    interrupted = true;
    reject(cliError('interrupted', 'stopped by a signal before the work was done'));
  };
  surroundings.signal.addEventListener('abort', onAbort, { once: true });
  try {
    const work = handler(context, command.processedArgs.flat().filter(isText), command.opts());
    // Nobody waits for it after an interruption; that it then fails is no second error.
    work.catch(() => {});
    await Promise.race([work, interruption]);
  } finally {
    surroundings.signal.removeEventListener('abort', onAbort);
    await close();
  }
}

function isText(word: unknown): word is string {
  return typeof word === 'string';
}

function usageError(error: CommanderError): UsageError {
  // A family such as `longmen token` without one of its commands: Commander then shows the help.
  if (error.code === 'commander.help') return new UsageError('a command is missing');
  return new UsageError(`${error.message.replace(/^error: /, '')}; see --help`);
}

/** The version in the package's `package.json`, which is three folders above both in the checkout and in the package. */
export function packageVersion(): string {
  const file = new URL('../../../package.json', import.meta.url);
  const { version } = JSON.parse(readFileSync(file, 'utf8')) as { version: string };
  return version;
}
