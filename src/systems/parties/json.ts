/** Parties as the API writes them; what is personal is masked for whoever may not see it. */

import type { z } from 'zod';
import { type MaskKind, mask } from '#kernel/audit';
import { formatAmount } from '#kernel/money';
import type { Consent } from './consents.ts';
import type { GroupAnswer, Named, OwnersAnswer } from './ownership/service.ts';
import type { Relation } from './relations/model.ts';
import type { AccountRight, MayAct } from './rights/model.ts';
import type * as schemas from './schemas.ts';
import { type PersonalField, personalFields, type Shown, type Sight } from './sight.ts';
import type { Party, PartyRow } from './store.ts';
import type { VerificationPolicy } from './verification/model.ts';
import type { Verification } from './verification/service.ts';

/** Names of parties by id. */
export type Labels = ReadonlyMap<string, { readonly kind: Named['kind']; readonly name: string }>;

/** What the page of a party says of a customer. */
export interface CustomerOf {
  /** Code of the book. */
  readonly book: string;
  readonly key: string;
  readonly unitId: number;
  readonly openedAt: string;
  readonly accounts: number;
}

type PartyJson = z.input<typeof schemas.partyReply>;

/** What is in a company's name is public; what is in a person's is not. */
async function shownOf(party: Pick<PartyRow, 'id' | 'unitId' | 'kind'>, sight: Sight): Promise<Shown> {
  const shown = await sight(party);
  return party.kind === 'person' ? shown : () => true;
}

export async function lineJson(party: PartyRow, sight: Sight): Promise<z.input<typeof schemas.partyLine>> {
  return lineOf(party, await shownOf(party, sight));
}

function lineOf(party: PartyRow, shown: Shown) {
  return {
    id: party.id,
    unit: party.unit,
    kind: party.kind,
    name: shown('name') ? party.name : mask('name', party.name),
    birth_date: shown('birth_date') ? party.birthDate : null,
    sex: shown('sex') ? party.sex : null,
    nationality: party.nationality,
    founded_on: party.foundedOn,
    state: party.state,
    version: party.version,
    created_at: party.createdAt,
    changed_at: party.changedAt,
    masked: !personalFields.every(shown),
  };
}

export async function partyJson(party: Party, sight: Sight): Promise<PartyJson> {
  const shown = await shownOf(party, sight);
  const text = (field: PersonalField, kind: MaskKind, value: string) => (shown(field) ? value : mask(kind, value));
  return {
    ...lineOf(party, shown),
    merged_ids: [...party.mergedIds],
    names: party.names.map(({ recordedAt, ...name }) => ({
      ...name,
      value: text('name', 'name', name.value),
      recorded_at: recordedAt,
    })),
    identifiers: party.identifiers.map(({ id, kind, country, value, issuedBy, issuedOn, expiresOn, recordedAt }) => ({
      id,
      kind,
      country,
      value: text('identifiers', 'identifier', value),
      issued_by: issuedBy,
      issued_on: issuedOn,
      expires_on: expiresOn,
      recorded_at: recordedAt,
    })),
    addresses: party.addresses.map(({ id, kind, country, divisionCode, line, postalCode, recordedAt }) => ({
      id,
      kind,
      country,
      division_code: divisionCode,
      line: text('addresses', 'address', line),
      postal_code: postalCode,
      recorded_at: recordedAt,
    })),
    contacts: party.contacts.map(({ id, kind, value, recordedAt }) => ({
      id,
      kind,
      value: text('contacts', kind === 'email' ? 'email' : 'mobile', value),
      recorded_at: recordedAt,
    })),
  };
}

/** Names as they may be shown. */
export async function labelsOf(parties: ReadonlyMap<string, Named>, sight: Sight): Promise<Labels> {
  const labels = new Map<string, { kind: Named['kind']; name: string }>();
  for (const [id, { kind, name, unitId }] of parties) {
    const shown = await shownOf({ id, kind, unitId }, sight);
    labels.set(id, { kind, name: shown('name') ? name : mask('name', name) });
  }
  return labels;
}

/** A party that may not be seen is its id only. */
const named = (id: string, labels: Labels) => ({
  id,
  kind: labels.get(id)?.kind ?? null,
  name: labels.get(id)?.name ?? null,
});

export function relationJson(relation: Relation, labels: Labels): z.input<typeof schemas.relationReply> {
  const { id, kind, from, to, percentage, note, validFrom, validUntil } = relation;
  return {
    id,
    kind,
    from: named(from, labels),
    to: named(to, labels),
    percentage,
    note,
    valid_from: validFrom,
    valid_until: validUntil,
  };
}

export function ownersJson(answer: OwnersAnswer, labels: Labels): z.input<typeof schemas.ownersReply> {
  const of = (id: string) => named(id, labels);
  return {
    party: of(answer.partyId),
    date: answer.date,
    threshold: answer.threshold,
    owners: answer.owners.map((owner) => ({
      party: of(owner.partyId),
      basis: [...owner.basis],
      effective_percentage: owner.effectivePercentage,
      paths: owner.paths.map(({ parties, percentages, percentage }) => ({
        parties: parties.map(of),
        percentages: [...percentages],
        percentage,
      })),
      circular_percentage: owner.circularPercentage,
      paths_complete: owner.pathsComplete,
    })),
    ultimate: answer.ultimate.map(({ partyId, effectivePercentage }) => ({
      party: of(partyId),
      effective_percentage: effectivePercentage,
    })),
    unattributed_percentage: answer.unattributedPercentage,
  };
}

export function groupJson({ partyId, date, members, links }: GroupAnswer, labels: Labels) {
  return {
    party: named(partyId, labels),
    date,
    members: members.map((id) => named(id, labels)),
    links: links.map((link) => ({ ...link })),
  };
}

export function consentJson(consent: Consent): z.input<typeof schemas.consentReply> {
  return {
    id: consent.id,
    purpose: consent.purpose,
    text_version: consent.textVersion,
    channel: consent.channel,
    evidence_sha256: consent.evidenceSha256,
    granted_at: consent.grantedAt,
    expires_at: consent.expiresAt,
    withdrawn_at: consent.withdrawnAt,
  };
}

export function customerJson({ book, key, openedAt, accounts }: CustomerOf): z.input<typeof schemas.customerReply> {
  return { book, customer: key, opened_at: openedAt, accounts };
}

export function rightJson(right: AccountRight): z.input<typeof schemas.rightReply> {
  const limit = (minor: bigint | null) => (minor === null ? null : formatAmount(minor, right.currency));
  return {
    id: right.id,
    party_id: right.partyId,
    book: right.book,
    account_id: right.accountId,
    kind: right.kind,
    currency: right.currency,
    per_transaction: limit(right.perTransactionMinor),
    per_day: limit(right.perDayMinor),
    valid_from: right.validFrom,
    valid_until: right.validUntil,
  };
}

export function mayActJson(answer: MayAct): z.input<typeof schemas.mayActReply> {
  return answer.allowed
    ? { allowed: true, right_id: answer.rightId, kind: answer.kind, code: null, missing: [] }
    : { allowed: false, right_id: null, kind: null, code: answer.code, missing: [...answer.missing] };
}

export function verificationJson(verification: Verification): z.input<typeof schemas.verificationReply> {
  return {
    id: verification.id,
    purpose: verification.purpose,
    provider: verification.provider,
    simulation: verification.simulation,
    outcome: verification.outcome,
    score: verification.score,
    checks: [...verification.checks],
    request_sha256: verification.requestSha256,
    element_hashes: { ...verification.elementHashes },
    performed_at: verification.performedAt,
    valid_until: verification.validUntil,
  };
}

export function policyJson({ purpose, checks, minimumScore, validDays }: VerificationPolicy) {
  return { purpose, checks: [...checks], minimum_score: minimumScore, valid_days: validDays };
}
