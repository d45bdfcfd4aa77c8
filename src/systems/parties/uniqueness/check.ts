/** The check of uniqueness: who among all parties may be the one described. */
import { asSystem } from '#kernel/context';
import { type Queryable, uuidArray } from '#kernel/database';
import { matchError } from './errors.ts';
import { type Candidates, candidatesOf, LARGEST_BLOCK } from './index-store.ts';
import { nameKey } from './keys.ts';
import { type PartyFacts, type Profile, profileOf } from './profile.ts';
import { compare, type Score, type Verdict } from './score.ts';

/** A check asks for at most this many records. */
export const MAX_CHECK = 500;

export interface CheckInput extends PartyFacts {
  /** The party's own id, if it has one: it is not its own twin, and what was decided about it counts. */
  readonly partyId?: string | undefined;
}

export interface Match extends Score {
  /** The party found, or the one that stands for it since a merge. */
  readonly partyId: string;
  /** The record that agrees best; another than `partyId` when that one stands for it. */
  readonly recordId: string;
  /** The unit of the party. */
  readonly unitId: number;
}

export interface CheckResult {
  /** The best verdict of all matches; `new`: nobody is like it. */
  readonly verdict: Exclude<Verdict, 'different'> | 'new';
  /** Best first. */
  readonly matches: readonly Match[];
  /** How many parties were compared. */
  readonly compared: number;
  /**
   * Whether every key of the record leads to more parties than are looked into, as a common name alone does: then
   * `new` means that more must be known, not that there is none.
   */
  readonly tooCommon: boolean;
}

/**
 * Checks records against all parties, of whatever unit; each by itself, in one round trip for all and one more when
 * something was found. Pairs that were decided to be two are left out. Error: `match_invalid`.
 */
export async function checkUniqueness(db: Queryable, inputs: readonly CheckInput[]): Promise<CheckResult[]> {
  if (inputs.length > MAX_CHECK) throw matchError('match_invalid', `At most ${MAX_CHECK} records at once`);
  const profiles = inputs.map(profileOf);
  const candidates = await candidatesOf(db, profiles);
  const found = profiles.map((profile, record) => likely(profile, candidates[record]));
  const ids = [...new Set(found.flatMap((matches) => matches.map(({ recordId }) => recordId)))];
  const own = inputs.flatMap(({ partyId }) => (partyId === undefined ? [] : [partyId]));
  const parties = ids.length === 0 ? new Map<string, Standing>() : await standings(db, [...ids, ...own]);
  const settled = await decidedPairs(db, own, ids);
  return inputs.map(({ partyId }, record) => {
    const self = partyId === undefined ? undefined : (parties.get(partyId)?.survivorId ?? partyId);
    const best = new Map<string, Match>();
    for (const { recordId, ...score } of found[record] ?? []) {
      const standing = parties.get(recordId);
      if (standing === undefined || recordId === partyId || standing.survivorId === self) continue;
      if (partyId !== undefined && settled.has(pairKey(partyId, recordId))) continue;
      const match = { ...score, recordId, partyId: standing.survivorId, unitId: standing.unitId };
      const before = best.get(match.partyId);
      if (before === undefined || better(match, before) < 0) best.set(match.partyId, match);
    }
    const matches = [...best.values()].sort(better);
    const { sizes = [], candidates: compared = [] } = candidates[record] ?? {};
    return {
      verdict: verdictOf(matches),
      matches,
      compared: compared.length,
      tooCommon: sizes.length > 0 && sizes.every((size) => size > LARGEST_BLOCK),
    };
  });
}

function likely(profile: Profile, found: Candidates | undefined): (Score & { recordId: string })[] {
  if (found === undefined) return [];
  const common = new Set(found.hashes.filter((_, place) => (found.sizes[place] ?? 0) > LARGEST_BLOCK));
  const isCommon = (name: Profile['names'][number]) => common.has(nameKey(profile.kind, name));
  return found.candidates.flatMap(({ partyId, profile: other }) => {
    const score = compare(profile, other, isCommon);
    return score.verdict === 'different' ? [] : [{ ...score, recordId: partyId }];
  });
}

function verdictOf(matches: readonly Match[]): CheckResult['verdict'] {
  const [best] = matches;
  return best === undefined || best.verdict === 'different' ? 'new' : best.verdict;
}

function better(a: Match, b: Match): number {
  const same = Number(b.verdict === 'same') - Number(a.verdict === 'same');
  return same || b.score - a.score || (a.recordId < b.recordId ? -1 : 1);
}

interface Standing {
  readonly recordId: string;
  readonly survivorId: string;
  readonly unitId: number;
}

async function standings(db: Queryable, ids: readonly string[]): Promise<Map<string, Standing>> {
  const { rows } = await asSystem(() =>
    db.query<Standing>(
      `select p.party_id as "recordId", s.party_id as "survivorId", s.unit_id as "unitId"
         from parties.party p
         join parties.party s
           on s.party_id = case when p.merged_into is null then p.party_id else parties.survivor_of(p.party_id) end
        where p.party_id = any ($1::uuid[])`,
      [uuidArray(ids, (id) => id)],
      { prepare: true },
    ),
  );
  return new Map(rows.map((row) => [row.recordId, row]));
}

/** Pairs among these that a person found to be two. */
async function decidedPairs(
  db: Queryable,
  own: readonly string[],
  ids: readonly string[],
): Promise<ReadonlySet<string>> {
  if (own.length === 0 || ids.length === 0) return new Set();
  const { rows } = await asSystem(() =>
    db.query<{ one: string; other: string }>(
      `select party_id as one, other_party_id as other from parties.match_case
        where state = 'different' and party_id = any ($1::uuid[]) and other_party_id = any ($2::uuid[])
       union all
       select other_party_id, party_id from parties.match_case
        where state = 'different' and other_party_id = any ($1::uuid[]) and party_id = any ($2::uuid[])`,
      [uuidArray(own, (id) => id), uuidArray(ids, (id) => id)],
      { prepare: true },
    ),
  );
  return new Set(rows.map(({ one, other }) => pairKey(one, other)));
}

function pairKey(one: string, other: string): string {
  return `${one} ${other}`;
}
