/** The objects of parties as the API reads and writes them. */
import { z } from 'zod';
import { dateField, instantField, pageQuery, textField, uuidField } from '#kernel/http';
import { identifierKinds } from './identifiers/identifiers.ts';
import { addressKinds, contactKinds, nameKinds, partyKinds, sexes } from './model.ts';
import { relationKinds } from './relations/model.ts';
import { rightKinds } from './rights/model.ts';
import { verificationChecks } from './verification/port.ts';

const country = z.string().length(3).describe('ISO 3166-1 alpha-3.');
const text = (length: number) => textField.max(length);
const amount = z.string();

const name = z.strictObject({
  kind: z.enum(nameKinds).default('legal'),
  script: z.string().length(4).optional().describe('ISO 15924, such as Hani or Latn; default by its letters.'),
  value: text(400),
});
const identifier = z.strictObject({
  // Not an enumeration: a kind that is not known has an error of its own.
  kind: z.string().max(64).describe(identifierKinds.join(', ')),
  value: text(100),
  country: country.optional().describe('Default CHN.'),
  issued_by: text(200).nullish(),
  issued_on: dateField.nullish(),
  expires_on: dateField.nullish().describe('The last day it is good for.'),
  upgrade_old_form: z.boolean().optional().describe('Take a resident number of 15 digits and keep the one with 18.'),
});
const address = z.strictObject({
  kind: z.enum(addressKinds),
  country: country.optional().describe('Default that of the division, else CHN.'),
  division_code: z.string().max(6).nullish().describe('Six digits (GB/T 2260); wanted in China.'),
  line: text(600),
  postal_code: text(12).nullish(),
});
const contact = z.strictObject({ kind: z.enum(contactKinds), value: text(300) });

const lists = {
  names: z.array(name).max(50).optional(),
  identifiers: z.array(identifier).max(50).optional(),
  addresses: z.array(address).max(50).optional(),
  contacts: z.array(contact).max(50).optional(),
};
const facts = {
  birth_date: dateField.nullish().describe('Default: that of a resident number.'),
  sex: z.enum(sexes).nullish(),
  nationality: country.nullish(),
  founded_on: dateField.nullish().describe('Of organisations.'),
};

export const partyBody = z.strictObject({
  id: uuidField.optional().describe('Yours; the same party again under it changes nothing.'),
  unit: z.string().max(32).default('institution').describe('Code of the unit the party belongs to.'),
  kind: z.enum(partyKinds),
  ...facts,
  ...lists,
});
export const changeBody = z.strictObject({
  version: z.int().min(1).describe('The version that was read.'),
  ...facts,
  state: z.enum(['active', 'closed']).optional(),
  add: z.strictObject(lists).optional(),
  end: z.array(uuidField).max(200).optional().describe('Ids of names, identifiers, addresses, contacts that end.'),
});
export const searchBody = z.strictObject({
  kind: z.enum(partyKinds).optional(),
  unit: z.string().max(32).optional(),
  name: text(200).optional().describe('How a name begins, whatever its case, width, spaces and dots.'),
  identifier: text(100).optional().describe('The whole number.'),
  identifier_kind: z.string().max(64).optional(),
  mobile: text(40).optional(),
  email: text(300).optional(),
  limit: pageQuery.limit,
  cursor: pageQuery.cursor,
});
export const listQuery = z.strictObject({ ...pageQuery, kind: searchBody.shape.kind, unit: searchBody.shape.unit });
export const idParams = z.strictObject({ id: z.string().max(60) });
export const rowParams = z.strictObject({ id: z.string().max(60), row: z.string().max(60) });
export const idCursor = z.tuple([uuidField]);

const row = { id: z.string(), recorded_at: z.string() };
const held = z.string().nullable();
export const partyLine = z
  .object({
    id: z.string(),
    unit: held,
    kind: z.enum(partyKinds),
    name: z.string(),
    birth_date: held,
    sex: z.enum(sexes).nullable(),
    nationality: held,
    founded_on: held,
    state: z.enum(['active', 'closed']),
    version: z.int(),
    created_at: z.string(),
    changed_at: z.string(),
    masked: z.boolean().describe('Personal data is masked: the permission party.personal:read is missing.'),
  })
  .meta({ id: 'PartyLine' });
export const partyReply = partyLine
  .extend({
    merged_ids: z.array(z.string()).describe('Parties that were merged into this one.'),
    names: z.array(z.object({ ...row, kind: z.enum(nameKinds), script: z.string(), value: z.string() })),
    identifiers: z.array(
      z.object({
        ...row,
        kind: z.enum(identifierKinds),
        country: z.string(),
        value: z.string(),
        issued_by: held,
        issued_on: held,
        expires_on: held,
      }),
    ),
    addresses: z.array(
      z.object({
        ...row,
        kind: z.enum(addressKinds),
        country: z.string(),
        division_code: held,
        line: z.string(),
        postal_code: held,
      }),
    ),
    contacts: z.array(z.object({ ...row, kind: z.enum(contactKinds), value: z.string() })),
  })
  .meta({ id: 'Party' });

export const relationBody = z.strictObject({
  id: uuidField.optional(),
  kind: z.enum(relationKinds).describe('The party of the path is … of `to`.'),
  to: uuidField,
  percentage: z.string().max(20).nullable().default(null).describe('Of a shareholder: above 0 and at most 100.'),
  note: text(500).nullable().default(null),
  valid_from: dateField,
  valid_until: dateField.nullable().default(null).describe('The first day it no longer holds.'),
});
export const endBody = z.strictObject({ until: dateField.describe('The first day it no longer holds.') });
const named = z.object({ id: z.string(), kind: z.enum(partyKinds).nullable(), name: held });
export const relationReply = z
  .object({
    id: z.string(),
    kind: z.enum(relationKinds),
    from: named,
    to: named,
    percentage: held,
    note: held,
    valid_from: z.string(),
    valid_until: held,
  })
  .meta({ id: 'PartyRelation' });
export const onQuery = z.strictObject({ on: dateField.optional().describe('Only those that hold on this date.') });
export const networkQuery = z.strictObject({ date: dateField.optional().describe('Default: today.') });
export const ownersQuery = networkQuery.extend({
  threshold: z
    .string()
    .regex(/^(?:100|[1-9]?[0-9](?:\.[0-9]{1,10})?)$/, 'Not a percentage')
    .default('25'),
});
export const ownersReply = z
  .object({
    party: named,
    date: z.string(),
    threshold: z.string(),
    owners: z.array(
      z.object({
        party: named,
        basis: z.array(z.enum(['ownership', 'control', 'senior_management'])),
        effective_percentage: z.string(),
        paths: z.array(
          z.object({
            parties: z.array(named).describe('From the owner to the company.'),
            percentages: z.array(z.string().nullable()).describe('Of each step; null is control by other means.'),
            percentage: held,
          }),
        ),
        circular_percentage: z.string().describe('What ways that go round a circle add to the paths.'),
        paths_complete: z.boolean(),
      }),
    ),
    ultimate: z.array(z.object({ party: named, effective_percentage: z.string() })),
    unattributed_percentage: z.string(),
  })
  .meta({ id: 'BeneficialOwners' });
export const groupReply = z
  .object({
    party: named,
    date: z.string(),
    members: z.array(named),
    links: z.array(z.object({ from: z.string(), to: z.string(), basis: z.enum(['holding', 'control']) })),
  })
  .meta({ id: 'RelatedGroup' });

export const consentBody = z.strictObject({
  id: uuidField.optional(),
  purpose: z.string().max(64),
  text_version: text(64),
  channel: text(64),
  evidence_sha256: z.string().max(64).nullable().default(null),
  granted_at: instantField.optional().describe('Default: now.'),
  expires_at: instantField.nullable().default(null),
});
export const consentReply = z
  .object({
    id: z.string(),
    purpose: z.string(),
    text_version: z.string(),
    channel: z.string(),
    evidence_sha256: held,
    granted_at: z.string(),
    expires_at: held,
    withdrawn_at: held,
  })
  .meta({ id: 'Consent' });
export const inForceQuery = z.strictObject({ purpose: z.string().max(64), at: instantField.optional() });

export const rightBody = z.strictObject({
  id: uuidField.optional(),
  book: z.string().max(64).default('main'),
  account_id: uuidField,
  kind: z.enum(rightKinds),
  currency: z.string().regex(/^[A-Z]{3}$/, 'Not an ISO 4217 code'),
  per_transaction: amount.nullable().default(null).describe('At most this at once; null: no limit.'),
  per_day: amount.nullable().default(null),
  valid_from: instantField.optional().describe('Default: now.'),
  valid_until: instantField.nullable().default(null),
});
export const customerReply = z
  .object({ book: z.string(), customer: z.string(), opened_at: z.string(), accounts: z.int() })
  .meta({ id: 'CustomerOfParty' });

export const rightReply = z
  .object({
    id: z.string(),
    party_id: z.string(),
    book: held,
    account_id: z.string(),
    kind: z.enum(rightKinds),
    currency: z.string(),
    per_transaction: amount.nullable(),
    per_day: amount.nullable(),
    valid_from: z.string(),
    valid_until: held,
  })
  .meta({ id: 'AccountRight' });
export const mayActBody = z.strictObject({
  account_id: uuidField,
  amount,
  currency: rightBody.shape.currency,
  at: instantField.optional().describe('Default: now.'),
  together: z.array(uuidField).max(20).default([]).describe('Parties who act together with this one.'),
});
export const mayActReply = z
  .object({
    allowed: z.boolean(),
    right_id: held,
    kind: z.enum(rightKinds).nullable(),
    code: held.describe('Why not.'),
    missing: z.array(z.string()).describe('Who has to act, too.'),
  })
  .meta({ id: 'MayAct' });

export const verificationBody = z.strictObject({
  id: uuidField.optional(),
  purpose: z.string().max(64),
  identifier_kind: z.string().max(64).optional(),
  mobile: text(40).optional().describe('Default: the first on record.'),
  card: text(40).optional(),
  document_reference: z.string().max(200).optional().describe("The provider's reference to its scan; no picture."),
  liveness_reference: z.string().max(200).optional().describe("The provider's reference to its recording."),
});
const outcomes = z.enum(['passed', 'failed', 'review', 'unavailable']);
export const verificationReply = z
  .object({
    id: z.string(),
    purpose: z.string(),
    provider: z.string(),
    simulation: z.boolean().describe('The answer was computed, nobody was asked: it proves nothing.'),
    outcome: outcomes,
    score: z.string(),
    checks: z.array(
      z.object({ check: z.enum(verificationChecks), outcome: outcomes, score: z.string(), reason: held }),
    ),
    request_sha256: z.string(),
    element_hashes: z.record(z.string(), z.string()),
    performed_at: z.string(),
    valid_until: held,
  })
  .meta({ id: 'IdentityVerification' });
export const policyBody = z.strictObject({
  checks: z.array(z.enum(verificationChecks)).min(1),
  minimum_score: z.string().max(6).describe('From 0 to 1; every check must reach it.'),
  valid_days: z.int().min(1).max(3_660),
});
export const purposeParams = z.strictObject({ purpose: z.string().max(64) });
export const policyReply = z
  .object({
    purpose: z.string(),
    checks: z.array(z.enum(verificationChecks)),
    minimum_score: z.string(),
    valid_days: z.int(),
  })
  .meta({ id: 'VerificationPolicy' });
