/** Judging what a provider answered, and the evidence that is kept of it. Pure. */
import { createHash } from 'node:crypto';
import { Decimal } from '#kernel/decimal';
import { type CheckAnswer, elementNames, type VerificationCheck, type VerificationRequest } from './port.ts';

export type Outcome = CheckAnswer['outcome'];

/** What a purpose needs. */
export interface VerificationPolicy {
  readonly purpose: string;
  readonly checks: readonly VerificationCheck[];
  /** From 0 to 1: every check must reach it. */
  readonly minimumScore: string;
  /** How long a verification that passed is good for. */
  readonly validDays: number;
}

export interface Evidence {
  /** SHA-256 of salt and request: what exactly was asked. */
  readonly requestSha256: string;
  /** 16 random bytes, hexadecimal: without it, the hashes of numbers that are short could be guessed from them. */
  readonly salt: string;
  /** SHA-256 of salt, name and value of each element. */
  readonly elementHashes: Readonly<Record<string, string>>;
}

/**
 * The outcome over all checks of a policy: failed when one failed; else unavailable when one could not be made or was
 * not answered; else review when one is unsure or below the score; else passed. The score is that of the weakest check.
 */
export function judged(
  policy: Pick<VerificationPolicy, 'checks' | 'minimumScore'>,
  answers: readonly CheckAnswer[],
): { readonly outcome: Outcome; readonly score: string } {
  const found = policy.checks.map((check) => answers.find((answer) => answer.check === check));
  const scores = found.map((answer) => new Decimal(answer?.score ?? '0'));
  const score = Decimal.min(...scores);
  const some = (outcome: Outcome) => found.some((answer) => answer?.outcome === outcome);
  let outcome: Outcome = 'passed';
  if (some('failed')) outcome = 'failed';
  else if (some('unavailable') || found.includes(undefined)) outcome = 'unavailable';
  else if (some('review') || score.lt(policy.minimumScore)) outcome = 'review';
  return { outcome, score: score.toFixed(4, Decimal.ROUND_DOWN) };
}

/** What is kept of a request: hashes under a salt of its own, so that two of one person cannot be linked by them. */
export function evidenceOf(request: VerificationRequest, salt: string): Evidence {
  const { elements, identifierKind, documentReference, livenessReference, checks } = request;
  const values = elementNames.map((name) => elements[name] ?? null);
  const content = [checks, identifierKind, values, documentReference, livenessReference];
  return {
    salt,
    requestSha256: digest([salt, JSON.stringify(content)]),
    elementHashes: Object.fromEntries(
      elementNames.flatMap((name) => {
        const value = elements[name];
        return value === undefined ? [] : [[name, digest([salt, name, value])]];
      }),
    ),
  };
}

/** Whether evidence speaks of a value: how somebody who has the value later proves what was checked. */
export function speaksOf({ salt, elementHashes }: Evidence, element: string, value: string): boolean {
  return Object.hasOwn(elementHashes, element) && elementHashes[element] === digest([salt, element, value]);
}

function digest(parts: readonly string[]): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex');
}
