/** Relations between points and ranges (DMN 1.5 table 78, after HL7 CQL and Allen's interval algebra). */
import { compare, equal, rangeIncludes } from '../feel/operators.ts';
import type { Run } from '../feel/run.ts';
import { type FeelRange, isRange, kindOf, type Value } from '../feel/values.ts';
import { type Arguments, type BuiltIn, defineGroup } from './define.ts';

/** Thrown when two ends have no order; the function is then null. */
class NotComparable extends Error {}

/** One end of a range; `infinite` is -1 or 1 for the open side of an operator range. */
interface End {
  readonly value: Value;
  readonly included: boolean;
  readonly infinite: -1 | 0 | 1;
}

function start(range: FeelRange): End {
  const open = range.operator === '<' || range.operator === '<=';
  return { value: range.start, included: range.startIncluded, infinite: open ? -1 : 0 };
}

function end(range: FeelRange): End {
  const open = range.operator === '>' || range.operator === '>=';
  return { value: range.end, included: range.endIncluded, infinite: open ? 1 : 0 };
}

function point(value: Value): End {
  return { value, included: true, infinite: 0 };
}

function order(left: End, right: End): number {
  if (left.infinite !== 0 || right.infinite !== 0) return left.infinite - right.infinite;
  const result = compare(left.value, right.value);
  if (result === null) throw new NotComparable();
  return result;
}

function precedes(left: End, right: End): boolean {
  const sign = order(left, right);
  return sign < 0 || (sign === 0 && (!left.included || !right.included));
}

function touches(left: End, right: End): boolean {
  return left.included && right.included && order(left, right) === 0;
}

/** Whether the range begins no later, both closed or open alike at the same point. */
function startsNoLater(a: FeelRange, b: FeelRange): boolean {
  const sign = order(start(a), start(b));
  return sign < 0 || (sign === 0 && (a.startIncluded || !b.startIncluded));
}

function endsNoEarlier(a: FeelRange, b: FeelRange): boolean {
  const sign = order(end(a), end(b));
  return sign > 0 || (sign === 0 && (a.endIncluded || !b.endIncluded));
}

function startsTogether(a: FeelRange, b: FeelRange): boolean {
  return order(start(a), start(b)) === 0 && a.startIncluded === b.startIncluded;
}

function endsTogether(a: FeelRange, b: FeelRange): boolean {
  return order(end(a), end(b)) === 0 && a.endIncluded === b.endIncluded;
}

function overlaps(a: FeelRange, b: FeelRange): boolean {
  return !precedes(end(a), start(b)) && !precedes(end(b), start(a));
}

function startsEarlier(a: FeelRange, b: FeelRange): boolean {
  return startsNoLater(a, b) && !startsTogether(a, b);
}

function low(value: Value): End {
  return isRange(value) ? start(value) : point(value);
}

function high(value: Value): End {
  return isRange(value) ? end(value) : point(value);
}

function within(value: Value, range: FeelRange): boolean {
  if (isRange(value)) return startsNoLater(range, value) && endsNoEarlier(range, value);
  const included = rangeIncludes(range, value);
  if (included === null) throw new NotComparable();
  return included;
}

type Relation = (left: Value, right: Value) => boolean;
type RangeRelation = (left: FeelRange, right: FeelRange) => boolean;

function ranges(relation: RangeRelation): Relation {
  return (left, right) => {
    if (!isRange(left) || !isRange(right)) throw new NotComparable();
    return relation(left, right);
  };
}

/** A relation of a point or a range on the left to a range on the right. */
function toRange(relation: (left: Value, right: FeelRange) => boolean): Relation {
  return (left, right) => {
    if (!isRange(right)) throw new NotComparable();
    return relation(left, right);
  };
}

const flipped =
  (relation: Relation): Relation =>
  (left, right) =>
    relation(right, left);

function checked(name: string, relation: Relation) {
  return ([left = null, right = null]: Arguments, run: Run): Value => {
    try {
      return relation(left, right);
    } catch (error) {
      if (!(error instanceof NotComparable)) throw error;
      return run.report('argument_invalid', `${name}: ${kindOf(left)} and ${kindOf(right)} cannot be related`);
    }
  };
}

const before: Relation = (left, right) =>
  isRange(left) || isRange(right) ? precedes(high(left), low(right)) : order(point(left), point(right)) < 0;
const finishes = toRange((left, right) => {
  if (!isRange(left)) return touches(point(left), end(right));
  return endsTogether(left, right) && startsNoLater(right, left);
});
const starts = toRange((left, right) => {
  if (!isRange(left)) return touches(point(left), start(right));
  return startsTogether(left, right) && endsNoEarlier(right, left);
});
const during = toRange(within);

const BOTH = [
  'point1: Any, point2: Any',
  'point: Any, range: range<Any>',
  'range: range<Any>, point: Any',
  'range1: range<Any>, range2: range<Any>',
];
const RANGES = 'range1: range<Any>, range2: range<Any>';
const POINT_RANGE = ['range1: range<Any>, range2: range<Any>', 'point: Any, range: range<Any>'];
const RANGE_POINT = ['range1: range<Any>, range2: range<Any>', 'range: range<Any>, point: Any'];

function relation(
  name: string,
  parameters: string | readonly string[],
  en: string,
  zh: string,
  holds: Relation,
  examples: readonly (readonly [string, string])[],
) {
  return { name, parameters, result: 'boolean', en, zh, examples, call: checked(name, holds) };
}

export const RANGE_FUNCTIONS: BuiltIn[] = defineGroup('range', [
  relation('before', BOTH, 'Whether the first ends before the second begins.', '前者是否在后者开始之前结束。', before, [
    ['before(1, 10)', 'true'],
    ['before([1..5), [5..10])', 'true'],
    ['before([1..5], [5..10])', 'false'],
  ]),
  relation(
    'after',
    BOTH,
    'Whether the first begins after the second ends.',
    '前者是否在后者结束之后开始。',
    flipped(before),
    [
      ['after(10, [1..5])', 'true'],
      ['after([5..10], [1..5])', 'false'],
    ],
  ),
  relation(
    'meets',
    RANGES,
    'Whether the first ends where the second begins, both closed there.',
    '前者结束处即后者开始处（均为闭端）。',
    ranges((a, b) => touches(end(a), start(b))),
    [['meets([1..5], [5..10])', 'true']],
  ),
  relation(
    'met by',
    RANGES,
    'Whether the first begins where the second ends, both closed there.',
    '前者开始处即后者结束处（均为闭端）。',
    ranges((a, b) => touches(start(a), end(b))),
    [['met by([5..10], [1..5])', 'true']],
  ),
  relation('overlaps', RANGES, 'Whether the ranges share a point.', '两区间是否相交。', ranges(overlaps), [
    ['overlaps([1..5], [3..8])', 'true'],
    ['overlaps([1..5], (5..8])', 'false'],
  ]),
  relation(
    'overlaps before',
    RANGES,
    'Whether the first begins earlier, shares points with the second and does not end later.',
    '前者更早开始、与后者相交且不晚于后者结束。',
    ranges((a, b) => startsEarlier(a, b) && overlaps(a, b) && endsNoEarlier(b, a)),
    [['overlaps before([1..5], [3..8])', 'true']],
  ),
  relation(
    'overlaps after',
    RANGES,
    'Whether the second overlaps before the first.',
    '后者更早开始、与前者相交且不晚于前者结束。',
    ranges((a, b) => startsEarlier(b, a) && overlaps(a, b) && endsNoEarlier(a, b)),
    [['overlaps after([3..8], [1..5])', 'true']],
  ),
  relation('finishes', POINT_RANGE, 'Whether the first ends the second.', '前者是否为后者的结尾部分。', finishes, [
    ['finishes(10, [1..10])', 'true'],
    ['finishes([5..10], [1..10])', 'true'],
  ]),
  relation(
    'finished by',
    RANGE_POINT,
    'Whether the second ends the first.',
    '后者是否为前者的结尾部分。',
    flipped(finishes),
    [['finished by([1..10], 10)', 'true']],
  ),
  relation('includes', RANGE_POINT, 'Whether the first holds the second.', '前者是否包含后者。', flipped(during), [
    ['includes([1..10], 5)', 'true'],
    ['includes([1..10], [4..6])', 'true'],
  ]),
  relation('during', POINT_RANGE, 'Whether the first lies in the second.', '前者是否在后者之内。', during, [
    ['during(5, [1..10])', 'true'],
    ['during([4..6], [1..10))', 'true'],
  ]),
  relation('starts', POINT_RANGE, 'Whether the first begins the second.', '前者是否为后者的开头部分。', starts, [
    ['starts(1, [1..10])', 'true'],
    ['starts([1..5], [1..10])', 'true'],
  ]),
  relation(
    'started by',
    RANGE_POINT,
    'Whether the second begins the first.',
    '后者是否为前者的开头部分。',
    flipped(starts),
    [['started by([1..10], 1)', 'true']],
  ),
  relation(
    'coincides',
    ['point1: Any, point2: Any', RANGES],
    'Whether the two are the same point or the same range.',
    '两点或两区间是否重合。',
    (left, right) => {
      if (isRange(left) && isRange(right)) return startsTogether(left, right) && endsTogether(left, right);
      const same = equal(left, right);
      if (same === null) throw new NotComparable();
      return same;
    },
    [
      ['coincides(5, 5)', 'true'],
      ['coincides([1..5], (1..5))', 'false'],
    ],
  ),
]);
