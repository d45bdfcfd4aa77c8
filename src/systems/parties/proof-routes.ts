/** Consents, rights to accounts and verifications of identity over HTTP. */
import { z } from 'zod';
import { auditSubject } from '#kernel/audit';
import { instantText, parseInstant } from '#kernel/dates';
import type { RouteModule } from '#kernel/http';
import { newId } from '#kernel/ids';
import { isCurrency, type Money, parseAmountMinor } from '#kernel/money';
import { consentInForce, grantConsent, listConsents, withdrawConsent } from './consents.ts';
import { partyError } from './errors.ts';
import { consentJson, mayActJson, policyJson, rightJson, verificationJson } from './json.ts';
import { endRight, giveRight, listRights, mayAct } from './rights/service.ts';
import * as schemas from './schemas.ts';
import type { PartyDeps } from './service.ts';
import { lookAt } from './sight.ts';
import type { VerificationPort } from './verification/port.ts';
import { listPolicies, listVerifications, savePolicy, verifyIdentity } from './verification/service.ts';

const tags = ['parties'];
const list = <Item extends z.ZodType>(item: Item) => z.object({ items: z.array(item) });

export function proofRoutes(room: PartyDeps, port: VerificationPort): RouteModule {
  return (app, deps) => {
    const now = () => instantText(deps.clock.now());

    app.get(
      '/parties/:id/consents',
      {
        config: { permission: 'party:read', personal: true },
        schema: {
          tags,
          summary: 'What a party agreed to, the latest first',
          params: schemas.idParams,
          response: { 200: list(schemas.consentReply) },
        },
      },
      async ({ params }) => {
        await lookAt(deps.db, params.id);
        return { items: (await listConsents(deps.db, params.id)).map(consentJson) };
      },
    );
    app.get(
      '/parties/:id/consents/in-force',
      {
        config: { permission: 'party:read', personal: true },
        schema: {
          tags,
          summary: 'The consent to a purpose that is in force',
          params: schemas.idParams,
          querystring: schemas.inForceQuery,
          response: { 200: z.object({ consent: schemas.consentReply.nullable() }) },
        },
      },
      async ({ params, query }) => {
        await lookAt(deps.db, params.id);
        const consent = await consentInForce(deps.db, params.id, query.purpose, query.at ?? now());
        return { consent: consent === null ? null : consentJson(consent) };
      },
    );
    app.post(
      '/parties/:id/consents',
      {
        config: { permission: 'party:write' },
        schema: {
          tags,
          summary: 'Record a consent',
          params: schemas.idParams,
          body: schemas.consentBody,
          response: { 201: schemas.consentReply },
        },
      },
      (request, reply) =>
        deps.idempotently(request, reply, async (tx) => {
          const { body, params } = request;
          await lookAt(tx, params.id);
          const consent = await grantConsent(room, tx, {
            id: body.id ?? newId(deps.clock),
            partyId: params.id,
            purpose: body.purpose,
            textVersion: body.text_version,
            channel: body.channel,
            evidenceSha256: body.evidence_sha256,
            grantedAt: body.granted_at ?? now(),
            expiresAt: body.expires_at,
          });
          return { status: 201, body: consentJson(consent) };
        }),
    );
    app.post(
      '/parties/:id/consents/:row/withdraw',
      {
        config: { permission: 'party:write' },
        schema: {
          tags,
          summary: 'Withdraw a consent from now on',
          params: schemas.rowParams,
          response: { 200: schemas.consentReply },
        },
      },
      (request, reply) =>
        deps.idempotently(request, reply, async (tx) => {
          const { id, row } = request.params;
          await lookAt(tx, id);
          return { status: 200, body: consentJson(await withdrawConsent(room, tx, id, row)) };
        }),
    );
    app.get(
      '/parties/:id/rights',
      {
        config: { permission: 'party:read', personal: true },
        schema: {
          tags,
          summary: 'Rights of a party to accounts, also those that ended',
          params: schemas.idParams,
          response: { 200: list(schemas.rightReply) },
        },
      },
      async ({ params }) => {
        await lookAt(deps.db, params.id);
        return { items: (await listRights(deps.db, params.id)).map(rightJson) };
      },
    );
    app.post(
      '/parties/:id/rights',
      {
        config: { permission: 'party:write' },
        schema: {
          tags,
          summary: 'Give a party a right to an account',
          params: schemas.idParams,
          body: schemas.rightBody,
          response: { 201: schemas.rightReply },
        },
      },
      (request, reply) =>
        deps.idempotently(request, reply, async (tx) => {
          const { body, params } = request;
          const limit = (text: string | null) => (text === null ? null : moneyOf(text, body.currency).amountMinor);
          await lookAt(tx, params.id);
          auditSubject({ kind: 'account', id: body.account_id });
          const right = await giveRight(room, tx, {
            id: body.id ?? newId(deps.clock),
            partyId: params.id,
            book: body.book,
            accountId: body.account_id,
            kind: body.kind,
            currency: body.currency,
            perTransactionMinor: limit(body.per_transaction),
            perDayMinor: limit(body.per_day),
            validFrom: body.valid_from ?? now(),
            validUntil: body.valid_until,
          });
          return { status: 201, body: rightJson(right) };
        }),
    );
    app.post(
      '/parties/:id/rights/:row/end',
      {
        config: { permission: 'party:write' },
        schema: {
          tags,
          summary: 'End a right from now on',
          params: schemas.rowParams,
          response: { 200: schemas.rightReply },
        },
      },
      (request, reply) =>
        deps.idempotently(request, reply, async (tx) => {
          const { id, row } = request.params;
          await lookAt(tx, id);
          return { status: 200, body: rightJson(await endRight(room, tx, id, row)) };
        }),
    );
    app.post(
      '/parties/:id/may-act',
      {
        config: { permission: 'party:read', personal: true, audit: 'none' },
        schema: {
          tags,
          summary: 'Ask whether the party may act on an account; nothing is changed or counted',
          params: schemas.idParams,
          body: schemas.mayActBody,
          response: { 200: schemas.mayActReply },
        },
      },
      async ({ params, body }) => {
        await lookAt(deps.db, params.id);
        auditSubject({ kind: 'account', id: body.account_id });
        const at = body.at === undefined ? now() : instantText(parseInstant(body.at));
        const { timeZone } = room;
        const amount = moneyOf(body.amount, body.currency);
        const { together } = body;
        return mayActJson(await mayAct(deps.db, params.id, body.account_id, amount, at, { timeZone, together }));
      },
    );
    app.get(
      '/parties/verification-policies',
      {
        config: { permission: 'party:read' },
        schema: { tags, summary: 'Which checks each purpose needs', response: { 200: list(schemas.policyReply) } },
      },
      async () => ({ items: (await listPolicies(deps.db)).map(policyJson) }),
    );
    app.put(
      '/parties/verification-policies/:purpose',
      {
        config: { permission: 'party.policy:write', reach: 'institution' },
        schema: {
          tags,
          summary: 'Say which checks a purpose needs',
          params: schemas.purposeParams,
          body: schemas.policyBody,
          response: { 200: schemas.policyReply },
        },
      },
      (request, reply) =>
        deps.idempotently(request, reply, async (tx) => {
          const { checks, minimum_score: minimumScore, valid_days: validDays } = request.body;
          const policy = { purpose: request.params.purpose, checks, minimumScore, validDays };
          return { status: 200, body: policyJson(await savePolicy(room, tx, policy)) };
        }),
    );
    app.get(
      '/parties/:id/verifications',
      {
        config: { permission: 'party:read', personal: true },
        schema: {
          tags,
          summary: 'Verifications of identity, the latest first',
          params: schemas.idParams,
          response: { 200: list(schemas.verificationReply) },
        },
      },
      async ({ params }) => {
        await lookAt(deps.db, params.id);
        return { items: (await listVerifications(deps.db, params.id)).map(verificationJson) };
      },
    );
    app.post(
      '/parties/:id/verifications',
      {
        config: { permission: 'party:write' },
        schema: {
          tags,
          summary: 'Verify the identity of a person for a purpose',
          description: 'Name and number are those on record. The id is yours and keeps its first answer.',
          params: schemas.idParams,
          body: schemas.verificationBody,
          response: { 201: schemas.verificationReply },
        },
      },
      async (request, reply) => {
        const { body, params } = request;
        await deps.claimIdempotencyKey(request);
        await lookAt(deps.db, params.id);
        const verification = await verifyIdentity(room, port, {
          id: body.id ?? newId(deps.clock),
          partyId: params.id,
          purpose: body.purpose,
          identifierKind: body.identifier_kind,
          mobile: body.mobile,
          card: body.card,
          documentReference: body.document_reference,
          livenessReference: body.liveness_reference,
        });
        return reply.code(201).send(verificationJson(verification));
      },
    );
  };
}

function moneyOf(text: string, currency: string): Money {
  if (isCurrency(currency)) {
    const parsed = parseAmountMinor(text, currency);
    if (parsed.ok) return { amountMinor: parsed.amountMinor, currency };
  }
  throw partyError('account_right_invalid', `'${text.slice(0, 60)}' is no amount of ${currency}`);
}
