/** Requests under four eyes over HTTP: the checker's queue, and the maker's own. */
import { type ApprovalRequest, listRequests, readRequest } from '#kernel/approvals';
import { auditSubject } from '#kernel/audit';
import { asSystem, currentContext } from '#kernel/context';
import { decodeCursor, pageFrom, pageOf, type RouteModule } from '#kernel/http';
import { approvalJson } from './json.ts';
import * as schemas from './schemas.ts';

const tags = ['approvals'];

/** Routes below /api/v1/approvals. */
export const approvalRoutes: RouteModule = (app, { db, approvals }) => {
  const keyOf = ({ createdAt, requestId }: ApprovalRequest) => [createdAt, requestId];
  const page = (rows: readonly ApprovalRequest[], limit: number) => {
    const { items, next_cursor } = pageFrom(rows, limit, keyOf);
    return { items: items.map(approvalJson), next_cursor };
  };
  const afterOf = (cursor: string | undefined) => {
    const key = decodeCursor(schemas.approvalCursor, cursor);
    return key === undefined ? undefined : { createdAt: key[0], requestId: key[1] };
  };

  app.get(
    '/approvals',
    {
      config: { permission: 'approval:read' },
      schema: {
        tags,
        summary: 'Requests of the units in scope, newest first',
        querystring: schemas.approvalQuery,
        response: { 200: pageOf(schemas.approvalReply) },
      },
    },
    async ({ query }) => {
      const { state, command, limit } = query;
      return page(await listRequests(db, { state, command, after: afterOf(query.cursor), limit: limit + 1 }), limit);
    },
  );
  app.get(
    '/me/approvals',
    {
      config: { permission: 'signed_in' },
      schema: {
        tags,
        summary: 'What I asked for, newest first',
        querystring: schemas.approvalQuery,
        response: { 200: pageOf(schemas.approvalReply) },
      },
    },
    async ({ query }) => {
      const { state, command, limit } = query;
      const makerId = currentContext().actor.id;
      const filter = { state, command, makerId, after: afterOf(query.cursor), limit: limit + 1 };
      return page(await asSystem(() => listRequests(db, filter)), limit);
    },
  );
  app.get(
    '/approvals/:id',
    {
      config: { permission: 'approval:read' },
      schema: {
        tags,
        summary: 'One request with what it would change',
        params: schemas.idParams,
        response: { 200: schemas.approvalReply },
      },
    },
    async ({ params }) => approvalJson(await readRequest(db, params.id)),
  );
  for (const decision of ['approve', 'refuse'] as const) {
    app.post(
      `/approvals/:id/${decision}`,
      {
        config: { permission: 'approval:decide' },
        schema: {
          tags,
          summary: decision === 'approve' ? 'Approve a request and carry it out' : 'Refuse a request',
          params: schemas.idParams,
          body: schemas.decisionBody,
          response: { 200: schemas.approvalReply },
        },
      },
      async ({ params, body }) => {
        auditSubject({ kind: 'approval', id: params.id });
        return approvalJson(await approvals[decision](currentContext().actor, params.id, body.note));
      },
    );
  }
  app.post(
    '/me/approvals/:id/withdraw',
    {
      config: { permission: 'signed_in' },
      schema: {
        tags,
        summary: 'Take back what I asked for',
        params: schemas.idParams,
        response: { 200: schemas.approvalReply },
      },
    },
    async ({ params }) => {
      auditSubject({ kind: 'approval', id: params.id });
      return approvalJson(await approvals.withdraw(params.id));
    },
  );
};
