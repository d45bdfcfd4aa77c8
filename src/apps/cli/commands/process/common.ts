/** What the `longmen process` commands share: the engine of a book, who acts, and files of variables. */
import { readFile } from 'node:fs/promises';
import { userInfo } from 'node:os';
import type { Command } from 'commander';
import type { Actor, Data, Engine } from '#engines/process';
import type { Context } from '../../context.ts';
import { UsageError } from '../../output.ts';

export type Options = Readonly<Record<string, unknown>>;

export function withBook(command: Command): Command {
  return command.option('--book <code>', 'code of the book', 'main');
}

export function withActor(command: Command): Command {
  return withBook(command).option('--actor <id>', 'in whose name (default: the user of the operating system)');
}

/** The engine works on nothing here; the workers of the server do. */
export async function engineOf(context: Context, options: Options): Promise<Engine> {
  const { openProcess } = await import('#engines/process');
  const { timeZone } = await context.config();
  return openProcess({ db: await context.database(), book: String(options.book), clock: context.clock, timeZone });
}

export function actorOf(options: Options): Actor {
  return { id: String(options.actor ?? userInfo().username), via: 'longmen' };
}

export function operationOf(options: Options): { readonly actor: Actor; readonly reason?: string } {
  return { actor: actorOf(options), ...(options.reason !== undefined && { reason: String(options.reason) }) };
}

export function numberOf(options: Options, name: string): number | undefined {
  const text = options[name];
  if (text === undefined) return undefined;
  if (!/^\d{1,9}$/.test(String(text))) throw new UsageError(`--${name} wants a whole number, not ${String(text)}`);
  return Number(text);
}

export async function readText(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    throw new UsageError(`cannot read ${file}: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** Variables of a JSON file; numbers keep all their digits. */
export async function variablesOf(options: Options): Promise<Data> {
  if (options.input === undefined) return {};
  let data: unknown;
  try {
    data = JSON.parse(await readText(String(options.input)), (_name, value, context?: { source?: string }) =>
      typeof value === 'number' && context?.source !== undefined ? { $number: context.source } : value,
    );
  } catch (error) {
    if (error instanceof UsageError) throw error;
    throw new UsageError(`the input is not JSON: ${error instanceof Error ? error.message : String(error)}`);
  }
  if (typeof data === 'object' && data !== null && !Array.isArray(data)) return { ...data };
  throw new UsageError('the input is not a JSON object');
}
