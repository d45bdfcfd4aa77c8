/** The table of all built-in functions, by name. */
import type { FeelFunction } from '../feel/values.ts';
import { AGGREGATE_FUNCTIONS } from './aggregates.ts';
import { CONTEXT_FUNCTIONS } from './contexts.ts';
import { CONVERSION_FUNCTIONS } from './conversions.ts';
import { DATE_FUNCTIONS } from './dates.ts';
import type { BuiltIn } from './define.ts';
import { LIST_FUNCTIONS } from './lists.ts';
import { NUMBER_FUNCTIONS } from './numbers.ts';
import { RANGE_FUNCTIONS } from './ranges.ts';
import { STRING_FUNCTIONS } from './strings.ts';

export type { BuiltIn, BuiltInGroup } from './define.ts';
export { signatureText } from './define.ts';

export const BUILT_INS: ReadonlyMap<string, BuiltIn> = new Map(
  [
    ...CONVERSION_FUNCTIONS,
    ...DATE_FUNCTIONS,
    ...CONTEXT_FUNCTIONS,
    ...STRING_FUNCTIONS,
    ...AGGREGATE_FUNCTIONS,
    ...LIST_FUNCTIONS,
    ...NUMBER_FUNCTIONS,
    ...RANGE_FUNCTIONS,
  ].map((builtIn) => [builtIn.name, builtIn]),
);

export function builtInFunction(name: string): FeelFunction | undefined {
  return BUILT_INS.get(name)?.value;
}
