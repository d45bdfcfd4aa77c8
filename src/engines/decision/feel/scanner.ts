/** Reads the smallest parts of a FEEL text: white space and comments, words, symbols, numbers and strings. */
import { charAt, isNamePart, isNameStart, isSpace, normalizeName } from './names.ts';
import { type FeelNumber, numberFromText } from './numbers.ts';

const NAME_SYMBOLS = "./-'+*";
const NUMBER = /(?:\d+(?:\.\d+)?|\.\d+)(?:[eE][+-]?\d+)?/y;

/** Why a text cannot be read further. Not an Error: guesses of the parser fail often, and stack traces are slow to make. */
export class SyntaxFailure {
  readonly message: string;
  readonly start: number;
  readonly end: number;

  constructor(message: string, start: number, end: number) {
    this.message = message;
    this.start = start;
    this.end = end;
  }
}

export class Scanner {
  readonly text: string;
  position = 0;

  constructor(text: string) {
    this.text = text;
  }

  /** Throws a {@link SyntaxFailure}, which the parser turns into `feel_syntax`. */
  fail(message: string, start = this.position, end = Math.min(this.text.length, start + 1)): never {
    throw new SyntaxFailure(message, start, end);
  }

  /** Skips white space and comments. */
  skip(): void {
    for (;;) {
      const char = charAt(this.text, this.position);
      if (char === '') return;
      if (isSpace(char)) {
        this.position += char.length;
      } else if (this.text.startsWith('//', this.position)) {
        const end = this.text.slice(this.position).search(/[\n\r\u2028\u2029]/);
        this.position = end < 0 ? this.text.length : this.position + end;
      } else if (this.text.startsWith('/*', this.position)) {
        const end = this.text.indexOf('*/', this.position + 2);
        if (end < 0) this.fail('Comment is not closed');
        this.position = end + 2;
      } else {
        return;
      }
    }
  }

  at(symbol: string): boolean {
    this.skip();
    return this.text.startsWith(symbol, this.position);
  }

  take(symbol: string): boolean {
    if (!this.at(symbol)) return false;
    this.position += symbol.length;
    return true;
  }

  expect(symbol: string): void {
    if (!this.take(symbol)) this.fail(`Expected '${symbol}' but found ${this.found()}`);
  }

  /** What stands here, for messages. */
  found(): string {
    this.skip();
    const word = this.wordAt(this.position);
    if (word !== '') return `'${word}'`;
    const char = charAt(this.text, this.position);
    return char === '' ? 'the end' : `'${char}'`;
  }

  wordAt(position: number): string {
    const first = charAt(this.text, position);
    if (first === '' || !isNameStart(first)) return '';
    let end = position + first.length;
    for (let char = charAt(this.text, end); char !== '' && isNamePart(char); char = charAt(this.text, end)) {
      end += char.length;
    }
    return this.text.slice(position, end);
  }

  atWord(word: string): boolean {
    this.skip();
    return this.text.startsWith(word, this.position) && this.wordAt(this.position) === word;
  }

  takeWord(word: string): boolean {
    if (!this.atWord(word)) return false;
    this.position += word.length;
    return true;
  }

  expectWord(word: string): void {
    if (!this.takeWord(word)) this.fail(`Expected '${word}' but found ${this.found()}`);
  }

  /** A number literal without sign; null when none stands here. */
  number(): FeelNumber | null {
    NUMBER.lastIndex = this.position;
    const match = NUMBER.exec(this.text);
    if (match === null) return null;
    const start = this.position;
    this.position += match[0].length;
    const value = numberFromText(match[0]);
    if (value === null) this.fail('Number is out of range', start, this.position);
    return value;
  }

  /** A string literal, its escapes resolved; a backslash before any other character stays as it is. */
  string(): string {
    const start = this.position;
    this.position += 1;
    let result = '';
    for (;;) {
      const char = this.text[this.position];
      if (char === undefined) this.fail('String is not closed', start, this.text.length);
      this.position += 1;
      if (char === '"') return result;
      result += char === '\\' ? this.escape() : char;
    }
  }

  private escape(): string {
    const char = this.text[this.position];
    const simple = { n: '\n', r: '\r', t: '\t', '"': '"', "'": "'", '\\': '\\' }[char ?? ''];
    if (simple !== undefined) {
      this.position += 1;
      return simple;
    }
    const digits = char === 'u' ? 4 : char === 'U' ? 6 : 0;
    const hex = this.text.slice(this.position + 1, this.position + 1 + digits);
    if (digits > 0 && hex.length === digits && /^[0-9a-fA-F]+$/.test(hex)) {
      const code = Number.parseInt(hex, 16);
      if (code > 0x10ffff) this.fail('No such Unicode character', this.position - 1, this.position + 1 + digits);
      this.position += 1 + digits;
      // A pair of \u escapes may spell one character beyond the basic plane, so surrogates pass.
      return code > 0xffff ? String.fromCodePoint(code) : String.fromCharCode(code);
    }
    return '\\';
  }

  /** A name being declared: everything up to one of `stops`, which must follow; null (and no move) when it does not. */
  declaredName(stops: string): string | null {
    this.skip();
    let at = this.position;
    for (let char = charAt(this.text, at); char !== ''; char = charAt(this.text, at)) {
      if (stops.includes(char)) {
        const name = normalizeName(this.text.slice(this.position, at));
        if (name === '' || !isNameStart(charAt(name, 0))) return null;
        this.position = at;
        return name;
      }
      if (!isNamePart(char) && !isSpace(char) && !NAME_SYMBOLS.includes(char)) return null;
      at += char.length;
    }
    return null;
  }
}
