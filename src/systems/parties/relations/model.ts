/** Relations between parties over time, and the rules they keep. Pure. */
import { addMonths, type IsoDate, isValidDate, parseDate } from '#kernel/dates';
import type { PartyKind } from '../model.ts';
import {
  add,
  compare,
  fromPercentage,
  one,
  percentageOf,
  type Rational,
  subtract,
  zero,
} from '../ownership/rational.ts';

export const relationKinds = [
  'spouse',
  'parent',
  'guardian',
  'director',
  'supervisor',
  'senior_manager',
  'legal_representative',
  'shareholder',
  'controller',
  'employee',
  'guarantor',
] as const;
export type RelationKind = (typeof relationKinds)[number];

/** Read 'from is … of to'. */
export interface Relation {
  readonly id: string;
  readonly from: string;
  readonly to: string;
  readonly kind: RelationKind;
  /** Of shareholders: percent, decimal text above 0 and at most 100, at most ten decimals. */
  readonly percentage: string | null;
  readonly note: string | null;
  readonly validFrom: string;
  /** The first day it no longer holds; null: until further notice. */
  readonly validUntil: string | null;
}

/** A stretch of time in which something holds. */
export interface Span {
  readonly validFrom: string;
  readonly validUntil: string | null;
}

/** Between which kinds of parties each relation is, from and to. */
const ends: Readonly<Record<RelationKind, readonly [from: PartyKind | 'any', to: PartyKind | 'any']>> = {
  spouse: ['person', 'person'],
  parent: ['person', 'person'],
  // A residents' committee or a civil affairs department can be a guardian, too (民法典, articles 31 and 32).
  guardian: ['any', 'person'],
  director: ['person', 'organisation'],
  supervisor: ['person', 'organisation'],
  senior_manager: ['person', 'organisation'],
  legal_representative: ['person', 'organisation'],
  shareholder: ['any', 'organisation'],
  controller: ['any', 'organisation'],
  employee: ['person', 'any'],
  guarantor: ['any', 'any'],
};

/** Whether a relation can be between parties of these kinds. */
export function fitsKinds(kind: RelationKind, from: PartyKind, to: PartyKind): boolean {
  const [fromKind, toKind] = ends[kind];
  return (fromKind === 'any' || fromKind === from) && (toKind === 'any' || toKind === to);
}

/** Whether both stretches share a day. */
export function overlaps(left: Span, right: Span): boolean {
  return (
    (right.validUntil === null || left.validFrom < right.validUntil) &&
    (left.validUntil === null || right.validFrom < left.validUntil)
  );
}

/** Whether something holds on a date. */
export function holdsOn({ validFrom, validUntil }: Span, date: string): boolean {
  return validFrom <= date && (validUntil === null || date < validUntil);
}

const percentageForm = /^(?:0|[1-9][0-9]{0,2})(?:\.[0-9]{1,10})?$/;

/** Whether a text is a share: above 0, at most 100, at most ten decimals. */
export function isPercentage(text: string): boolean {
  if (!percentageForm.test(text)) return false;
  const share = fromPercentage(text);
  return compare(share, zero) > 0 && compare(share, one) <= 0;
}

/** Percent as decimal text without trailing zeros. */
export function plainPercentage(text: string): string {
  return percentageOf(fromPercentage(text));
}

/** What is held of one company at its most: the first date of the peak, and percent. Null when nothing is held. */
export function peakHolding(
  holdings: readonly (Span & { readonly percentage: string })[],
): { readonly date: string; readonly percentage: string; readonly above100: boolean } | null {
  const changes = new Map<string, Rational>();
  for (const { validFrom, validUntil, percentage } of holdings) {
    const share = fromPercentage(percentage);
    changes.set(validFrom, add(changes.get(validFrom) ?? zero, share));
    if (validUntil !== null) changes.set(validUntil, subtract(changes.get(validUntil) ?? zero, share));
  }
  let held = zero;
  let peak: { date: string; share: Rational } | null = null;
  for (const date of [...changes.keys()].sort()) {
    held = add(held, changes.get(date) ?? zero);
    if (peak === null || compare(held, peak.share) > 0) peak = { date, share: held };
  }
  if (peak === null) return null;
  return { date: peak.date, percentage: percentageOf(peak.share), above100: compare(peak.share, one) > 0 };
}

/** The age from which a person is an adult (民法典, article 17). */
export const ADULT_YEARS = 18;

/** Whether somebody born on one date is an adult on another. */
export function isAdult(birthDate: string, on: string): boolean {
  return addMonths(parseDate(birthDate), 12 * ADULT_YEARS) <= on;
}

/** The day somebody becomes an adult. */
export function comingOfAge(birthDate: string): IsoDate {
  return addMonths(parseDate(birthDate), 12 * ADULT_YEARS);
}

interface Edge extends Span {
  readonly from: string;
  readonly to: string;
}

/**
 * The parties of a circle that one more relation would close, all of it on one and the same day; null when there is
 * none. `edges` are relations of the kind.
 */
export function circleWith(edge: Edge, edges: readonly Edge[]): readonly string[] | null {
  const from = new Map<string, Edge[]>();
  for (const other of edges) if (overlaps(other, edge)) from.set(other.from, [...(from.get(other.from) ?? []), other]);
  // Each party is left once per stretch of time in which it is reached: stretches only get shorter.
  const seen = new Set<string>();
  const search = (at: string, span: Span, path: readonly string[]): readonly string[] | null => {
    if (at === edge.from) return path;
    const key = `${at}/${span.validFrom}/${span.validUntil ?? ''}`;
    if (seen.has(key)) return null;
    seen.add(key);
    for (const step of from.get(at) ?? []) {
      if (!overlaps(step, span)) continue;
      const found = search(step.to, common(step, span), [...path, step.to]);
      if (found !== null) return found;
    }
    return null;
  };
  return search(edge.to, edge, [edge.from, edge.to]);
}

function common(left: Span, right: Span): Span {
  const validFrom = left.validFrom > right.validFrom ? left.validFrom : right.validFrom;
  const ends = [left.validUntil, right.validUntil].filter((end) => end !== null).sort();
  return { validFrom, validUntil: ends[0] ?? null };
}

/** Why a stretch of time is none, or undefined. */
export function spanFault({ validFrom, validUntil }: Span): string | undefined {
  if (!isValidDate(validFrom)) return 'The beginning is a date YYYY-MM-DD';
  if (validUntil !== null && !isValidDate(validUntil)) return 'The end is a date YYYY-MM-DD';
  if (validUntil !== null && validUntil <= validFrom) return 'The end comes after the beginning';
  return undefined;
}
