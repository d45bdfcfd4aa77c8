/** Pairs of parties that may be one: opened by a check, decided by a person, remembered for good. */
import type { Clock } from '#kernel/clock';
import { asSystem, currentContext } from '#kernel/context';
import { type Queryable, type Transaction, uuidArray } from '#kernel/database';
import { instantText } from '#kernel/dates';
import { invariant } from '#kernel/errors';
import { canonicalUuid, deterministicId, newId } from '#kernel/ids';
import { type CheckResult, checkUniqueness, MAX_CHECK } from './check.ts';
import { matchError } from './errors.ts';
import { factsOf } from './facts.ts';
import { checkedReason, type Merge, mergeParties, splitMerge } from './merge.ts';
import type { Reason, Verdict } from './score.ts';

export const caseStates = ['open', 'same', 'different'] as const;
export type CaseState = (typeof caseStates)[number];

export interface MatchCase {
  readonly id: string;
  readonly partyId: string;
  readonly otherPartyId: string;
  readonly score: number;
  readonly verdict: Exclude<Verdict, 'different'>;
  readonly reasons: readonly Reason[];
  readonly state: CaseState;
  readonly openedAt: string;
  readonly openedBy: string;
  readonly decision: { readonly reason: string; readonly by: string; readonly at: string } | null;
}

interface Deps {
  readonly clock: Clock;
}

/**
 * Checks parties that exist against all others and opens a case for every pair that may be one. A pair has one case: one
 * that is there already, open or decided, stays as it is. Cases are opened also across units.
 *
 * @returns what was found of each party, in the order of the ids; ids of no party are left out
 */
export async function openCases(
  { clock }: Deps,
  tx: Transaction,
  partyIds: readonly string[],
): Promise<(CheckResult & { readonly partyId: string })[]> {
  const results: (CheckResult & { partyId: string })[] = [];
  for (let start = 0; start < partyIds.length; start += MAX_CHECK) {
    const parties = await factsOf(tx, partyIds.slice(start, start + MAX_CHECK));
    const found = await checkUniqueness(
      tx,
      parties.map(({ partyId, facts }) => ({ ...facts, partyId })),
    );
    for (const [place, result] of found.entries()) {
      const partyId = parties[place]?.partyId;
      invariant(partyId !== undefined, 'every_check_has_a_result');
      results.push({ ...result, partyId });
    }
  }
  const pairs = results.flatMap(({ partyId, matches }) => matches.map((match) => ({ ...match, partyId })));
  if (pairs.length > 0) {
    await asSystem(() =>
      tx.query(
        `insert into parties.match_case
           (case_id, party_id, other_party_id, score, verdict, reasons, opened_at, opened_by)
         select u.*, $7, $8 from unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::numeric[], $5::text[], $6::jsonb[]) as u
         on conflict do nothing`,
        [
          uuidArray(pairs, () => newId(clock)),
          uuidArray(pairs, ({ partyId }) => partyId),
          uuidArray(pairs, ({ recordId }) => recordId),
          pairs.map(({ score }) => String(score)),
          pairs.map(({ verdict }) => verdict),
          pairs.map(({ reasons }) => JSON.stringify(reasons)),
          instantText(clock.now()),
          currentContext().actor.id,
        ],
      ),
    );
  }
  return results;
}

export interface Decision {
  readonly state: 'same' | 'different';
  readonly reason: string;
  /** Of the two, who stands for both; by default the other party, which was there first. */
  readonly survivorId?: string | undefined;
}

/**
 * Decides an open case. `same` merges the two (the errors of `mergeParties`); `different` is remembered, and the pair
 * is not proposed again. The same decision again changes nothing.
 * Errors: `merge_reason_required`, `match_case_not_found`, `match_case_decided`, `match_invalid`.
 */
export async function decideCase(
  deps: Deps,
  tx: Transaction,
  caseId: string,
  decision: Decision,
): Promise<{ readonly case: MatchCase; readonly merge: Merge | null }> {
  const reason = checkedReason(decision.reason);
  const found = await readCase(tx, caseId, { lock: true });
  if (found.state !== 'open') {
    if (found.state !== decision.state) {
      throw matchError('match_case_decided', `It was decided that the two are ${found.state}`, { state: found.state });
    }
    return { case: found, merge: null };
  }
  const pair = [found.otherPartyId, found.partyId];
  const survivorId = canonicalUuid(decision.survivorId ?? found.otherPartyId);
  if (survivorId === undefined || !pair.includes(survivorId)) {
    throw matchError('match_invalid', 'The survivor must be one of the two');
  }
  const number = await record(deps, tx, found.id, decision.state, reason);
  let merge: Merge | null = null;
  if (decision.state === 'same') {
    const absorbedId = pair.find((id) => id !== survivorId);
    invariant(absorbedId !== undefined, 'a_case_has_two_parties');
    const id = deterministicId('parties.case', found.id, String(number));
    merge = await mergeParties(deps, tx, { id, survivorId, absorbedId, reason }, found.id);
  }
  return { case: await readCase(tx, found.id), merge };
}

/** Takes a merge back (see `splitMerge`) and opens its case again, for it to be decided anew. */
export async function split(deps: Deps, tx: Transaction, mergeId: string, reason: string): Promise<Merge> {
  const merge = await splitMerge(deps, tx, mergeId, reason);
  if (merge.caseId !== null) {
    const { rows } = await tx.query<{ state: CaseState }>(
      'select state from parties.match_case where case_id = $1 for update',
      [merge.caseId],
    );
    if (rows[0]?.state === 'same') await record(deps, tx, merge.caseId, 'open', merge.split?.reason ?? reason);
  }
  return merge;
}

/** Writes the new state and a line of the trail; gives the number of the line. */
async function record(
  { clock }: Deps,
  tx: Transaction,
  caseId: string,
  state: CaseState,
  reason: string,
): Promise<number> {
  const at = instantText(clock.now());
  const by = currentContext().actor.id;
  const decided = state === 'open' ? [null, null, null] : [at, by, reason];
  await tx.query(
    `update parties.match_case set state = $2, decided_at = $3, decided_by = $4, decision_reason = $5
      where case_id = $1`,
    [caseId, state, ...decided],
  );
  const { rows } = await tx.query<{ number: number }>(
    `insert into parties.match_decision (case_id, number, state, reason, decided_by, decided_at)
     select $1, coalesce(max(number), 0) + 1, $2, $3, $4, $5 from parties.match_decision where case_id = $1
     returning number`,
    [caseId, state, reason, by, at],
  );
  const number = rows[0]?.number;
  invariant(number !== undefined, 'a_decision_has_a_number');
  return number;
}

const caseColumns = `case_id as id, party_id as "partyId", other_party_id as "otherPartyId", score::float8 as score,
  verdict, reasons, state, opened_at as "openedAt", opened_by as "openedBy",
  case when decided_at is null then null else json_build_object('reason', decision_reason, 'by', decided_by,
    'at', to_char(decided_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')) end as decision`;

/** Error: `match_case_not_found`. */
export async function readCase(db: Queryable, caseId: string, { lock = false } = {}): Promise<MatchCase> {
  const id = canonicalUuid(caseId);
  const { rows } =
    id === undefined
      ? { rows: [] }
      : await db.query<MatchCase>(
          `select ${caseColumns} from parties.match_case where case_id = $1${lock ? ' for update' : ''}`,
          [id],
        );
  const [found] = rows;
  if (found === undefined) throw matchError('match_case_not_found', `No case ${caseId.slice(0, 60)}`);
  return found;
}

export interface CaseFilter {
  readonly state?: CaseState | undefined;
  /** Only cases this party is part of. */
  readonly partyId?: string | undefined;
}

/** Cases the request may see, in the order they were opened, behind `after` (opened at, id). */
export async function listCases(
  db: Queryable,
  filter: CaseFilter,
  page: { readonly after?: readonly [openedAt: string, id: string] | undefined; readonly limit: number },
): Promise<MatchCase[]> {
  const { rows } = await db.query<MatchCase>(
    `select ${caseColumns} from parties.match_case
      where ($1::text is null or state = $1) and ($2::uuid is null or $2 in (party_id, other_party_id))
        and ($3::timestamptz is null or (opened_at, case_id) > ($3, $4::uuid))
      order by opened_at, case_id limit $5`,
    [filter.state ?? null, filter.partyId ?? null, page.after?.[0] ?? null, page.after?.[1] ?? null, page.limit],
  );
  return rows;
}

export interface CaseTrail {
  readonly number: number;
  readonly state: CaseState;
  readonly reason: string;
  readonly decidedBy: string;
  readonly decidedAt: string;
}

/** All decisions about a case, also those taken back, oldest first. */
export async function trailOf(db: Queryable, caseId: string): Promise<CaseTrail[]> {
  const { rows } = await db.query<CaseTrail>(
    `select number, state, reason, decided_by as "decidedBy", decided_at as "decidedAt"
       from parties.match_decision where case_id = $1 order by number`,
    [caseId],
  );
  return rows;
}
