/**
 * The decision engine: DMN 1.2 to 1.5 and FEEL, in Node and in browsers.
 *
 * @example
 * const model = load(xmlText);
 * evaluate(model, { 'Applicant Age': 34 }).values['Eligibility'];
 */
import { type FeelNumber, isNumber, numberFromText, toDecimal } from './feel/numbers.ts';
import { isEqual } from './feel/operators.ts';
import { dateFromText, dateTimeFromText, durationFromText, timeFromText } from './feel/temporal-parse.ts';
import { isContext, isList } from './feel/values.ts';

export type { BuiltIn, BuiltInGroup } from './builtins/index.ts';
export { BUILT_INS, signatureText } from './builtins/index.ts';
export { checkExpression } from './checks/expression.ts';
export { check } from './checks/model.ts';
export type {
  CompiledExpression,
  EvaluationOptions,
  EvaluationRequest,
  EvaluationResult,
  JsonResult,
  Model,
} from './engine.ts';
export { compileExpression, evaluate, evaluateExpression, evaluateValues, inputsFromJson, load } from './engine.ts';
export type { PathStep } from './feel/path.ts';
export type { Limits, Message } from './feel/run.ts';
export { DEFAULT_LIMITS } from './feel/run.ts';
export { literalText, valueText } from './feel/text.ts';
export type { Value as FeelValue } from './feel/values.ts';
export { fromJson, toJson } from './json.ts';
export type * from './model/model.ts';
export type { Problem, Severity } from './model/problems.ts';
export { readDmn } from './model/read.ts';
export { writeDmn } from './model/write.ts';

/** Makers and comparisons of FEEL values for programs; makers give null for a text that is not one. */
export const feel = {
  number: numberFromText,
  date: dateFromText,
  time: timeFromText,
  dateTime: dateTimeFromText,
  duration: durationFromText,
  isNumber,
  isList,
  isContext,
  isEqual,
  /** Whether two numbers differ by no more than `tolerance` relative to the first (absolute below one). */
  nearlyEqual(expected: FeelNumber, actual: FeelNumber, tolerance: string): boolean {
    const wanted = toDecimal(expected);
    const scale = wanted.abs().gt(1) ? wanted.abs() : 1;
    return wanted.minus(toDecimal(actual)).abs().lte(toDecimal(1).times(tolerance).times(scale));
  },
};
