/** Filling a layout: which line each cell belongs to, what each line comes to, and what a number is made of. No I/O. */
import { type CompiledLayout, type LayoutLine, signOf } from './layout.ts';
import type { Cell, Source } from './model.ts';

export interface Filled {
  /** The amount of a line as it is shown; null for a heading. */
  amountOf(line: LayoutLine): bigint | null;
  /** The cells of a line, with the factor each counts with. */
  cellsOf(line: LayoutLine): { readonly cell: Cell; readonly factor: bigint }[];
  /** Cells that the report covers and no line takes. */
  readonly unassigned: readonly Cell[];
}

/** Puts cells of one currency, of one unit or several, into the lines of a layout. */
export function fill(compiled: CompiledLayout, cells: readonly Cell[]): Filled {
  const leaves = new Map<string, Cell[]>();
  const unassigned: Cell[] = [];
  const put = (line: LayoutLine, cell: Cell) => {
    const held = leaves.get(line.key) ?? [];
    held.push(cell);
    leaves.set(line.key, held);
  };
  for (const cell of cells) {
    if (!compiled.covers(cell.code)) continue;
    const line = compiled.lineOf(cell.code, cell.side);
    if (line === null) unassigned.push(cell);
    else put(line, cell);
    for (const memo of compiled.memosOf(cell.code, cell.side)) put(memo, cell);
  }
  const lines = new Map(compiled.layout.lines.map((line) => [line.key, line]));
  const cellsOf = (line: LayoutLine) =>
    [...compiled.leavesOf(line.key)].flatMap(([leafKey, times]) => {
      const leaf = lines.get(leafKey);
      const factor = leaf === undefined ? 0n : times * signOf(leaf);
      return factor === 0n ? [] : (leaves.get(leafKey) ?? []).map((cell) => ({ cell, factor }));
    });
  return {
    cellsOf,
    amountOf(line) {
      if (compiled.leavesOf(line.key).size === 0) return null;
      return cellsOf(line).reduce((sum, { cell, factor }) => sum + factor * cell.net, 0n);
    },
    unassigned,
  };
}

/**
 * The accounts behind cells: sources of the same accounts are one, with the factors of each code added up. What is taken
 * away again, as by an elimination, is no longer there.
 */
export function sourcesOf(cells: readonly { readonly cell: Cell; readonly factor: bigint }[]): Source[] {
  const merged = new Map<string, { source: Source; codes: Map<string, bigint> }>();
  for (const { cell, factor } of cells) {
    for (const source of cell.sources) {
      const key = JSON.stringify([source.unit.key, source.accounts]);
      const held = merged.get(key) ?? { source, codes: new Map<string, bigint>() };
      merged.set(key, held);
      for (const [code, times] of source.codes) held.codes.set(code, (held.codes.get(code) ?? 0n) + factor * times);
    }
  }
  return [...merged.values()]
    .map(({ source, codes }) => ({ ...source, codes: new Map([...codes].filter(([, times]) => times !== 0n).sort()) }))
    .filter(({ codes }) => codes.size > 0);
}
