/** Names and their types while an expression is checked, and where findings go. */
import type { Located, TableNode } from './ast.ts';
import type { FeelType } from './types.ts';
import { ANY } from './types.ts';

export interface TypeScope {
  readonly names: ReadonlyMap<string, FeelType>;
  /** Names may stand for entries nobody knows before, so an unknown one is no error. */
  readonly open: boolean;
  readonly up: TypeScope | null;
}

export interface CheckContext {
  report(code: string, en: string, zh: string, place: Located): void;
  /** The type of a decision table; its cells are checked by the caller. */
  table(table: TableNode, scope: TypeScope): FeelType;
}

export function withNames(up: TypeScope | null, names: Iterable<readonly [string, FeelType]>): TypeScope {
  return { names: new Map(names), open: false, up };
}

/** The type of a name; undefined when it certainly does not exist. */
export function lookUp(scope: TypeScope, name: string): FeelType | undefined {
  let open = false;
  for (let current: TypeScope | null = scope; current !== null; current = current.up) {
    const type = current.names.get(name);
    if (type !== undefined) return open ? ANY : type;
    open ||= current.open;
  }
  return open ? ANY : undefined;
}

/** The name in scope that is spelled most alike, when it is close. */
export function nearest(name: string, scope: TypeScope): string | undefined {
  let best: string | undefined;
  let least = Math.max(name.length > 2 ? 2 : 1, Math.floor(name.length / 3)) + 1;
  for (let current: TypeScope | null = scope; current !== null; current = current.up) {
    for (const known of current.names.keys()) {
      const distance = editDistance(name.toLowerCase(), known.toLowerCase());
      if (distance < least) [best, least] = [known, distance];
    }
  }
  return best;
}

function editDistance(left: string, right: string): number {
  let row = Array.from({ length: right.length + 1 }, (_, index) => index);
  for (let i = 1; i <= left.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= right.length; j += 1) {
      const change = (row[j - 1] ?? 0) + (left[i - 1] === right[j - 1] ? 0 : 1);
      next.push(Math.min(change, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[right.length] ?? 0;
}
