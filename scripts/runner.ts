/**
 * What the three runners (`bench`, `conformance`, `soak`) share: one way to name a piece of work, to list the names, and
 * to print either a table for people or exactly one JSON document for programs.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { jsonText, progressBar } from '#apps/cli';
import { LongmenError } from '#kernel/errors';

/** The folder of the project: where `package.json` is. */
export const root = dirname(dirname(fileURLToPath(import.meta.url)));

/** The command line of a runner: `<name> [--json] [further arguments of the named work]`. */
export interface RunnerArguments {
  readonly name: string | undefined;
  readonly json: boolean;
  readonly rest: readonly string[];
}

export function runnerArguments(argv: readonly string[]): RunnerArguments {
  const words = argv.filter((word) => word !== '--json' && word !== '--');
  const name = words[0]?.startsWith('-') ? undefined : words[0];
  return { name, json: argv.includes('--json'), rest: name === undefined ? words : words.slice(1) };
}

/** The names of the work in `folder`: every `<name>.ts` beside `run.ts` that exports a `run`. */
export function workNames(folder: string): string[] {
  const exportsRun = /^export (const|function|async function) run\b/m;
  return readdirSync(join(root, folder))
    .filter((file) => file.endsWith('.ts') && !file.endsWith('.test.ts') && file !== 'run.ts')
    .filter((file) => exportsRun.test(readFileSync(join(root, folder, file), 'utf8')))
    .map((file) => file.slice(0, -'.ts'.length))
    .sort();
}

/**
 * Loads `<folder>/<name>.ts`, one of {@link workNames}.
 * @returns undefined when there is no work of this name.
 */
export async function loadWork(folder: string, name: string): Promise<{ readonly run: unknown } | undefined> {
  if (!workNames(folder).includes(name)) return undefined;
  const loaded: unknown = await import(pathToFileURL(join(root, folder, `${name}.ts`)).href);
  if (typeof loaded === 'object' && loaded !== null && 'run' in loaded && typeof loaded.run === 'function') {
    return { run: loaded.run };
  }
  throw new Error(`${folder}/${name}.ts exports no function named run`);
}

/** One line on standard error: what the work says about itself while it runs. */
export function log(text: string): void {
  process.stderr.write(`${text}\n`);
}

/** The one JSON document of a runner on standard output. */
export function printDocument(document: unknown): void {
  process.stdout.write(`${jsonText(document)}\n`);
}

/** A progress function `(done, total, what)` for the work; a bar is drawn on a terminal only, and never with `--json`. */
export function runnerProgress(json: boolean): ReturnType<typeof progressBar> {
  return progressBar({ visible: !json && process.stderr.isTTY === true, stream: process.stderr });
}

/** Ends a runner with the exit code of `main`. A declared error becomes one line `code: detail`, a defect its stack. */
export async function runMain(main: () => Promise<number>): Promise<void> {
  try {
    process.exitCode = await main();
  } catch (error) {
    if (error instanceof LongmenError) log(`${error.code}: ${error.message}`);
    else log(error instanceof Error ? (error.stack ?? error.message) : String(error));
    process.exitCode = 1;
  }
}
