/**
 * Text that goes into the trail, made harmless: whoever chooses a text (a reason, a header, an id in an address) must not be
 * able to forge a line of a log, or to make a terminal or a reader show something else than what is there.
 */

/** Controls, line and paragraph separators, marks that turn the direction of text, and what is invisible. */
const harmful = /[\p{Cc}\p{Zl}\p{Zp}\p{Cs}\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb]/gu;
const CONTROL_PICTURES = 0x2400;

/**
 * The text on one line, at most `limit` characters long: control characters as their pictures (a line feed is ␊), what
 * turns or hides text as �, a text that was cut with … at its end.
 */
export function plainText(text: string, limit: number): string {
  const harmless = text.normalize('NFC').replace(harmful, (character) => {
    const code = character.codePointAt(0) ?? 0;
    if (code < 0x20) return String.fromCodePoint(CONTROL_PICTURES + code);
    return code === 0x7f ? '\u2421' : '\ufffd';
  });
  if (harmless.length <= limit) return harmless;
  const characters = [...harmless];
  return characters.length <= limit ? harmless : `${characters.slice(0, limit - 1).join('')}…`;
}

/** The same for what may be absent; null when nothing is left of it. */
export function plainTextOrNull(text: string | null | undefined, limit: number): string | null {
  const plain = plainText(text ?? '', limit).trim();
  return plain === '' ? null : plain;
}

/** A field of a CSV file (RFC 4180), which a spreadsheet must not take for a formula. */
export function csvField(value: string): string {
  const text = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
