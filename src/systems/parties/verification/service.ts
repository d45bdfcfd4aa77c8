/** Verifying who a party is: the policy of the purpose, the question to the provider, the evidence. */
import { randomBytes } from 'node:crypto';
import { isStorable, type Queryable, type Transaction } from '#kernel/database';
import { instantText } from '#kernel/dates';
import { partyError } from '../errors.ts';
import { isLuhn } from '../identifiers/check-digits.ts';
import { isExpired, isIdentifierKind } from '../identifiers/identifiers.ts';
import { contactValue } from '../model.ts';
import { changed, type PartyDeps, partyId, publish, readParty, today } from '../service.ts';
import type { Party } from '../store.ts';
import { survivorOf } from '../survivor.ts';
import { type Evidence, evidenceOf, judged, type Outcome, type VerificationPolicy } from './model.ts';
import {
  type CheckAnswer,
  elementsOf,
  type VerificationPort,
  type VerificationRequest,
  verificationChecks,
} from './port.ts';

export interface Verification extends Evidence {
  readonly id: string;
  readonly partyId: string;
  readonly purpose: string;
  readonly provider: string;
  /** The answer was computed, nobody was asked. */
  readonly simulation: boolean;
  readonly outcome: Outcome;
  /** From 0 to 1, four decimals. */
  readonly score: string;
  readonly checks: readonly CheckAnswer[];
  readonly performedAt: string;
  /** Of those that passed. */
  readonly validUntil: string | null;
}

export interface VerificationInput {
  /** UUID of the caller; it keeps its first answer. */
  readonly id: string;
  readonly partyId: string;
  readonly purpose: string;
  /** Which of the party's identifiers; default its first. */
  readonly identifierKind?: string | undefined;
  /** Default: the first mobile number of the party. */
  readonly mobile?: string | undefined;
  readonly card?: string | undefined;
  readonly documentReference?: string | undefined;
  readonly livenessReference?: string | undefined;
}

const columns = `verification_id as id, parties.survivor_of(party_id) as "partyId", purpose, provider, simulation, outcome,
  score, checks, request_sha256 as "requestSha256", salt, element_hashes as "elementHashes",
  performed_at as "performedAt", valid_until as "validUntil"`;

const policyColumns = `purpose, checks, minimum_score as "minimumScore", valid_days as "validDays"`;

/**
 * Verifies the identity of a party for a purpose: the name and number on record, with the mobile number and card given.
 * The provider is asked outside any transaction. The same id again gives the answer kept.
 *
 * @throws party_not_found, verification_purpose_unknown, verification_invalid (organisation, or something is missing),
 * identifier_kind_unknown, identifier_expired, verification_different
 */
export async function verifyIdentity(
  deps: PartyDeps,
  port: VerificationPort,
  input: VerificationInput,
): Promise<Verification> {
  const id = partyId(input.id);
  const party = await readParty(deps.db, input.partyId);
  const policy = await readPolicy(deps.db, input.purpose);
  const kept = await find(deps.db, id);
  if (kept !== undefined) return repeated(kept, party.id, input.purpose);
  const request = requestOf(id, party, policy, input, today(deps));

  const checks = (await port.verify(request)).map(({ check, outcome, score, reason }) => ({
    check,
    outcome,
    score,
    reason,
  }));
  const { outcome, score } = judged(policy, checks);
  const evidence = evidenceOf(request, randomBytes(16).toString('hex'));
  const now = deps.clock.now();
  const validUntil = outcome === 'passed' ? instantText(now.add({ hours: 24 * policy.validDays })) : null;
  return deps.db.transaction(async (tx) => {
    const { rowCount } = await tx.query(
      `insert into parties.verification (verification_id, party_id, purpose, provider, simulation, outcome, score, checks,
         request_sha256, salt, element_hashes, performed_at, valid_until)
       values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13) on conflict do nothing`,
      [
        id,
        party.id,
        policy.purpose,
        port.provider,
        port.simulation,
        outcome,
        score,
        JSON.stringify(checks),
        evidence.requestSha256,
        evidence.salt,
        JSON.stringify(evidence.elementHashes),
        instantText(now),
        validUntil,
      ],
    );
    const stored = await find(tx, id);
    if (stored === undefined) throw partyError('verification_different', `The id ${id} was used otherwise`);
    if (rowCount === 1) await publish(deps, tx, [changed(party.id, 'verification')]);
    return repeated(stored, party.id, policy.purpose);
  });
}

/** Verifications of a party, the latest first. */
export async function listVerifications(db: Queryable, party: string): Promise<Verification[]> {
  const { rows } = await db.query<Verification>(
    `select ${columns} from parties.verification where party_id in (select parties.members_of($1))
     order by performed_at desc, verification_id desc`,
    [await survivorOf(db, party)],
  );
  return rows;
}

/** The latest verification for a purpose that passed and is still good at an instant; null when there is none. */
export async function verificationInForce(
  db: Queryable,
  party: string,
  purpose: string,
  at: string,
): Promise<Verification | null> {
  const { rows } = await db.query<Verification>(
    `select ${columns} from parties.verification
     where party_id in (select parties.members_of($1)) and purpose = $2 and outcome = 'passed'
       and performed_at <= $3 and valid_until > $3
     order by performed_at desc, verification_id desc limit 1`,
    [await survivorOf(db, party), purpose, at],
  );
  return rows[0] ?? null;
}

/** What every purpose needs, by purpose. */
export async function listPolicies(db: Queryable): Promise<VerificationPolicy[]> {
  const { rows } = await db.query<VerificationPolicy>(
    `select ${policyColumns} from parties.verification_policy order by purpose`,
  );
  return rows;
}

/**
 * Says what a purpose needs from now on; verifications that passed stay good for as long as they were.
 * Error: `verification_policy_invalid`.
 */
export async function savePolicy(
  { clock }: Pick<PartyDeps, 'clock'>,
  tx: Transaction,
  policy: VerificationPolicy,
): Promise<VerificationPolicy> {
  const { purpose, minimumScore, validDays } = policy;
  const checks = verificationChecks.filter((check) => policy.checks.includes(check));
  const invalid = (detail: string) => partyError('verification_policy_invalid', detail);
  if (!/^[a-z][a-z0-9_.]{0,63}$/.test(purpose)) throw invalid('A purpose is of a-z, 0-9, _ and ., from a letter on');
  if (checks.length === 0) throw invalid('A purpose needs at least one check');
  if (!/^(?:0(?:\.[0-9]{1,4})?|1(?:\.0{1,4})?)$/.test(minimumScore)) {
    throw invalid('A score is from 0 to 1, with at most four decimals');
  }
  if (!Number.isInteger(validDays) || validDays < 1 || validDays > 3_660) {
    throw invalid('A verification is good for 1 to 3,660 days');
  }
  await tx.query(
    `insert into parties.verification_policy (purpose, checks, minimum_score, valid_days, changed_at)
     values ($1, $2, $3, $4, $5)
     on conflict (purpose) do update set checks = excluded.checks, minimum_score = excluded.minimum_score,
       valid_days = excluded.valid_days, changed_at = excluded.changed_at`,
    [purpose, checks, minimumScore, validDays, instantText(clock.now())],
  );
  return readPolicy(tx, purpose);
}

async function readPolicy(db: Queryable, purpose: string): Promise<VerificationPolicy> {
  const { rows } = await db.query<VerificationPolicy>(
    `select ${policyColumns} from parties.verification_policy where purpose = $1`,
    [isStorable(purpose) ? purpose : ''],
  );
  const [policy] = rows;
  if (policy === undefined) {
    throw partyError('verification_purpose_unknown', `No policy for '${purpose.slice(0, 60)}'`);
  }
  return policy;
}

async function find(db: Queryable, id: string): Promise<Verification | undefined> {
  const { rows } = await db.query<Verification>(
    `select ${columns} from parties.verification where verification_id = $1`,
    [id],
  );
  return rows[0];
}

function repeated(stored: Verification, party: string, purpose: string): Verification {
  if (stored.partyId === party && stored.purpose === purpose) return stored;
  throw partyError('verification_different', `The id ${stored.id} was used for another verification`);
}

function requestOf(
  id: string,
  party: Party,
  policy: VerificationPolicy,
  input: VerificationInput,
  date: string,
): VerificationRequest {
  const invalid = (detail: string) => partyError('verification_invalid', detail);
  if (party.kind !== 'person') throw invalid('The identity of a person is verified');
  const { identifierKind } = input;
  if (identifierKind !== undefined && !isIdentifierKind(identifierKind)) {
    throw partyError('identifier_kind_unknown', `No kind of identifier '${identifierKind.slice(0, 40)}'`);
  }
  const documents = party.identifiers.filter(
    ({ kind }) => kind !== 'other' && (identifierKind === undefined || kind === identifierKind),
  );
  const document = documents.find(({ expiresOn }) => !isExpired(expiresOn, date)) ?? documents[0];
  if (document === undefined) throw invalid('The party has no such identifier on record');
  if (isExpired(document.expiresOn, date)) {
    throw partyError('identifier_expired', `The ${document.kind} was good until ${document.expiresOn}`, {
      kind: document.kind,
    });
  }
  const mobile =
    input.mobile === undefined
      ? party.contacts.find(({ kind }) => kind === 'mobile')?.value
      : contactValue('mobile', input.mobile);
  const card = input.card?.replaceAll(/[\s-]/g, '');
  // A card number of another form is no card's; whether it is this person's card only the register knows.
  if (card !== undefined && !(/^[0-9]{12,19}$/.test(card) && isLuhn(card))) throw invalid('Not a card number');
  const values = { name: party.name, identifier: document.value, mobile, card };
  const needed = new Set(policy.checks.flatMap((check) => elementsOf[check]));
  const elements: Record<string, string> = {};
  for (const name of needed) {
    const value = values[name];
    if (value === undefined) throw invalid(`The purpose needs the ${name}`);
    elements[name] = value;
  }
  const reference = (check: 'document' | 'liveness', given: string | undefined) => {
    if (!policy.checks.includes(check)) return null;
    if (given === undefined || !/^[\x21-\x7e]{1,200}$/.test(given)) {
      throw invalid(`The purpose needs the provider's reference for ${check}`);
    }
    return given;
  };
  return {
    id,
    checks: policy.checks,
    identifierKind: document.kind,
    elements,
    documentReference: reference('document', input.documentReference),
    livenessReference: reference('liveness', input.livenessReference),
  };
}
