/**
 * The Idempotency-Key header: a write that is sent again with the same key is done once and answered twice
 * (draft-ietf-httpapi-idempotency-key-header). Keys belong to the token that sent them.
 */
import { hash } from 'node:crypto';
import type { FastifyRequest } from 'fastify';
import type { Clock } from '#kernel/clock';
import { asSystem } from '#kernel/context';
import type { Database, Queryable, Transaction } from '#kernel/database';
import { invariant } from '#kernel/errors';
import { type Answerable, sendJson } from './body.ts';
import { httpError } from './errors.ts';

/** What a piece of work answers: the HTTP status and the body, which must fit the route's schema for that status. */
export interface Answer {
  readonly status: number;
  readonly body?: unknown;
}

export interface Idempotency {
  /**
   * Runs `work` in one database transaction and sends its answer. When the request has an Idempotency-Key, the key is
   * recorded in the same transaction; the same request again is then given the same answer, with the header
   * `Idempotency-Replayed: true`, and `work` does not run. Of concurrent requests with one key, one runs and the
   * others wait for its answer. Work that throws leaves no key, so that it can be tried again.
   *
   * Call it last in the handler: `return deps.idempotently(request, reply, async (tx) => ({ status: 201, body }))`.
   *
   * @throws `idempotency_key_invalid` 400, `idempotency_key_reused` 422 (same key, other request)
   */
  idempotently(
    request: FastifyRequest,
    reply: Answerable & Serialising,
    work: (tx: Transaction) => Promise<Answer>,
  ): Promise<void>;

  /**
   * For writes that are idempotent by themselves and whose work is not in one transaction: only makes sure that a key
   * stands for one request. The same request again may proceed.
   *
   * @throws `idempotency_key_invalid` 400, `idempotency_key_reused` 422
   */
  claimIdempotencyKey(request: FastifyRequest): Promise<void>;
}

interface Serialising {
  /** Waits until the answer has been sent. */
  then(sent: () => void, failed: (error: Error) => void): void;
  getSerializationFunction(status: string): ((body: Record<string, unknown>) => string) | undefined;
}

/** A key as it is stored. */
interface Claim {
  readonly scope: string;
  readonly key: string;
  /** Base64 SHA-256 of method, address and body. */
  readonly fingerprint: string;
}

interface Stored {
  readonly same: boolean;
  readonly status: number | null;
  readonly response: string | null;
}

const PRINTABLE_ASCII = /^[\x20-\x7e]{1,255}$/;

/** Records in the audit trail what a request does, in the transaction in which it does it. */
export interface TransactionAudit {
  /** The answer of the request will depend on this transaction, which begins, or begins again. */
  begin(request: FastifyRequest, tx: Transaction): void;
  /** The work is done: appends the request's entries, as the last statement of the transaction. */
  append(request: FastifyRequest, tx: Transaction, status: number): Promise<void>;
  /** The transaction has been committed. */
  committed(request: FastifyRequest): void;
}

interface IdempotencyOptions {
  readonly db: Database;
  readonly clock: Clock;
  readonly audit?: TransactionAudit;
}

export function createIdempotency({ db, clock, audit }: IdempotencyOptions): Idempotency {
  return {
    async idempotently(request, reply, work) {
      const claim = claimOf(request);
      const answer = await db.transaction(async (tx) => {
        if (claim !== null) {
          // Waits here while another transaction holds the same key; then it is there with its answer.
          const stored = await record(tx, claim, clock);
          if (stored !== null) {
            invariant(stored.status !== null, 'idempotency_key_has_one_kind_of_use');
            return { status: stored.status, text: stored.response, replayed: true };
          }
        }
        audit?.begin(request, tx);
        const { status, body } = await work(tx);
        const text = body === undefined ? null : serialise(reply, status, body);
        if (claim !== null) {
          const { scope, key } = claim;
          await asSystem(() =>
            tx.query('update kernel.idempotency_key set status = $3, response = $4 where scope = $1 and key = $2', [
              scope,
              key,
              status,
              text,
            ]),
          );
        }
        await audit?.append(request, tx, status);
        return { status, text, replayed: false };
      });
      if (!answer.replayed) audit?.committed(request);
      if (answer.replayed) reply.header('idempotency-replayed', 'true');
      if (answer.text === null) {
        reply.code(answer.status);
        reply.send();
      } else sendJson(reply, answer.text, answer.status);
      // Hooks may hold the answer up; a handler that ended before would be thought to have sent nothing.
      await new Promise<void>((resolve, reject) => reply.then(resolve, reject));
    },

    async claimIdempotencyKey(request) {
      const claim = claimOf(request);
      if (claim !== null) await record(db, claim, clock);
    },
  };
}

function claimOf(request: FastifyRequest): Claim | null {
  const key = request.headers['idempotency-key'];
  if (key === undefined) return null;
  if (typeof key !== 'string' || !PRINTABLE_ASCII.test(key)) {
    throw httpError('idempotency_key_invalid', 'An Idempotency-Key has 1 to 255 printable ASCII characters');
  }
  const scope = request.actor?.id ?? 'open';
  return {
    scope,
    key,
    fingerprint: hash('sha256', `${request.method} ${request.raw.url}\n${bodyDigest(request)}`, 'base64'),
  };
}

/** Base64 SHA-256 of a request's body, whatever its type; empty when there is none. */
export function bodyDigest(request: Pick<FastifyRequest, 'body' | 'bodyDigest'>): string {
  if (request.bodyDigest !== null) return request.bodyDigest;
  // No JSON body: nothing, or something that a parser of the room's own has read.
  const { body } = request;
  if (body === undefined) return '';
  return hash('sha256', Buffer.isBuffer(body) ? body : JSON.stringify(body), 'base64');
}

/** Records the claim; null when it is new, what is stored when the same request was recorded before. */
function record(on: Queryable, claim: Claim, clock: Clock) {
  return asSystem(() => recordClaim(on, claim, clock));
}

async function recordClaim(on: Queryable, claim: Claim, clock: Clock): Promise<Stored | null> {
  const { rowCount } = await on.query(
    `insert into kernel.idempotency_key (scope, key, fingerprint, recorded_at)
     values ($1, $2, decode($3, 'base64'), $4)
     on conflict do nothing`,
    [claim.scope, claim.key, claim.fingerprint, clock.now().toString()],
  );
  if (rowCount === 1) return null;
  const { rows } = await on.query<Stored>(
    `select fingerprint = decode($3, 'base64') as same, status, response
       from kernel.idempotency_key
      where scope = $1 and key = $2`,
    [claim.scope, claim.key, claim.fingerprint],
  );
  const [stored] = rows;
  // A purge can take the key between the two statements; then it is as good as new.
  if (stored === undefined) return recordClaim(on, claim, clock);
  if (!stored.same) {
    throw httpError('idempotency_key_reused', 'This Idempotency-Key was sent before with another request');
  }
  return stored;
}

function serialise(reply: Serialising, status: number, body: unknown): string {
  const bySchema = reply.getSerializationFunction(String(status));
  return bySchema === undefined ? JSON.stringify(body) : bySchema(body as Record<string, unknown>);
}

const PURGE_BATCH = 10_000;

/**
 * Deletes keys recorded more than `days` ago, in batches that each hold few locks; for a daily job.
 *
 * @returns how many were deleted
 */
export async function purgeIdempotencyKeys(db: Queryable, clock: Clock, days: number): Promise<number> {
  invariant(Number.isInteger(days) && days >= 1, 'idempotency_keys_are_kept_a_day_at_least');
  const before = clock.now().subtract({ hours: 24 * days });
  let total = 0;
  for (;;) {
    const { rowCount } = await db.query(
      `delete from kernel.idempotency_key
        where ctid = any (array(select ctid from kernel.idempotency_key where recorded_at < $1 limit ${PURGE_BATCH}))`,
      [before.toString()],
    );
    total += rowCount;
    if (rowCount < PURGE_BATCH) return total;
  }
}
