/** Files of rates: `Date,Country,Exchange rate` (one US dollar in the country's currency), or one pair a row. */
import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { parse } from 'csv-parse/sync';
import type { Clock } from '#kernel/clock';
import type { Database } from '#kernel/database';
import { instantText, isValidDate, parseInstant } from '#kernel/dates';
import { currencyOn } from './countries.ts';
import { exchangeError } from './errors.ts';
import { addRates, faultOf, PIVOT, type Rate } from './rates.ts';

export interface RatesResult {
  readonly source: string;
  /** Rows of the file. */
  readonly rows: number;
  /** Rates that were not there before, and those that were. */
  readonly added: number;
  readonly unchanged: number;
  /** Rows nothing is known about, such as those of an unknown country. */
  readonly refused: number;
  /** What was refused and why; rows that have the same reason together. */
  readonly refusals: readonly { readonly reason: string; readonly rows: number; readonly first_line: number }[];
}

type Judged = Rate | { readonly refused: string };
/** A row's cells by the names of the header, and the source its rate is to have. */
type Reader = (cell: (name: string) => string, source: string) => Judged | { readonly damaged: string };

const layouts: readonly { readonly columns: readonly string[]; readonly read: Reader }[] = [
  {
    columns: ['Date', 'Country', 'Exchange rate'],
    read(cell, source) {
      const [date, country] = [cell('Date'), cell('Country')];
      if (!isValidDate(date)) return { damaged: `'${date}' is no date` };
      const quote = currencyOn(country, date);
      if (quote === undefined) return { refused: `no currency is known for the country '${country.slice(0, 60)}'` };
      return sound({
        source,
        base: PIVOT,
        quote,
        date,
        quotedAt: null,
        mid: cell('Exchange rate'),
        bid: null,
        ask: null,
      });
    },
  },
  {
    columns: ['date', 'base', 'quote', 'mid'],
    read(cell, source) {
      const date = cell('date');
      if (!isValidDate(date)) return { damaged: `'${date}' is no date` };
      const at = cell('quoted_at');
      let quotedAt: string | null = null;
      try {
        if (at !== '') quotedAt = instantText(parseInstant(at));
      } catch {
        return { damaged: `'${at.slice(0, 40)}' is no instant` };
      }
      const [base, quote] = [cell('base'), cell('quote')];
      const [bid, ask] = [cell('bid') || null, cell('ask') || null];
      return sound({ source, base, quote, date, quotedAt, mid: cell('mid'), bid, ask });
    },
  },
];

function sound(rate: Rate): Judged | { readonly damaged: string } {
  const fault = faultOf(rate);
  if (fault === undefined) return rate;
  return fault.endsWith('is no known currency') ? { refused: fault } : { damaged: fault };
}

/**
 * Loads a CSV file of rates in one transaction. A row of an unknown country or currency is refused and reported; a
 * damaged row (no date, no rate, other columns) refuses the file. The same file again changes nothing.
 *
 * @throws rate_file_invalid with line and reason; rate_differs when a rate is there with another value
 */
export async function importRates(
  deps: { readonly db: Database; readonly clock: Clock },
  path: string,
  options: { readonly source?: string | undefined } = {},
): Promise<RatesResult> {
  const name = basename(path);
  const source = options.source ?? name.replace(/\.[^.]*$/, '').toLowerCase();
  const damaged = (line: number, reason: string) =>
    exchangeError('rate_file_invalid', `${name}, line ${line}: ${reason}`, { file: name, line, reason });
  const [header = [], ...rows] = await readRows(path, name, damaged);
  const layout = layouts.find(({ columns }) => columns.every((column) => header.includes(column)));
  if (layout === undefined) {
    throw damaged(1, `the header is none of ${layouts.map(({ columns }) => columns.join(',')).join(' or ')}`);
  }
  const rates: Rate[] = [];
  const refusals = new Map<string, { reason: string; rows: number; first_line: number }>();
  for (const [index, row] of rows.entries()) {
    const line = index + 2;
    const judged = layout.read((column) => row[header.indexOf(column)] ?? '', source);
    if ('damaged' in judged) throw damaged(line, judged.damaged);
    if ('refused' in judged) {
      const same = refusals.get(judged.refused) ?? { reason: judged.refused, rows: 0, first_line: line };
      refusals.set(judged.refused, { ...same, rows: same.rows + 1 });
    } else rates.push(judged);
  }
  const recordedAt = instantText(deps.clock.now());
  const added = await deps.db.transaction((tx) => addRates(tx, rates, recordedAt));
  return {
    source,
    rows: rows.length,
    added,
    unchanged: rates.length - added,
    refused: rows.length - rates.length,
    refusals: [...refusals.values()],
  };
}

async function readRows(path: string, name: string, damaged: (line: number, reason: string) => Error) {
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(await readFile(path));
  } catch (error) {
    const reason = error instanceof Error && 'code' in error ? String(error.code) : 'not UTF-8 text';
    throw exchangeError('rate_file_invalid', `${name} cannot be read (${reason})`, { file: name, reason });
  }
  try {
    return parse(text, { bom: true, skip_empty_lines: true });
  } catch (error) {
    const line = error instanceof Error && 'lines' in error ? Number(error.lines) : 0;
    throw damaged(line, error instanceof Error ? error.message : String(error));
  }
}
