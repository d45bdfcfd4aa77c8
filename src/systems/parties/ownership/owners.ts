/** Beneficial owners (受益所有人): the natural persons who in the end own or control a company. */
import { effectiveShares } from './effective.ts';
import { type Network, reached, type Shares, sharesOf } from './network.ts';
import {
  add,
  compare,
  fromPercentage,
  multiply,
  one,
  percentageOf,
  type Rational,
  subtract,
  zero,
} from './rational.ts';

/** One way from a holder down to the company, with the share held at each step. */
export interface Path {
  /** From the holder to the company. */
  readonly parties: readonly string[];
  /** Percentages of the steps, one fewer than parties; null where it is control by other means. */
  readonly percentages: readonly (string | null)[];
  /** The product of the percentages; null when a step is control. */
  readonly percentage: string | null;
}

export interface BeneficialOwner {
  readonly partyId: string;
  /** By shares, by control, or because nobody is either and this person manages the company. */
  readonly basis: readonly ('ownership' | 'control' | 'senior_management')[];
  /** Percent, decimal text with at most ten decimals. */
  readonly effectivePercentage: string;
  readonly paths: readonly Path[];
  /** What comes from ways that go round a circle, beyond the paths shown: percent. */
  readonly circularPercentage: string;
  /** False when there are more paths than {@link PATH_LIMIT}, or the search for them was given up. */
  readonly pathsComplete: boolean;
}

export interface BeneficialOwners {
  readonly owners: readonly BeneficialOwner[];
  /** Everybody at the end of the chain with an effective share, the largest first, below the threshold, too. */
  readonly ultimate: readonly { readonly partyId: string; readonly effectivePercentage: string }[];
  /** What belongs to nobody known: shares not recorded, and rings of companies that hold each other. */
  readonly unattributedPercentage: string;
}

export interface OwnersRequest {
  readonly target: string;
  /** Percent; reached means owner. The rule is 25 (受益所有人信息管理办法, 2024, article 6). */
  readonly threshold?: string | undefined;
  /** Who manages the company, in order of preference: used when nobody owns or controls it. */
  readonly management?: readonly string[] | undefined;
}

export const DEFAULT_THRESHOLD = '25';
export const PATH_LIMIT = 200;
/** Steps after which the search for paths is given up: in a dense net their number grows without measure. */
const SEARCH_LIMIT = 100_000;

const half: Rational = { numerator: 1n, denominator: 2n };

/**
 * The beneficial owners of a company: persons whose effective share reaches the threshold; persons who control it,
 * by a chain in which each step holds at least half of the next directly or controls it by other means; if there are
 * none, those who manage it.
 */
export function beneficialOwners(network: Network, request: OwnersRequest): BeneficialOwners {
  const { target, management = [] } = request;
  const threshold = fromPercentage(request.threshold ?? DEFAULT_THRESHOLD);
  const persons = new Set(network.parties.filter(({ kind }) => kind === 'person').map(({ id }) => id));
  const shares = sharesOf(network.holdings);
  const effective = effectiveShares(shares, target);
  const steps = stepsUp(network, shares);
  const controlling = controllersOf(network, shares, target);

  const found = new Map<string, Set<'ownership' | 'control' | 'senior_management'>>();
  const note = (id: string, basis: 'ownership' | 'control' | 'senior_management') =>
    found.set(id, (found.get(id) ?? new Set()).add(basis));
  for (const [id, share] of effective) if (persons.has(id) && compare(share, threshold) >= 0) note(id, 'ownership');
  for (const id of controlling) if (id !== target && persons.has(id)) note(id, 'control');
  if (found.size === 0) for (const id of management) if (persons.has(id)) note(id, 'senior_management');

  const ultimate = [...effective].sort(
    ([leftId, left], [rightId, right]) => compare(right, left) || (leftId < rightId ? -1 : 1),
  );
  const owners = [...found].map(([partyId, basis]): BeneficialOwner => {
    const share = effective.get(partyId) ?? zero;
    const { paths, straight, complete } = pathsFrom(partyId, target, steps);
    return {
      partyId,
      basis: [...basis],
      effectivePercentage: percentageOf(share),
      paths,
      circularPercentage: complete ? percentageOf(subtract(share, straight)) : '0',
      pathsComplete: complete,
    };
  });
  owners.sort(
    (left, right) =>
      compare(effective.get(right.partyId) ?? zero, effective.get(left.partyId) ?? zero) ||
      (left.partyId < right.partyId ? -1 : 1),
  );
  return {
    owners,
    ultimate: ultimate.map(([partyId, share]) => ({ partyId, effectivePercentage: percentageOf(share) })),
    unattributedPercentage: percentageOf([...effective.values()].reduce(subtract, one)),
  };
}

/** Everybody a chain of control leads up to, the company itself included. */
function controllersOf({ controls }: Network, shares: Shares, target: string): Set<string> {
  const above = new Map<string, string[]>();
  for (const { from, to } of controls) above.set(to, [...(above.get(to) ?? []), from]);
  for (const [to, holders] of shares) {
    const halves = [...holders].filter(([, share]) => compare(share, half) >= 0).map(([from]) => from);
    above.set(to, [...(above.get(to) ?? []), ...halves]);
  }
  return reached(target, (id) => above.get(id) ?? []);
}

/** Who stands above a party, with the share held; null is control by other means without a share. */
type Steps = Map<string, Map<string, Rational | null>>;

function stepsUp({ controls }: Network, shares: Shares): Steps {
  const steps: Steps = new Map([...shares].map(([company, holders]) => [company, new Map(holders)]));
  for (const { from, to } of controls) {
    const above = steps.get(to) ?? new Map<string, Rational | null>();
    if (!above.has(from)) steps.set(to, above.set(from, null));
  }
  return steps;
}

/** Every path without a circle from a holder down to the company, and the sum of their shares. */
function pathsFrom(holder: string, target: string, steps: Steps) {
  // Only parties below the holder lead to it, so that the search turns back early.
  const down = new Map<string, string[]>();
  for (const [to, from] of steps) for (const id of from.keys()) down.set(id, [...(down.get(id) ?? []), to]);
  const below = reached(holder, (id) => down.get(id) ?? []);
  const paths: Path[] = [];
  let straight = zero;
  let complete = true;
  let searched = 0;
  const walk = (at: string, behind: readonly string[], taken: readonly (Rational | null)[]) => {
    searched += 1;
    if (searched > SEARCH_LIMIT || paths.length > PATH_LIMIT) complete = false;
    if (!complete) return;
    if (at === holder) {
      const held = taken.every((share) => share !== null)
        ? taken.reduce<Rational>((product, share) => (share === null ? product : multiply(product, share)), one)
        : null;
      if (held !== null) straight = add(straight, held);
      paths.push({
        parties: [at, ...behind],
        percentages: taken.map((share) => (share === null ? null : percentageOf(share))),
        percentage: held === null ? null : percentageOf(held),
      });
      return;
    }
    for (const [from, share] of steps.get(at) ?? []) {
      if (below.has(from) && from !== at && !behind.includes(from)) walk(from, [at, ...behind], [share, ...taken]);
    }
  };
  if (holder !== target) walk(target, [], []);
  return { paths: paths.slice(0, PATH_LIMIT), straight, complete: complete && paths.length <= PATH_LIMIT };
}
