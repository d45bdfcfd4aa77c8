/** Compares two profiles field by field: the sum of the weights, the verdict, and why. Pure. */
import { invariant } from '#kernel/errors';
import { letters, type NormalName } from './names.ts';
import type { IdentifierKey, Profile } from './profile.ts';
import { isOneSlip, similarity } from './text.ts';
import {
  type Field,
  LEVELS,
  type Level,
  type LevelOf,
  LOWER,
  RENEWED_IDENTIFIERS,
  UPPER,
  weightOf,
} from './weights.ts';

/**
 * `same`: one identifier, one party. `proposed`: most likely the same. `unsure`: a person decides. `different`: not the
 * same as far as can be told.
 */
export type Verdict = 'same' | 'proposed' | 'unsure' | 'different';

/** What one field contributed, in bits. */
export interface Reason {
  readonly field: Field;
  readonly level: string;
  readonly weight: number;
}

export interface Score {
  /** Sum of the weights in bits, to one decimal. */
  readonly score: number;
  readonly verdict: Verdict;
  /** The fields both have, in the order of the table of weights. */
  readonly reasons: readonly Reason[];
}

const WEIGHTS: Readonly<Record<string, number>> = Object.fromEntries(
  Object.entries(LEVELS).flatMap(([field, levels]) =>
    Object.entries<Level>(levels).map(([level, odds]) => [`${field} ${level}`, weightOf(odds)]),
  ),
);

/**
 * @param isCommon whether more parties bear the name than a block of the index may hold; agreement then says less
 */
export function compare(left: Profile, right: Profile, isCommon: (name: NormalName) => boolean = () => false): Score {
  if (left.kind !== right.kind) return { score: 0, verdict: 'different', reasons: [] };
  const reasons: Reason[] = [];
  const add = <F extends Field>(field: F, level: LevelOf<F> | null) => {
    if (level === null) return;
    const weight = WEIGHTS[`${field} ${level}`];
    invariant(weight !== undefined, 'level_has_a_weight');
    reasons.push({ field, level, weight });
  };
  const identifier = identifierLevel(left.identifiers, right.identifiers);
  add('name', nameLevel(left.names, right.names, isCommon));
  add('birth_date', dateLevel(left.birthDate, right.birthDate));
  add('sex', left.sex === null || right.sex === null ? null : left.sex === right.sex ? 'same' : 'different');
  add('phone', sharedLevel(left.phones, right.phones));
  add('email', sharedLevel(left.emails, right.emails));
  add('division', divisionLevel(left.divisions, right.divisions));
  add('identifier', identifier);
  const score = Math.round(reasons.reduce((sum, { weight }) => sum + weight, 0) * 10) / 10;
  return { score, verdict: identifier === 'same' ? 'same' : verdictOf(score), reasons };
}

/** What a score alone says. */
export function verdictOf(score: number): Exclude<Verdict, 'same'> {
  if (score >= UPPER) return 'proposed';
  return score >= LOWER ? 'unsure' : 'different';
}

const NAME_ORDER: readonly LevelOf<'name'>[] = ['same', 'same_common', 'same_sound', 'similar', 'different'];
const SIMILAR_LATIN = 0.92;

function nameLevel(
  left: readonly NormalName[],
  right: readonly NormalName[],
  isCommon: (name: NormalName) => boolean,
): LevelOf<'name'> | null {
  let best: LevelOf<'name'> | null = null;
  for (const a of left) {
    for (const b of right) {
      const level = pairLevel(a, b);
      const found = level === 'same' && isCommon(a) ? 'same_common' : level;
      if (best === null || NAME_ORDER.indexOf(found) < NAME_ORDER.indexOf(best)) best = found;
    }
  }
  return best;
}

/** Two names: of Han characters these count, else the sound, whatever the order of the words. */
function pairLevel(a: NormalName, b: NormalName): LevelOf<'name'> {
  if (a.han !== null && a.han === b.han) return 'same';
  // School No. 3 is not a slip of the pen for School No. 4.
  if (digitsOf(a) !== digitsOf(b)) return 'different';
  const [ours, theirs] = [letters(a), letters(b)];
  // Words in another order are the same Latin name; other words of the same letters are another one.
  if (ours === theirs) {
    if (a.han === null && b.han === null) return sorted(a) === sorted(b) ? 'same' : 'similar';
    return 'same_sound';
  }
  if (a.han !== null && b.han !== null) {
    return [...a.han].length >= 3 && [...b.han].length >= 3 && isOneSlip(a.han, b.han) ? 'similar' : 'different';
  }
  return similarity(sorted(a), sorted(b)) >= SIMILAR_LATIN ? 'similar' : 'different';
}

function digitsOf({ words }: NormalName): string {
  return words
    .join(' ')
    .replace(/\P{N}+/gu, ' ')
    .trim();
}

function sorted({ words }: NormalName): string {
  return [...words].sort().join(' ');
}

function dateLevel(left: string | null, right: string | null): LevelOf<'birth_date'> | null {
  if (left === null || right === null) return null;
  if (left === right) return 'same';
  if (swappedDayAndMonth(left) === right) return 'swapped';
  return isOneSlip(left.replaceAll('-', ''), right.replaceAll('-', '')) ? 'one_slip' : 'different';
}

function swappedDayAndMonth(date: string): string {
  const [year = '', month = '', day = ''] = date.split('-');
  return `${year}-${day}-${month}`;
}

function sharedLevel(left: readonly string[], right: readonly string[]): 'same' | 'different' | null {
  if (left.length === 0 || right.length === 0) return null;
  return left.some((value) => right.includes(value)) ? 'same' : 'different';
}

function divisionLevel(left: readonly string[], right: readonly string[]): LevelOf<'division'> | null {
  if (left.length === 0 || right.length === 0) return null;
  const share = (digits: number) => left.some((a) => right.some((b) => a.slice(0, digits) === b.slice(0, digits)));
  if (share(6)) return 'same_county';
  if (share(4)) return 'same_city';
  return share(2) ? 'same_province' : 'different';
}

/** The best over all pairs of one kind; another document of life-long kind speaks against, if nothing agrees. */
function identifierLevel(
  left: readonly IdentifierKey[],
  right: readonly IdentifierKey[],
): LevelOf<'identifier'> | null {
  let level: LevelOf<'identifier'> | null = null;
  for (const a of left) {
    for (const b of right) {
      if (a.kind !== b.kind) continue;
      if (a.number === b.number) return 'same';
      if (isOneSlip(a.number, b.number)) level = 'one_slip';
      else if (level !== 'one_slip') {
        if (!RENEWED_IDENTIFIERS.has(a.kind)) level = 'different';
        else level ??= 'renewed';
      }
    }
  }
  return level;
}
