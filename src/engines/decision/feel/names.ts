/**
 * Names in FEEL may hold spaces and operator characters (`monthly payment`, `pre-tax`), so only the names in scope tell
 * where one ends: the longest that fits wins (DMN 1.5 §10.3.1.2).
 */

/** Runs of white space become one space. */
export function normalizeName(name: string): string {
  return name.trim().replace(/\s+/gu, ' ');
}

const NAME_START =
  /[?A-Z_a-z\u00C0-\u00D6\u00D8-\u00F6\u00F8-\u02FF\u0370-\u037D\u037F-\u167F\u1681-\u180D\u180F-\u1FFF\u200C-\u200D\u2070-\u218F\u2C00-\u2FEF\u3001-\uD7FF\uF900-\uFDCF\uFDF0-\uFEFE\uFF00-\uFFFD\u{10000}-\u{EFFFF}]/u;
const NAME_PART = /[0-9\u00B7\u0300-\u036F\u203F-\u2040]/u;
const SPACE = /[\s\u0085\u180E\u200B]/u;

export function isNameStart(char: string): boolean {
  return NAME_START.test(char);
}

export function isNamePart(char: string): boolean {
  return NAME_START.test(char) || NAME_PART.test(char);
}

export function isSpace(char: string): boolean {
  return SPACE.test(char);
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
