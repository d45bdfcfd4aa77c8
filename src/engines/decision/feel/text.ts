/** Values as FEEL text: what `string()` gives, with strings quoted only inside lists and contexts. */
import { isNumber, numberToText } from './numbers.ts';
import {
  DaysDuration,
  dateText,
  dateTimeText,
  daysDurationText,
  FeelDate,
  FeelDateTime,
  FeelTime,
  MonthsDuration,
  monthsDurationText,
  timeText,
} from './temporal.ts';
import { FeelRange, isContext, isList, type Value } from './values.ts';

export function valueText(value: Value): string {
  return typeof value === 'string' ? value : literalText(value);
}

/** The value as it would be written in an expression; dates keep their plain text as `string()` of a list shows them. */
export function literalText(value: Value): string {
  if (value === null) return 'null';
  if (typeof value === 'string') return quoted(value);
  if (typeof value === 'boolean') return String(value);
  if (isNumber(value)) return numberToText(value);
  if (isList(value)) return `[${value.map(literalText).join(', ')}]`;
  if (isContext(value)) {
    return `{${[...value].map(([key, item]) => `${keyText(key)}: ${literalText(item)}`).join(', ')}}`;
  }
  if (value instanceof FeelDate) return dateText(value);
  if (value instanceof FeelTime) return timeText(value);
  if (value instanceof FeelDateTime) return dateTimeText(value);
  if (value instanceof DaysDuration) return daysDurationText(value);
  if (value instanceof MonthsDuration) return monthsDurationText(value);
  if (value instanceof FeelRange) return rangeText(value);
  return `function(${(value.signatures[0] ?? []).map((parameter) => parameter.name).join(', ')})`;
}

function quoted(text: string): string {
  return `"${text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n').replaceAll('\r', '\\r').replaceAll('\t', '\\t')}"`;
}

function keyText(key: string): string {
  return /^[\p{L}_][\p{L}\p{N}_ ]*$/u.test(key) ? key : quoted(key);
}

function rangeText(range: FeelRange): string {
  switch (range.operator) {
    case 'interval': {
      const open = range.startIncluded ? '[' : '(';
      return `${open}${literalText(range.start)}..${literalText(range.end)}${range.endIncluded ? ']' : ')'}`;
    }
    case '<':
    case '<=':
      return `(${range.operator} ${literalText(range.end)})`;
    default:
      return `(${range.operator} ${literalText(range.start)})`;
  }
}
