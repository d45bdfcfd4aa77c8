/**
 * Masking of personal data (脱敏) as Chinese banks show it. What is masked says of which kind the value is and enough of it
 * to recognise one that is already known, and no more. Pure; a value that does not look like its kind is hidden whole.
 */

export const maskKinds = ['name', 'identifier', 'mobile', 'email', 'address', 'account'] as const;
export type MaskKind = (typeof maskKinds)[number];

/** What a hidden value looks like when not even its length shall be told. */
const HIDDEN = '******';

const rules: Readonly<Record<MaskKind, (characters: readonly string[], value: string) => string>> = {
  name: maskName,
  identifier: (characters) => keepEnds(characters, ...identifierEnds(characters.length)),
  mobile: (_characters, value) => maskMobile(value),
  email: (_characters, value) => maskEmail(value),
  address: (_characters, value) => maskAddress(value),
  account: (_characters, value) => maskAccount([...value.replace(/[\s-]/g, '')]),
};

/**
 * Masks a value of a kind: `name` 张三 to 张*, `identifier` (identity card, passport, permit, licence) to 110***********1234,
 * `mobile` to 138****1234, `email` to z***@example.com, `address` to 北京市海淀区******, `account` (account and card
 * numbers) to 622202*********0123. An empty value stays empty. Masking what is masked changes nothing.
 */
export function mask(kind: MaskKind, value: string): string {
  const text = value.trim();
  return text === '' ? '' : rules[kind]([...text], text);
}

/** Surnames of two characters that are frequent enough to be known (复姓). */
const compoundSurnames = new Set([
  ...['欧阳', '上官', '司马', '诸葛', '夏侯', '皇甫', '尉迟', '公孙', '慕容', '令狐', '司徒', '司空', '东方', '独孤'],
  ...['南宫', '长孙', '宇文', '轩辕', '闻人', '赫连', '澹台', '公冶', '太史', '端木', '百里', '呼延', '西门', '完颜'],
]);

function maskName(characters: readonly string[], value: string): string {
  // Names of parts (John Smith, 买买提·艾力) keep the first letter of each; only that of the first when it is Chinese.
  const chinese = /^\p{Script=Han}/u.test(value);
  if (chinese && !/[·•・\s]/.test(value)) {
    const surname = compoundSurnames.has(characters.slice(0, 2).join('')) && characters.length > 2 ? 2 : 1;
    return characters.length === 1 ? '*' : keepEnds(characters, surname, 0);
  }
  const parts = value.split(/([·•・\s,.-]+)/u);
  return parts
    .map((part, index) => {
      if (index % 2 === 1) return part;
      const letters = [...part];
      const kept = index === 0 || !chinese ? 1 : 0;
      return letters.length === 1 && parts.length === 1 ? '*' : keepEnds(letters, Math.min(kept, letters.length), 0);
    })
    .join('');
}

function identifierEnds(length: number): readonly [number, number] {
  if (length >= 15) return [3, 4];
  if (length >= 8) return [1, 2];
  return length >= 5 ? [1, 1] : [0, 0];
}

function maskMobile(value: string): string {
  const match = /^(\+(?:86|852|853|886|\d{1,3})[\s-]?)?([\d\s*-]+)$/.exec(value);
  if (match === null) return HIDDEN;
  const [, prefix = '', rest = ''] = match;
  const characters = [...rest.replace(/[\s-]/g, '')];
  if (characters.length >= 11) return prefix + keepEnds(characters, 3, 4);
  return prefix + (characters.length >= 7 ? keepEnds(characters, 2, 2) : '*'.repeat(characters.length));
}

function maskEmail(value: string): string {
  const at = value.lastIndexOf('@');
  const [first = ''] = [...value.slice(0, Math.max(at, 0))];
  const domain = value.slice(at + 1);
  if (at < 1 || !/^[^\s@*]+\.[^\s@*]+$/.test(domain)) return HIDDEN;
  // The same number of stars whatever is behind them; a name of one letter is not given away.
  return `${at === first.length || first === '*' ? '' : first}***@${domain}`;
}

/** Province, city, and district or county, as far as they stand at the beginning. */
const province = '(?:\\p{Script=Han}{2,8}?(?:省|自治区|特别行政区))?';
const city = '(?:\\p{Script=Han}{2,10}?(?:自治州|地区|市|盟))?';
const district = '(?:\\p{Script=Han}{0,7}?(?:[^小社校园库厂街]区|自治县|县|旗|市))?';
const beginningOfAddress = new RegExp(`^${province}${city}${district}`, 'u');

function maskAddress(value: string): string {
  const [beginning = ''] = beginningOfAddress.exec(value.replace(/[\s*]/g, '')) ?? [];
  return beginning + HIDDEN;
}

/** First six and last four of a card number (PCI DSS 4.0, requirement 3.4.1); less of shorter numbers. */
function maskAccount(characters: readonly string[]): string {
  if (characters.length >= 14) return keepEnds(characters, 6, 4);
  return characters.length >= 8 ? keepEnds(characters, 0, 4) : '*'.repeat(characters.length);
}

function keepEnds(characters: readonly string[], head: number, tail: number): string {
  const hidden = Math.max(0, characters.length - head - tail);
  const end = characters.length - tail;
  return [...characters.slice(0, head), '*'.repeat(hidden), ...characters.slice(Math.max(end, head))].join('');
}
