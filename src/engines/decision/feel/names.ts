/**
 * Names in FEEL may hold spaces and operator characters (`monthly payment`, `pre-tax`), so only the names in scope tell
 * where one ends: the longest that fits wins (DMN 1.5 §10.3.1.2).
 */

/** Runs of white space become one space. */
export function normalizeName(name: string): string {
  return name.trim().replace(/\s+/gu, ' ');
}

/** Ranges of code points that may begin a name (DMN 1.5 grammar rule 28), white space among them left out. */
const STARTS: readonly (readonly [number, number])[] = [
  [0xc0, 0xd6],
  [0xd8, 0xf6],
  [0xf8, 0x2ff],
  [0x370, 0x37d],
  [0x37f, 0x167f],
  [0x1681, 0x180d],
  [0x180f, 0x1fff],
  [0x200c, 0x200d],
  [0x2070, 0x218f],
  [0x2c00, 0x2fef],
  [0x3001, 0xd7ff],
  [0xf900, 0xfdcf],
  [0xfdf0, 0xfefe],
  [0xff00, 0xfffd],
  [0x10000, 0xeffff],
];

export function isNameStart(char: string): boolean {
  const code = char.codePointAt(0) ?? 0;
  if (code < 0x80) {
    // Letters, `_` and `?`.
    return (code >= 0x61 && code <= 0x7a) || (code >= 0x41 && code <= 0x5a) || code === 0x5f || code === 0x3f;
  }
  return STARTS.some(([low, high]) => code >= low && code <= high);
}

export function isNamePart(char: string): boolean {
  const code = char.codePointAt(0) ?? 0;
  if (code >= 0x30 && code <= 0x39) return true;
  if (isNameStart(char)) return true;
  return code === 0xb7 || (code >= 0x300 && code <= 0x36f) || code === 0x203f || code === 0x2040;
}

export function isSpace(char: string): boolean {
  const code = char.codePointAt(0) ?? 0;
  if (code < 0x80) return code === 0x20 || (code >= 0x09 && code <= 0x0d);
  return (
    code === 0x85 ||
    code === 0xa0 ||
    code === 0x1680 ||
    code === 0x180e ||
    (code >= 0x2000 && code <= 0x200b) ||
    code === 0x2028 ||
    code === 0x2029 ||
    code === 0x202f ||
    code === 0x205f ||
    code === 0x3000 ||
    code === 0xfeff
  );
}

/** The character (a whole code point) at an offset, or '' at the end. */
export function charAt(text: string, position: number): string {
  const code = text.codePointAt(position);
  return code === undefined ? '' : String.fromCodePoint(code);
}

/** Where `name` ends when it stands at `position` (any white space for each of its spaces), or -1. */
export function nameEnd(text: string, position: number, name: string): number {
  let at = position;
  for (let index = 0; index < name.length; index += 1) {
    if (name[index] === ' ') {
      if (!isSpace(charAt(text, at))) return -1;
      while (at < text.length && isSpace(charAt(text, at))) at += 1;
    } else if (text[at] === name[index]) {
      at += 1;
    } else {
      return -1;
    }
  }
  const last = name.at(-1) ?? '';
  return isNamePart(last) && isNamePart(charAt(text, at)) ? -1 : at;
}

/** A set of names, with a parent scope around it and perhaps a second one beside it. */
export class NameScope {
  private readonly byFirst = new Map<string, string[]>();
  private readonly parent: NameScope | null;
  private readonly beside: NameScope | null;

  constructor(parent: NameScope | null, names: Iterable<string> = [], beside: NameScope | null = null) {
    this.parent = parent;
    this.beside = beside;
    for (const name of names) this.add(name);
  }

  add(name: string): void {
    const normal = normalizeName(name);
    const first = normal[0];
    if (first === undefined) return;
    const bucket = this.byFirst.get(first);
    if (bucket === undefined) this.byFirst.set(first, [normal]);
    else if (!bucket.includes(normal)) bucket.push(normal);
  }

  /** The longest name in this scope or around it that stands at `position`; null when none does. */
  longestAt(text: string, position: number): { name: string; end: number } | null {
    let best = this.parent === null ? null : this.parent.longestAt(text, position);
    const other = this.beside === null ? null : this.beside.longestAt(text, position);
    if (other !== null && (best === null || other.end > best.end)) best = other;
    for (const name of this.byFirst.get(text[position] ?? '') ?? []) {
      const end = nameEnd(text, position, name);
      if (end >= 0 && (best === null || end > best.end)) best = { name, end };
    }
    return best;
  }
}
