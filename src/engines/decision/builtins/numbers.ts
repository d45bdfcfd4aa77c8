/** Numeric functions (DMN 1.5 table 76). */
import {
  asInteger,
  canonical,
  compareNumbers,
  type Decimal,
  Decimal128,
  type FeelNumber,
  moduloNumbers,
  negateNumber,
  toDecimal,
} from '../feel/numbers.ts';
import type { Run } from '../feel/run.ts';
import { DaysDuration, MonthsDuration, negateDuration } from '../feel/temporal.ts';
import type { Value } from '../feel/values.ts';
import { type Arguments, type BuiltIn, defineGroup, numberArg, wholeArg } from './define.ts';

const MIN_SCALE = -6111;
const MAX_SCALE = 6176;
type Rounding = 0 | 1 | 2 | 3 | 4 | 5 | 6;

/** Rounds to a number of decimal places, which may be negative; null when the scale is out of range. */
function round(value: FeelNumber, scale: number, rounding: Rounding, run: Run): Value {
  if (scale < MIN_SCALE || scale > MAX_SCALE) return run.report('argument_out_of_range', `No scale ${scale}`);
  if (typeof value === 'number' && scale >= 0) return value;
  const exact = toDecimal(value);
  if (scale >= 0) return canonical(exact.toDecimalPlaces(scale, rounding));
  const unit = Decimal128.pow(10, -scale);
  return canonical(exact.div(unit).toDecimalPlaces(0, rounding).times(unit));
}

const rounding =
  (mode: Rounding) =>
  ([value, scale]: Arguments, run: Run): Value =>
    round(numberArg(value), scale === undefined ? 0 : wholeArg(scale), mode, run);

/** Applies a function of one real; what is not a number becomes null. */
function real(name: string, apply: (value: Decimal) => Decimal) {
  return ([value]: Arguments, run: Run): Value =>
    canonical(apply(toDecimal(numberArg(value)))) ?? run.report('argument_out_of_range', `${name}: no result`);
}

function parity(value: FeelNumber, odd: boolean): boolean {
  const whole = asInteger(value);
  if (whole !== null) return (whole % 2 !== 0) === odd;
  const exact = toDecimal(value);
  return exact.isInteger() && !exact.mod(2).isZero() === odd;
}

export const NUMBER_FUNCTIONS: BuiltIn[] = defineGroup('number', [
  {
    name: 'decimal',
    parameters: 'n: number, scale: number',
    result: 'number',
    en: 'Rounds half-even to a number of decimal places.',
    zh: '按银行家舍入（四舍六入五成双）保留小数位。',
    examples: [
      ['decimal(1/3, 2)', '0.33'],
      ['decimal(2.5, 0)', '2'],
      ['decimal(1234, -2)', '1200'],
    ],
    call: rounding(6),
  },
  {
    name: 'floor',
    parameters: 'n: number, scale?: number',
    result: 'number',
    en: 'Rounds towards negative infinity.',
    zh: '向负无穷取整。',
    examples: [
      ['floor(1.5)', '1'],
      ['floor(-1.56, 1)', '-1.6'],
    ],
    call: rounding(3),
  },
  {
    name: 'ceiling',
    parameters: 'n: number, scale?: number',
    result: 'number',
    en: 'Rounds towards positive infinity.',
    zh: '向正无穷取整。',
    examples: [
      ['ceiling(1.5)', '2'],
      ['ceiling(-1.56, 1)', '-1.5'],
    ],
    call: rounding(2),
  },
  {
    name: 'round up',
    parameters: 'n: number, scale?: number',
    result: 'number',
    en: 'Rounds away from zero.',
    zh: '远离零舍入。',
    examples: [
      ['round up(5.5, 0)', '6'],
      ['round up(-1.126, 2)', '-1.13'],
    ],
    call: rounding(0),
  },
  {
    name: 'round down',
    parameters: 'n: number, scale?: number',
    result: 'number',
    en: 'Rounds towards zero.',
    zh: '向零舍入。',
    examples: [
      ['round down(5.5, 0)', '5'],
      ['round down(-1.126, 2)', '-1.12'],
    ],
    call: rounding(1),
  },
  {
    name: 'round half up',
    parameters: 'n: number, scale?: number',
    result: 'number',
    en: 'Rounds to the nearest, a half away from zero.',
    zh: '四舍五入（半数远离零）。',
    examples: [
      ['round half up(5.5, 0)', '6'],
      ['round half up(-1.125, 2)', '-1.13'],
    ],
    call: rounding(4),
  },
  {
    name: 'round half down',
    parameters: 'n: number, scale?: number',
    result: 'number',
    en: 'Rounds to the nearest, a half towards zero.',
    zh: '五舍六入（半数向零）。',
    examples: [
      ['round half down(5.5, 0)', '5'],
      ['round half down(-1.126, 2)', '-1.13'],
    ],
    call: rounding(5),
  },
  {
    name: 'abs',
    parameters: ['n: number', 'n: days and time duration', 'n: years and months duration'],
    result: 'Any',
    en: 'The absolute value of a number or a duration.',
    zh: '数值或时长的绝对值。',
    examples: [
      ['abs(-10)', '10'],
      ['abs(@"-PT5H")', 'PT5H'],
    ],
    call: ([value = null]) => {
      if (value instanceof DaysDuration) {
        return toDecimal(value.seconds).isNegative() ? negateDuration(value) : value;
      }
      if (value instanceof MonthsDuration) return value.months < 0 ? negateDuration(value) : value;
      const number = numberArg(value);
      return compareNumbers(number, 0) < 0 ? negateNumber(number) : number;
    },
  },
  {
    name: 'modulo',
    parameters: 'dividend: number, divisor: number',
    result: 'number',
    en: 'The remainder, with the sign of the divisor; null when the divisor is 0.',
    zh: '取余，符号同除数；除数为 0 则为 null。',
    examples: [
      ['modulo(12, 5)', '2'],
      ['modulo(-12, 5)', '3'],
      ['modulo(10.1, -4.5)', '-3.4'],
    ],
    call: ([dividend, divisor], run) =>
      moduloNumbers(numberArg(dividend), numberArg(divisor)) ?? run.report('division_by_zero', 'modulo: divisor is 0'),
  },
  {
    name: 'sqrt',
    parameters: 'number: number',
    result: 'number',
    en: 'The square root; null for negative numbers.',
    zh: '平方根；负数为 null。',
    examples: [['sqrt(16)', '4']],
    call: real('sqrt', (value) => value.sqrt()),
  },
  {
    name: 'log',
    parameters: 'number: number',
    result: 'number',
    en: 'The natural logarithm; null unless positive.',
    zh: '自然对数；非正数为 null。',
    examples: [['decimal(log(10), 8)', '2.30258509']],
    call: real('log', (value) => value.ln()),
  },
  {
    name: 'exp',
    parameters: 'number: number',
    result: 'number',
    en: 'e to the power of the number.',
    zh: 'e 的幂。',
    examples: [['decimal(exp(5), 8)', '148.4131591']],
    call: real('exp', (value) => value.exp()),
  },
  {
    name: 'odd',
    parameters: 'number: number',
    result: 'boolean',
    en: 'Whether the number is an odd integer.',
    zh: '是否奇数。',
    examples: [
      ['odd(5)', 'true'],
      ['odd(2)', 'false'],
    ],
    call: ([value]) => parity(numberArg(value), true),
  },
  {
    name: 'even',
    parameters: 'number: number',
    result: 'boolean',
    en: 'Whether the number is an even integer.',
    zh: '是否偶数。',
    examples: [
      ['even(5)', 'false'],
      ['even(2)', 'true'],
    ],
    call: ([value]) => parity(numberArg(value), false),
  },
]);
