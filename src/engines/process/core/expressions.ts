/** FEEL over the variables of a scope. Compiled texts are kept, up to a limit, for the life of the process. */
import { type CompiledExpression, compileExpression, type FeelValue } from '#engines/decision';
import type { Moment } from './moment.ts';
import { decode, type Json } from './values.ts';

const kept = new Map<string, CompiledExpression>();
const KEPT_AT_MOST = 10_000;

/** A layer of variables; the first layer that has a name gives its value. */
export type Layers = readonly Readonly<Record<string, Json>>[];

/**
 * The value of `text` over `layers`, innermost first. Names may hold spaces, so which names there are decides how a text is
 * read; only those that occur in the text are looked at.
 */
export function evaluate(text: string, layers: Layers, moment: Moment): FeelValue {
  const found = new Map<string, Json>();
  for (const layer of layers) {
    for (const name in layer) {
      if (!found.has(name) && text.includes(name)) found.set(name, layer[name] ?? null);
    }
  }
  const names = [...found.keys()].sort();
  const key = `${text}\0${names.join('\0')}`;
  let compiled = kept.get(key);
  if (compiled === undefined) {
    compiled = compileExpression(text, names);
    if (kept.size >= KEPT_AT_MOST) kept.clear();
    kept.set(key, compiled);
  }
  const values = new Map<string, FeelValue>();
  for (const [name, value] of found) values.set(name, decode(value));
  return compiled.evaluate(values, { now: { epochMilliseconds: moment.now_ms }, timeZone: moment.timeZone });
}
