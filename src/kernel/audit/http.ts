/**
 * The trail at the HTTP door: every request below /api/v1 is recorded except plain reads of what is not personal.
 *
 * A write whose answer depends on one transaction (`deps.idempotently`) has its entry in that transaction. Any other write
 * is answered when its entry is stored. Reads, and writes that were refused, are stored in batches right after their answer.
 */
import { hash } from 'node:crypto';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Clock } from '#kernel/clock';
import { bodyDigest, type HttpApp, type RequestAudit } from '#kernel/http';
import { type AuditActor, type AuditInput, rowsOf } from './entry.ts';
import { newRecord, type RequestRecord, unitOf, withRecord } from './record.ts';
import { appendRows, type Trail } from './trail.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** What the request has to say for the audit trail; null below /api/v1 only before it is routed. */
    audit: RequestRecord | null;
  }
}

const SAFE_METHODS = new Set(['GET', 'HEAD', 'OPTIONS']);
const NOBODY: AuditActor = { kind: 'unknown', id: '00000000-0000-0000-0000-000000000000', name: '' };

export function requestAudit({ trail, clock }: { readonly trail: Trail; readonly clock: Clock }): RequestAudit {
  return {
    install(app: HttpApp) {
      app.decorateRequest('audit', null);
      app.addHook('onRequest', (request, _reply, done) => {
        if (request.routeOptions.config.permission !== undefined) request.audit = newRecord();
        done();
      });
      app.addHook('preHandler', (request, _reply, done) => {
        const { audit } = request;
        if (audit === null) return done();
        // Who cannot be recorded is not served.
        if (isWrite(request) || request.routeOptions.config.personal === true) trail.checkRoom();
        withRecord(audit, done);
      });
      app.addHook('onSend', (request, reply, payload, done) => {
        const { audit, routeOptions } = request;
        const waits =
          isWrite(request) && reply.statusCode !== 304 && !isRefusal(reply) && routeOptions.config.audit !== 'after';
        if (audit === null || audit.written || !waits || !isRecorded(request, audit)) return done(null, payload);
        audit.written = true;
        const replayed = reply.hasHeader('idempotency-replayed');
        trail
          .recordAndWait(entryOf(request, reply.statusCode, audit, clock, replayed))
          .then(() => done(null, payload), done);
      });
      app.addHook('onResponse', (request, reply, done) => {
        const { audit } = request;
        if (audit !== null && !audit.written && isRecorded(request, audit)) {
          audit.written = true;
          trail.record(entryOf(request, reply.statusCode, audit, clock));
        }
        done();
      });
    },
    begin(request, tx) {
      const { audit } = request;
      if (audit === null) return;
      audit.transaction = tx;
      audit.changes = [];
    },
    async append(request, tx, status) {
      const { audit } = request;
      if (audit === null || !isRecorded(request, audit)) return;
      const own = entryOf(request, status, audit, clock);
      const { method, route, requestDigest } = own;
      const changes = audit.changes.flatMap((change) => rowsOf({ ...change, method, route, requestDigest }));
      audit.transaction = null;
      await appendRows(tx, [...rowsOf(own), ...changes]);
    },
    committed(request) {
      if (request.audit !== null) request.audit.written = true;
    },
  };
}

function isWrite(request: FastifyRequest): boolean {
  return !SAFE_METHODS.has(request.method) && request.routeOptions.config.audit !== 'none';
}

/** Nothing was changed, so nothing can be lost by a crash but the try. */
function isRefusal({ statusCode }: Pick<FastifyReply, 'statusCode'>): boolean {
  return statusCode >= 400 && statusCode < 500;
}

/**
 * Callers who are nobody are not recorded one by one, or anybody could fill the trail; except where a route is open to them
 * and changes something, as signing in does.
 */
function isRecorded(request: FastifyRequest, audit: RequestRecord): boolean {
  const { permission, personal } = request.routeOptions.config;
  if (request.actor === null && permission !== 'public') return false;
  return isWrite(request) || personal === true || audit.personal;
}

function entryOf(
  request: FastifyRequest,
  status: number,
  audit: RequestRecord,
  clock: Clock,
  replayed = false,
): AuditInput {
  const { actor, right, routeOptions, session } = request;
  const { permission } = routeOptions.config;
  return {
    at: clock.now().toString(),
    actor: actor ?? NOBODY,
    onBehalfOf: right?.onBehalfOf ?? null,
    action: permission === undefined || !permission.includes(':') ? actionOf(request) : permission,
    effect: isWrite(request) ? 'change' : 'read',
    method: request.method,
    route: routeOptions.url ?? null,
    status,
    code: request.problemCode ?? (replayed ? 'idempotency_replayed' : null),
    subjects: [...audit.subjects.values()],
    fields: [...audit.fields],
    // A person's home; a token's first unit.
    unitId: session?.unitId ?? unitOf(right?.visibility ?? []),
    address: request.ip,
    traceId: request.id,
    approvalId: null,
    reason: audit.reason,
    requestDigest: digestOf(request),
  };
}

/** For routes open to everybody who is signed in, or to all: what follows from the address, `me.notifications:post`. */
function actionOf({ routeOptions, method }: FastifyRequest): string {
  const parts = (routeOptions.url ?? '').replace(/^\/api\/v1\//, '').split('/');
  const words = parts.filter((part) => !part.startsWith(':')).map((part) => part.replaceAll('-', '_'));
  return `${words.join('.')}:${method.toLowerCase()}`;
}

function digestOf(request: FastifyRequest): string {
  return hash('sha256', `${request.method} ${request.raw.url}\n${bodyDigest(request)}`, 'base64');
}
