/** What parties agreed to: a purpose in a version of the text, until it expires or is withdrawn. */
import type { Queryable, Transaction } from '#kernel/database';
import { instantText, isValidInstant, parseInstant } from '#kernel/dates';
import { partyError } from './errors.ts';
import { changed, type PartyDeps, partyId, publish } from './service.ts';
import { survivorOf } from './survivor.ts';

export interface Consent {
  readonly id: string;
  readonly partyId: string;
  /** Such as 'marketing' or 'credit.enquiry'. */
  readonly purpose: string;
  readonly textVersion: string;
  /** Where it was given, such as 'counter' or 'mobile_bank'. */
  readonly channel: string;
  /** SHA-256 of the signed text or recording, hexadecimal. */
  readonly evidenceSha256: string | null;
  readonly grantedAt: string;
  readonly expiresAt: string | null;
  readonly withdrawnAt: string | null;
}

export type ConsentInput = Omit<Consent, 'withdrawnAt'>;

const columns = `consent_id as id, party_id as "partyId", purpose, text_version as "textVersion", channel,
  evidence_sha256 as "evidenceSha256", granted_at as "grantedAt", expires_at as "expiresAt",
  withdrawn_at as "withdrawnAt"`;

/** Of a party and all merged into it. */
const ofParty = 'party_id in (select parties.members_of($1))';

/**
 * Records a consent; the same again under its id changes nothing.
 * Errors: `party_not_found`, `consent_invalid`, `consent_different`.
 */
export async function grantConsent(deps: PartyDeps, tx: Transaction, input: ConsentInput): Promise<Consent> {
  const consent = { ...input, id: partyId(input.id), partyId: await survivorOf(tx, input.partyId) };
  const now = instantText(deps.clock.now());
  const invalid = (detail: string) => partyError('consent_invalid', detail);
  if (!/^[a-z][a-z0-9_.]{0,63}$/.test(consent.purpose)) {
    throw invalid('A purpose is of a-z, 0-9, _ and ., such as credit.enquiry');
  }
  const plain = /^[\p{L}\p{N} ._:/-]{1,64}$/u;
  if (!plain.test(consent.textVersion) || !plain.test(consent.channel)) {
    throw invalid('Version of the text and channel have 1 to 64 letters, digits and . _ : / -');
  }
  if (consent.evidenceSha256 !== null && !/^[0-9a-f]{64}$/.test(consent.evidenceSha256)) {
    throw invalid('The evidence is a SHA-256, hexadecimal');
  }
  const [grantedAt, expiresAt] = [consent.grantedAt, consent.expiresAt].map((text) => {
    if (text === null) return null;
    if (!isValidInstant(text)) throw invalid('Instants have the form of RFC 3339');
    return instantText(parseInstant(text));
  });
  if (grantedAt == null || grantedAt > now) throw invalid('A consent is not given in the future');
  if (expiresAt != null && expiresAt <= grantedAt) throw invalid('A consent ends after it was given');
  const values = [
    consent.id,
    consent.partyId,
    consent.purpose,
    consent.textVersion,
    consent.channel,
    consent.evidenceSha256,
    grantedAt,
    expiresAt ?? null,
  ];
  const { rowCount } = await tx.query(
    `insert into parties.consent (consent_id, party_id, purpose, text_version, channel, evidence_sha256, granted_at,
       expires_at, recorded_at)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9) on conflict do nothing`,
    [...values, now],
  );
  const { rows } = await tx.query<Consent & { same: boolean }>(
    `select ${columns}, (parties.survivor_of(party_id), purpose, text_version, channel, evidence_sha256, granted_at,
       expires_at) is not distinct from ($2::uuid, $3::text, $4::text, $5::text, $6::text, $7::timestamptz, $8::timestamptz) as same
     from parties.consent where consent_id = $1`,
    values,
  );
  const [row] = rows;
  if (row === undefined || !row.same) throw partyError('consent_different', `The id ${consent.id} was used otherwise`);
  if (rowCount === 1) await publish(deps, tx, [changed(consent.partyId, 'consent')]);
  const { same: _, ...kept } = row;
  return kept;
}

/** Withdraws a consent from now on; withdrawing it again changes nothing. Error: `consent_not_found`. */
export async function withdrawConsent(
  deps: PartyDeps,
  tx: Transaction,
  party: string,
  consentId: string,
): Promise<Consent> {
  const id = await survivorOf(tx, party);
  const now = instantText(deps.clock.now());
  const { rowCount } = await tx.query(
    `update parties.consent set withdrawn_at = $3 where consent_id = $2 and ${ofParty} and withdrawn_at is null`,
    [id, partyId(consentId), now],
  );
  const { rows } = await tx.query<Consent>(
    `select ${columns} from parties.consent where consent_id = $2 and ${ofParty}`,
    [id, partyId(consentId)],
  );
  const [consent] = rows;
  if (consent === undefined) throw partyError('consent_not_found', `No consent ${consentId} of this party`);
  if (rowCount === 1) await publish(deps, tx, [changed(id, 'consent')]);
  return consent;
}

/** All consents of a party, the latest first. */
export async function listConsents(db: Queryable, party: string): Promise<Consent[]> {
  const { rows } = await db.query<Consent>(
    `select ${columns} from parties.consent where ${ofParty} order by granted_at desc, consent_id desc`,
    [await survivorOf(db, party)],
  );
  return rows;
}

/**
 * The consent of a party to a purpose that is in force at an instant (RFC 3339): given, not expired, not withdrawn;
 * of several the one given last. Null when there is none. Error: `party_not_found`.
 */
export async function consentInForce(
  db: Queryable,
  party: string,
  purpose: string,
  at: string,
): Promise<Consent | null> {
  const { rows } = await db.query<Consent>(
    `select ${columns} from parties.consent
     where ${ofParty} and purpose = $2 and granted_at <= $3 and (expires_at is null or expires_at > $3)
       and (withdrawn_at is null or withdrawn_at > $3)
     order by granted_at desc, consent_id desc limit 1`,
    [await survivorOf(db, party), purpose, at],
  );
  return rows[0] ?? null;
}
