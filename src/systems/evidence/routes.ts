/** The logs of postings over HTTP, below /api/v1/evidence. */
import { z } from 'zod';
import { logRoutes } from '#engines/evidence';
import { integerText, type RouteModule } from '#kernel/http';
import { AUDIT_CODE, type AuditEvidence } from './audit.ts';
import { auditParts } from './audit-store.ts';
import type { PostingEvidence } from './service.ts';

const params = z.object({ book: z.string() });
const hash = z.string().nullable().describe('SHA-256 of salt and text, hexadecimal.');
const posting = z
  .object({
    book: z.string(),
    sequence: integerText,
    id: z.string(),
    kind: z.string(),
    debit_account_id: z.string(),
    credit_account_id: z.string(),
    amount_minor: integerText,
    currency: z.string(),
    effective_date: z.string(),
    recorded_at: z.string(),
    related_id: z.string().nullable(),
    expires_at: z.string().nullable(),
    linked: z.boolean(),
    adjustment: z.boolean(),
    type: z.string().nullable(),
    description_hash: hash,
    reference_hash: hash,
    released_minor: integerText,
    day_totals_minor: z.array(integerText),
  })
  .meta({ id: 'PostingLeaf' });
const opened = z.object({ text: z.string(), salt: z.string().describe('16 bytes, hexadecimal.') }).nullable();
const proofFile = z.object({
  format: z.string(),
  index: integerText,
  leaf: z.string().describe('Base64.'),
  proof: z.array(z.string()).describe('Base64 of 32 bytes each.'),
  checkpoint: z.string().describe('The signed note.'),
  keys: z.array(z.string()),
});
const proofReply = proofFile
  .extend({ posting, texts: z.object({ description: opened, reference: opened }).optional() })
  .meta({ id: 'PostingProof' });
const salted = z.string().describe('SHA-256 of salt and texts, hexadecimal.');
const auditLeaf = z
  .object({
    sequence: integerText,
    recorded_at: z.string(),
    actor_kind: z.string(),
    actor_id: z.string(),
    behalf_kind: z.string().nullable(),
    behalf_id: z.string().nullable(),
    who_hash: salted,
    action: z.string(),
    effect: z.string(),
    method: z.string().nullable(),
    route: z.string().nullable(),
    status: integerText,
    code: z.string().nullable(),
    subjects_hash: salted,
    fields: z.array(z.string()),
    unit_id: integerText,
    trace_id: z.string().nullable(),
    approval_id: z.string().nullable(),
    words_hash: salted,
  })
  .meta({ id: 'AuditLeaf' });

/** Routes below /api/v1/evidence. */
export function evidenceRoutes(evidence: PostingEvidence, audit: AuditEvidence): RouteModule {
  return (app, deps) => {
    logRoutes(app, deps.db, (book) => (book === AUDIT_CODE ? audit.source() : evidence.source(book)));
    app.get(
      `/evidence/${AUDIT_CODE}/proof`,
      {
        config: { permission: 'evidence:read', reach: 'institution' },
        schema: {
          tags: ['evidence'],
          summary: 'The proof that an entry stands in the audit trail; it can be verified without this server',
          querystring: z.strictObject({
            entry: z
              .string()
              .regex(/^[1-9]\d{0,14}$/)
              .describe('Its sequence.'),
          }),
          response: { 200: proofFile.extend({ entry: auditLeaf }).meta({ id: 'AuditProof' }) },
        },
      },
      async ({ query }) => {
        const proof = await audit.prove(Number(query.entry));
        const entry = { ...proof.entry, fields: [...proof.entry.fields] };
        return { ...proof, proof: [...proof.proof], keys: [...proof.keys], entry };
      },
    );
    app.post(
      `/evidence/${AUDIT_CODE}/erasures`,
      {
        config: { permission: 'evidence:write', reach: 'institution' },
        schema: {
          tags: ['evidence'],
          summary:
            'Erase what names people in an entry of the audit trail for good; its leaf and all proofs stay valid',
          body: z.strictObject({
            entry: z
              .string()
              .regex(/^[1-9]\d{0,14}$/)
              .describe('Its sequence.'),
            parts: z
              .array(z.enum(auditParts))
              .min(1)
              .describe('who: names and address; subjects; words: reason and digest of the request.'),
            reason: z.string().min(1).max(500),
          }),
          response: { 200: z.object({ erased: z.boolean().describe('False: there was nothing to erase.') }) },
        },
      },
      (request, reply) =>
        deps.idempotently(request, reply, async (tx) => {
          const { entry, parts, reason } = request.body;
          const erased = await audit.erase(tx, Number(entry), parts, reason);
          return { status: 200, body: { erased } };
        }),
    );
    app.get(
      '/evidence/:book/proof',
      {
        config: { permission: 'evidence:read', reach: 'book' },
        schema: {
          tags: ['evidence'],
          summary: 'The proof that a transfer was posted; it stands by itself and can be verified without this server',
          params,
          querystring: z.strictObject({
            transfer: z.string().describe('Id of the transfer.'),
            texts: z.enum(['true', 'false']).default('false').describe('Add the texts behind the hashes, with salts.'),
          }),
          response: { 200: proofReply },
        },
      },
      async ({ params: { book }, query }) => {
        const proof = await evidence.prove(book, query.transfer, { texts: query.texts === 'true' });
        return { ...proof, proof: [...proof.proof], keys: [...proof.keys], posting: copied(proof.posting) };
      },
    );
    app.post(
      '/evidence/:book/erasures',
      {
        config: { permission: 'evidence:write', reach: 'book' },
        schema: {
          tags: ['evidence'],
          summary: 'Erase description and reference of a posting for good; its leaf and all proofs stay valid',
          params,
          body: z.strictObject({ transfer_id: z.string(), reason: z.string().min(1).max(500) }),
          response: { 200: z.object({ erased: z.boolean().describe('False: there was nothing to erase.') }) },
        },
      },
      (request, reply) =>
        deps.idempotently(request, reply, async (tx) => {
          const { transfer_id, reason } = request.body;
          const erased = await evidence.erase(tx, request.params.book, transfer_id, reason);
          return { status: 200, body: { erased } };
        }),
    );
  };
}

function copied<Leaf extends { readonly day_totals_minor: readonly string[] }>(leaf: Leaf) {
  return { ...leaf, day_totals_minor: [...leaf.day_totals_minor] };
}
