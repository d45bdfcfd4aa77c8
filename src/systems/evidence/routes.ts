/** The logs of postings over HTTP, below /api/v1/evidence. */
import { z } from 'zod';
import { logRoutes } from '#engines/evidence';
import { integerText, type RouteModule } from '#kernel/http';
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
const proofReply = z
  .object({
    format: z.string(),
    index: integerText,
    leaf: z.string().describe('Base64.'),
    proof: z.array(z.string()).describe('Base64 of 32 bytes each.'),
    checkpoint: z.string().describe('The signed note.'),
    keys: z.array(z.string()),
    posting,
    texts: z.object({ description: opened, reference: opened }).optional(),
  })
  .meta({ id: 'PostingProof' });

/** Routes below /api/v1/evidence. */
export function evidenceRoutes(evidence: PostingEvidence): RouteModule {
  return (app, deps) => {
    logRoutes(app, deps.db, (book) => evidence.source(book));
    app.get(
      '/evidence/:book/proof',
      {
        config: { permission: 'evidence:read' },
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
        config: { permission: 'evidence:write' },
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
