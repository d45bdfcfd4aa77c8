/** Reports as JSON: amounts are decimal text in major units, and each says how it is opened. */
import { formatAmount } from '#kernel/money';
import type { Grid, Part, Row } from './model.ts';
import type { AccountBehind, PostingBehind } from './open.ts';

export function gridJson(grid: Grid) {
  return {
    kind: grid.kind,
    name_zh: grid.nameZh,
    name_en: grid.nameEn,
    units: grid.units.map(({ key, name, books }) => ({ key, name, books: books.map(({ code }) => code) })),
    columns: grid.columns.map(({ key, nameZh, nameEn, point }) => ({
      key,
      name_zh: nameZh,
      name_en: nameEn,
      from: point?.from ?? null,
      to: point?.to ?? null,
      recorded_at: point?.recordedAt ?? null,
    })),
    sections: grid.sections.map(({ currency, rows, checks }) => ({
      currency,
      rows: rows.map((row) => rowJson(grid, currency, row)),
      checks: checks.map(({ column, nameEn, left, right }) => ({
        column,
        name: nameEn,
        left: formatAmount(left, currency),
        right: formatAmount(right, currency),
        holds: left === right,
      })),
    })),
  };
}

function rowJson(grid: Grid, currency: string, row: Row) {
  return {
    key: row.key,
    name_zh: row.nameZh,
    name_en: row.nameEn,
    level: row.level,
    bold: row.bold,
    cells: row.amounts.map((amount, index) => {
      const column = grid.columns[index]?.key ?? '';
      if (amount === null) return null;
      return {
        column,
        amount: formatAmount(amount, currency),
        codes: codesOf(grid.partsOf({ currency, row: row.key, column })),
      };
    }),
  };
}

/** The codes behind a number, each once. */
function codesOf(parts: readonly Part[]): string[] {
  const codes = new Set(parts.flatMap(({ sources }) => sources.flatMap((source) => [...source.codes.keys()])));
  return [...codes].sort();
}

export function accountJson({ book, accountId, code, name, currency, amount }: AccountBehind) {
  return { book, account_id: accountId, code, name, currency, amount: formatAmount(amount, currency) };
}

export function postingJson(posting: PostingBehind, currency: string) {
  return {
    transfer_id: posting.transferId,
    sequence: posting.sequence.toString(),
    effective_date: posting.effectiveDate,
    recorded_at: posting.recordedAt,
    counter_account_id: posting.counterAccountId,
    type: posting.type,
    description: posting.description,
    reference: posting.reference,
    adjustment: posting.adjustment,
    amount: formatAmount(posting.amount, currency),
  };
}
