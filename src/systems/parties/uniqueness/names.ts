/**
 * Names as they are compared: Han characters simplified and without spaces and dots, their sound in Latin letters, and
 * Latin names without case, accents and order of words. Pure.
 */
import { Converter } from 'opencc-js/t2cn';
import { pinyin } from 'pinyin-pro';

export interface NormalName {
  /** Simplified Han characters with what stands between them, lower-case, no spaces or dots; null without any Han. */
  readonly han: string | null;
  /** Lower-case words: the syllables of Han characters without tones, the words of a Latin name as written. */
  readonly words: readonly string[];
}

const simplify = Converter({ from: 't', to: 'cn' });
const HAN = /\p{Script=Han}/u;
/** Of a person: spaces, dots and hyphens only divide. */
const BETWEEN = /[\s\p{P}\p{S}\p{Cf}]+/gu;
/** Letters that have no accent to take away. */
const LETTERS: Readonly<Record<string, string>> = {
  ß: 'ss',
  æ: 'ae',
  œ: 'oe',
  ø: 'o',
  ł: 'l',
  đ: 'd',
  ð: 'd',
  þ: 'th',
  ı: 'i',
};
const LEGAL_FORM_HAN = /(?:股份有限公司|有限责任公司|有限公司|股份公司|公司)$/u;
const LEGAL_FORM_WORDS = new Set(
  'ltd limited co company inc incorporated corp corporation llc plc gmbh ag sa nv bv'.split(' '),
);

/** Brings a name into the form in which names are compared. A company's legal form (有限公司, Ltd) is left out. */
export function normalName(text: string, kind: 'person' | 'organisation'): NormalName {
  const plain = text.normalize('NFKC').toLowerCase();
  if (!HAN.test(plain)) {
    const words = latinWords(plain);
    const kept = kind === 'organisation' ? words.filter((word) => !LEGAL_FORM_WORDS.has(word)) : words;
    return { han: null, words: kept.length > 0 ? kept : words };
  }
  const joined = simplify(plain).replace(BETWEEN, '');
  const short = kind === 'organisation' ? joined.replace(LEGAL_FORM_HAN, '') : joined;
  const han = short === '' ? joined : short;
  return { han, words: syllables(han, kind) };
}

/** The letters of a name in alphabetical order: the same however its words are divided and ordered. */
export function letters({ words }: Pick<NormalName, 'words'>): string {
  return [...words.join('')].sort().join('');
}

/** What may be the surname: the first syllables of a Chinese name, the first or last word of another. */
export function surnames({ han, words }: NormalName): string[] {
  const [first = ''] = words;
  const last = words.at(-1) ?? '';
  if (han === null) return [...new Set([first, last])];
  return [first];
}

function syllables(han: string, kind: 'person' | 'organisation'): string[] {
  const surname = kind === 'person' ? 'head' : 'off';
  return pinyin(han, { toneType: 'none', type: 'array', v: true, surname, nonZh: 'consecutive' })
    .flatMap((syllable) => latinWords(syllable))
    .map(withoutUmlaut);
}

function latinWords(text: string): string[] {
  return text
    .normalize('NFD')
    .replace(/\p{M}/gu, '')
    .replace(/[ßæœøłđðþı]/g, (letter) => LETTERS[letter] ?? letter)
    .replace(/['’ʼ`]/g, '')
    .replace(BETWEEN, ' ')
    .trim()
    .split(' ')
    .filter((word) => word !== '')
    .map(withoutUmlaut);
}

/** 吕 is Lü, Lv, Lyu or Lu in one passport or another. */
function withoutUmlaut(word: string): string {
  return word.replace(/^([ln])(?:v|yu)(e?)$/, '$1u$2');
}
