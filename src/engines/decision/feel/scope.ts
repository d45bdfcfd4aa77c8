/** Variables of compiled expressions: names are resolved to places once, values live in frames at run time. */
import type { Node } from './ast.ts';
import type { Run } from './run.ts';
import { isContext, type Value } from './values.ts';

/** The variables of one scope at run time. */
export class Frame {
  readonly values: Value[];
  readonly up: Frame | null;

  constructor(values: Value[], up: Frame | null) {
    this.values = values;
    this.up = up;
  }
}

/** A compiled expression. */
export type Code = (frame: Frame, run: Run) => Value;

/** Compiles a tree for the frames of a scope; parts of the compiler get it from `compile.ts`. */
export type Compile = (node: Node, scope: Scope) => Code;

/** The names of one scope at compile time. In an `item` scope, entries of the item are names as well. */
export class Scope {
  readonly up: Scope | null;
  readonly isItem: boolean;
  private readonly slots = new Map<string, number>();
  private size = 0;

  constructor(up: Scope | null, names: readonly string[] = [], isItem = false) {
    this.up = up;
    this.isItem = isItem;
    for (const name of names) this.declare(name);
  }

  /** A new place for the name; an earlier one of that name is hidden from now on. */
  declare(name: string): number {
    const slot = this.size;
    this.slots.set(name, slot);
    this.size += 1;
    return slot;
  }

  slotOf(name: string): number | undefined {
    return this.slots.get(name);
  }
}

/** Code that reads a variable; null when no scope has the name and no item could. */
export function readVariable(scope: Scope, name: string, otherwise: Code | null): Code | null {
  const itemDepths: number[] = [];
  let depth = 0;
  for (let current: Scope | null = scope; current !== null; current = current.up, depth += 1) {
    const slot = current.slotOf(name);
    // An entry called `item` hides the item itself.
    if (current.isItem) itemDepths.push(depth);
    if (slot === undefined) continue;
    return throughItems(itemDepths, name, readSlot(depth, slot));
  }
  if (otherwise !== null) return throughItems(itemDepths, name, otherwise);
  return itemDepths.length === 0 ? null : throughItems(itemDepths, name, () => null);
}

function readSlot(depth: number, slot: number): Code {
  if (depth === 0) return (frame) => frame.values[slot] ?? null;
  if (depth === 1) return (frame) => frame.up?.values[slot] ?? null;
  return (frame) => frameAt(frame, depth)?.values[slot] ?? null;
}

function frameAt(frame: Frame, depth: number): Frame | null {
  let current: Frame | null = frame;
  for (let hops = depth; hops > 0 && current !== null; hops -= 1) current = current.up;
  return current;
}

function throughItems(depths: readonly number[], name: string, otherwise: Code): Code {
  if (depths.length === 0) return otherwise;
  return (frame, run) => {
    for (const depth of depths) {
      const item = frameAt(frame, depth)?.values[0] ?? null;
      if (isContext(item)) {
        const value = item.get(name);
        if (value !== undefined) return value;
      }
    }
    return otherwise(frame, run);
  };
}
