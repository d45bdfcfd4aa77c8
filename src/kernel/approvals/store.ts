import type { Clock } from '#kernel/clock';
import type { Queryable, Transaction } from '#kernel/database';
import { isUuid } from '#kernel/ids';
import { approvalError } from './errors.ts';
import type { ApprovalRequest, RequestState } from './model.ts';

const columns = `request_id as "requestId", command, permission, unit_id as "unitId", title, before, after, input,
  maker_kind as "makerKind", maker_id as "makerId", maker_name as "makerName", maker_for as "makerFor", reason, state,
  created_at as "createdAt", expires_at as "expiresAt", checker_id as "checkerId", checker_name as "checkerName",
  checker_for as "checkerFor", decided_at as "decidedAt", decision_note as "decisionNote", status, outcome`;

/** @throws `approval_not_found`, also for one that is not in scope */
export async function readRequest(
  db: Queryable,
  requestId: string,
  { lock = false }: { lock?: boolean } = {},
): Promise<ApprovalRequest> {
  const { rows } = isUuid(requestId)
    ? await db.query<ApprovalRequest>(
        `select ${columns} from kernel.approval_request where request_id = $1${lock ? ' for update' : ''}`,
        [requestId],
      )
    : { rows: [] };
  const [found] = rows;
  if (found === undefined) {
    throw approvalError('approval_not_found', 'There is no such approval request', { request_id: requestId });
  }
  return found;
}

/** Withdraws what a person asked for and nobody has decided, as they are leaving; returns how many there were. */
export async function withdrawRequestsOf(tx: Transaction, makerId: string, clock: Clock): Promise<number> {
  const { rowCount } = await tx.query(
    `update kernel.approval_request set state = 'withdrawn', decided_at = $2, decision_note = ''
      where maker_id = $1 and maker_kind = 'staff' and state = 'waiting'`,
    [makerId, clock.now().toString()],
  );
  return rowCount;
}

export interface RequestFilter {
  readonly state?: RequestState | undefined;
  readonly command?: string | undefined;
  readonly makerId?: string | undefined;
  readonly after?: { readonly createdAt: string; readonly requestId: string } | undefined;
  readonly limit: number;
}

/** Newest first. */
export async function listRequests(db: Queryable, filter: RequestFilter): Promise<ApprovalRequest[]> {
  const { rows } = await db.query<ApprovalRequest>(
    `select ${columns} from kernel.approval_request
      where ($1::text is null or state = $1) and ($2::text is null or command = $2) and ($3::uuid is null or maker_id = $3)
        and ($4::timestamptz is null or (created_at, request_id) < ($4, $5::uuid))
      order by created_at desc, request_id desc limit $6`,
    [
      filter.state ?? null,
      filter.command ?? null,
      filter.makerId ?? null,
      filter.after?.createdAt ?? null,
      filter.after?.requestId ?? null,
      filter.limit,
    ],
  );
  return rows;
}
