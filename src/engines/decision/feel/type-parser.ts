/** Reads a type in an expression: `number`, `list<T>`, `context<a: T>`, `function<T> -> U`, item definitions. */
import { isNamePart, isSpace, nameEnd, normalizeName } from './names.ts';
import type { Scanner } from './scanner.ts';
import { builtInType, type FeelType } from './types.ts';

const LONG_NAMES = [
  'years and months duration',
  'days and time duration',
  'date and time',
  'yearMonthDuration',
  'dayTimeDuration',
  'dateTime',
];

/** Null when the text names a type that does not exist; throws `feel_syntax` when it is not a type at all. */
export function parseType(scanner: Scanner, resolve: (name: string) => FeelType | undefined): FeelType | null {
  scanner.skip();
  for (const name of LONG_NAMES) {
    const end = nameEnd(scanner.text, scanner.position, name);
    if (end < 0) continue;
    scanner.position = end;
    return builtInType(name) ?? null;
  }
  const word = scanner.wordAt(scanner.position);
  if (word === '') scanner.fail(`Expected a type but found ${scanner.found()}`);
  const parameterized = ['list', 'range', 'context', 'function'].includes(word);
  if (parameterized) {
    const { position } = scanner;
    scanner.position += word.length;
    if (scanner.take('<')) return parameterizedType(word, scanner, resolve);
    scanner.position = position;
  }
  return namedType(scanner, resolve);
}

function parameterizedType(
  word: string,
  scanner: Scanner,
  resolve: (name: string) => FeelType | undefined,
): FeelType | null {
  if (word === 'list' || word === 'range') {
    const element = parseType(scanner, resolve);
    scanner.expect('>');
    return element === null ? null : { kind: word, element };
  }
  if (word === 'context') {
    const fields = new Map<string, FeelType>();
    let known = true;
    do {
      const name = scanner.declaredName(':');
      if (name === null) scanner.fail('Expected the name of an entry');
      scanner.expect(':');
      const type = parseType(scanner, resolve);
      if (type === null) known = false;
      else fields.set(name, type);
    } while (scanner.take(','));
    scanner.expect('>');
    return known ? { kind: 'context', fields } : null;
  }
  const parameters: (FeelType | null)[] = [];
  if (!scanner.at('>')) {
    do parameters.push(parseType(scanner, resolve));
    while (scanner.take(','));
  }
  scanner.expect('>');
  scanner.expect('->');
  const result = parseType(scanner, resolve);
  const known = parameters.filter((parameter) => parameter !== null);
  return result === null || known.length < parameters.length ? null : { kind: 'function', parameters: known, result };
}

/** The longest run of words (with dots for imported types) that names a type; without one, the first word is unknown. */
function namedType(scanner: Scanner, resolve: (name: string) => FeelType | undefined): FeelType | null {
  const { text, position } = scanner;
  let end = position;
  while (
    end < text.length &&
    (isNamePart(text[end] ?? '') || isSpace(text[end] ?? '') || ".-'/+*".includes(text[end] ?? ''))
  ) {
    end += 1;
  }
  for (let stop = end; stop > position; stop -= 1) {
    if (isNamePart(text[stop] ?? ' ') && isNamePart(text[stop - 1] ?? ' ')) continue;
    const name = normalizeName(text.slice(position, stop));
    const type = builtInType(name) ?? resolve(name);
    if (type !== undefined) {
      scanner.position = stop;
      return type;
    }
  }
  scanner.position = position + scanner.wordAt(position).length;
  while (text[scanner.position] === '.' && scanner.wordAt(scanner.position + 1) !== '') {
    scanner.position += 1 + scanner.wordAt(scanner.position + 1).length;
  }
  return null;
}
