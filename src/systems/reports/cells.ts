/** Cells of units at a point, read from the books: entities, what a consolidation takes away, the rest of the bank. */
import type { Queryable } from '#kernel/database';
import { type Consolidation, type EliminationSide, eliminate, takes, unitCell } from './consolidation.ts';
import { type Cell, INTERNAL, type Point, sideOf, type Unit } from './model.ts';
import { accountTotals, codeTotals, type GroupFilter } from './source.ts';

export interface CellsWanted {
  readonly units: readonly Unit[];
  readonly consolidation: Consolidation | null;
  readonly group: GroupFilter | null;
  /** Whether the report is about a code. */
  readonly covers: (code: string) => boolean;
  /** Whether the cells of a unit shall add up to zero, as those of a whole book do. */
  readonly balanced: boolean;
}

/** What the units hold at a point, each code once per unit and currency, with the cells that eliminate. */
export async function cellsAt(db: Queryable, wanted: CellsWanted, point: Point): Promise<Cell[]> {
  const cells: Cell[] = [];
  for (const unit of wanted.units) {
    const nets = new Map<string, Map<string, bigint>>();
    for (const book of unit.books) {
      for (const { currency, code, debits, credits } of await codeTotals(db, book.bookId, point, wanted.group)) {
        if (!wanted.covers(code)) continue;
        const held = nets.get(currency) ?? new Map<string, bigint>();
        nets.set(currency, held);
        held.set(code, (held.get(code) ?? 0n) + debits - credits);
      }
    }
    for (const [currency, codes] of [...nets].sort()) {
      const own = [...codes].sort().map(([code, net]) => unitCell(unit, currency, code, net));
      cells.push(...own);
      const open = own.reduce((sum, { net }) => sum + net, 0n);
      if (!wanted.balanced || open === 0n) continue;
      // Some accounts only: what they owe to the others and have from them, which is the opposite of all they hold.
      const opposite = new Map(own.map(({ code }) => [code, -1n]));
      const sources = [{ unit, codes: opposite, accounts: null }];
      cells.push({ unit: unit.key, currency, code: INTERNAL, net: -open, side: sideOf(-open), sources });
    }
  }
  const rules = wanted.consolidation?.eliminations ?? [];
  if (rules.length === 0 || point.onlyAdjustments) return cells;
  const selected = new Map<EliminationSide, readonly Cell[]>();
  for (const side of rules.flatMap(({ one, other }) => [one, other])) {
    selected.set(side, await selectCells(db, wanted.units, cells, side, point));
  }
  return [...cells, ...eliminate(rules, (side) => selected.get(side) ?? []).cells];
}

/** What a side of an elimination takes of an entity: whole codes, or listed accounts of them. */
async function selectCells(
  db: Queryable,
  units: readonly Unit[],
  cells: readonly Cell[],
  side: EliminationSide,
  point: Point,
): Promise<Cell[]> {
  const unit = units.find(({ key }) => key === side.entity);
  const whole = cells.filter((cell) => cell.unit === side.entity && takes(side, cell.code));
  const { accounts } = side;
  if (accounts === undefined || unit === undefined) return whole;
  const nets = new Map<string, { currency: string; code: string; net: bigint }>();
  for (const { bookId } of unit.books) {
    const totals = await accountTotals(db, bookId, accounts, point);
    const { rows } = await db.query<{ id: string; code: string; currency: string }>(
      'select account_id as id, code, currency from ledger.account where book_id = $1 and account_id = any ($2::uuid[])',
      [bookId, [...totals.keys()]],
    );
    for (const { id, code, currency } of rows) {
      if (!takes(side, code)) continue;
      const { debits, credits } = totals.get(id) ?? { debits: 0n, credits: 0n };
      const key = `${currency} ${code}`;
      nets.set(key, { currency, code, net: (nets.get(key)?.net ?? 0n) + debits - credits });
    }
  }
  // On the side where the whole code stands, so that both meet in one line.
  return [...nets.values()].flatMap(({ currency, code, net }) => {
    const shown = whole.find((cell) => cell.currency === currency && cell.code === code);
    if (shown === undefined) return [];
    return [
      {
        ...unitCell(
          unit,
          currency,
          code,
          net,
          accounts.map((id) => id.toLowerCase()),
        ),
        side: shown.side,
      },
    ];
  });
}
