/** The JSON of checks, cases and merges, as zod. */
import { z } from 'zod';
import { dateField, instantField, pageQuery, textField, uuidField } from '#kernel/http';
import { type CaseTrail, caseStates, type MatchCase } from './cases.ts';
import { type CheckResult, MAX_CHECK } from './check.ts';
import type { Merge } from './merge.ts';
import type { PartyFacts } from './profile.ts';

const sex = z.enum(['female', 'male']);
const texts = (longest: number) => z.array(textField.min(1).max(longest)).max(20).default([]);
const reasonField = textField.min(1).max(500).describe('Why; kept for good.');

const facts = z.strictObject({
  party_id: uuidField.optional().describe('Its own id, if it is a party already: it is not its own twin.'),
  kind: z.enum(['person', 'organisation']),
  names: z.array(textField.min(1).max(200)).min(1).max(20),
  birth_date: dateField.nullable().default(null).describe('Of an organisation the date of its foundation.'),
  sex: sex.nullable().default(null),
  phones: texts(40),
  emails: texts(254),
  division_codes: texts(12).describe('GB/T 2260.'),
  identifiers: z
    .array(
      z.strictObject({
        kind: textField.min(1).max(64),
        country: z
          .string()
          .regex(/^[A-Z]{3}$/)
          .default('CHN'),
        value: textField.min(1).max(64),
      }),
    )
    .max(20)
    .default([]),
});
export const checkBody = z.strictObject({ parties: z.array(facts).min(1).max(MAX_CHECK) });

export function factsFrom(one: z.infer<typeof facts>): PartyFacts & { partyId?: string | undefined } {
  const { party_id: partyId, birth_date: birthDate, division_codes: divisionCodes, ...rest } = one;
  return { ...rest, partyId: partyId?.toLowerCase(), birthDate, divisionCodes };
}

const reasons = z
  .array(z.object({ field: z.string(), level: z.string(), weight: z.number() }))
  .describe('What each field contributed, in bits.');
export const checkResult = z
  .object({
    verdict: z.enum(['new', 'unsure', 'proposed', 'same']),
    matches: z.array(
      z.object({
        party_id: z.string().describe('The party, or the one that stands for it since a merge.'),
        record_id: z.string(),
        unit_id: z.int(),
        verdict: z.enum(['unsure', 'proposed', 'same']),
        score: z.number().describe('Sum of the weights, in bits.'),
        reasons,
      }),
    ),
    compared: z.int(),
    too_common: z.boolean().describe('More must be known before `new` means anything.'),
  })
  .meta({ id: 'UniquenessCheck' });
export const checkReply = z.object({ results: z.array(checkResult) });

export function checkJson({ verdict, matches, compared, tooCommon }: CheckResult): z.infer<typeof checkResult> {
  return {
    verdict,
    matches: matches.flatMap(({ partyId, recordId, unitId, verdict: found, score, reasons: why }) =>
      found === 'different'
        ? []
        : [{ party_id: partyId, record_id: recordId, unit_id: unitId, verdict: found, score, reasons: [...why] }],
    ),
    compared,
    too_common: tooCommon,
  };
}

export const partyParams = z.strictObject({ id: uuidField });
export const caseParams = z.strictObject({ id: uuidField });
export const mergeParams = z.strictObject({ id: uuidField });
export const casesQuery = z.strictObject({
  ...pageQuery,
  state: z.enum(caseStates).optional(),
  party_id: uuidField.optional(),
});
export const caseCursor = z.tuple([instantField, uuidField]);
export const decisionBody = z.strictObject({
  state: z.enum(['same', 'different']),
  reason: reasonField,
  survivor_id: uuidField.optional().describe('Of the two, who stands for both; default: the one that was there first.'),
});

export const caseReply = z
  .object({
    id: z.string(),
    party_id: z.string(),
    other_party_id: z.string(),
    verdict: z.enum(['unsure', 'proposed', 'same']),
    score: z.number(),
    reasons,
    state: z.enum(caseStates),
    opened_at: z.string(),
    opened_by: z.string(),
    decision: z.object({ reason: z.string(), by: z.string(), at: z.string() }).nullable(),
  })
  .meta({ id: 'MatchCase' });

export function caseJson(one: MatchCase): z.infer<typeof caseReply> {
  const { id, verdict, score, reasons: why, state, decision } = one;
  return {
    id,
    party_id: one.partyId,
    other_party_id: one.otherPartyId,
    verdict,
    score,
    reasons: [...why],
    state,
    opened_at: one.openedAt,
    opened_by: one.openedBy,
    decision,
  };
}

export const caseWithTrail = caseReply.extend({
  trail: z.array(
    z.object({
      number: z.int(),
      state: z.enum(caseStates),
      reason: z.string(),
      decided_by: z.string(),
      decided_at: z.string(),
    }),
  ),
});

export function trailJson({ number, state, reason, decidedBy, decidedAt }: CaseTrail) {
  return { number, state, reason, decided_by: decidedBy, decided_at: decidedAt };
}

export const mergeBody = z.strictObject({
  id: uuidField.describe('Chosen by the caller; the same again changes nothing.'),
  survivor_id: uuidField,
  absorbed_id: uuidField,
  reason: reasonField,
});
export const splitBody = z.strictObject({ reason: reasonField });

/** Whose value won, not the value: reading that needs the permission to read the party. */
export const mergeReply = z
  .object({
    id: z.string(),
    survivor_id: z.string(),
    absorbed_id: z.string(),
    case_id: z.string().nullable(),
    reason: z.string(),
    made_by: z.string(),
    made_at: z.string(),
    fields: z
      .array(
        z.object({
          field: z.string(),
          party_id: z.string().nullable(),
          why: z.enum(['resident_number', 'survivor', 'oldest_record', 'nobody_knows']),
        }),
      )
      .describe('Whose value won in each field, and why.'),
    split: z.object({ reason: z.string(), by: z.string(), at: z.string() }).nullable(),
  })
  .meta({ id: 'PartyMerge' });

export function mergeJson(merge: Merge): z.infer<typeof mergeReply> {
  return {
    id: merge.id,
    survivor_id: merge.survivorId,
    absorbed_id: merge.absorbedId,
    case_id: merge.caseId,
    reason: merge.reason,
    made_by: merge.madeBy,
    made_at: merge.madeAt,
    fields: merge.fields.map(({ field, party_id, why }) => ({ field, party_id, why })),
    split: merge.split,
  };
}

export const decisionReply = z.object({ case: caseReply, merge: mergeReply.nullable() });
