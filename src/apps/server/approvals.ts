/** What follows from requests under four eyes: who is told, and what stands in the audit trail. */
import type { ApprovalListener, ApprovalRequest } from '#kernel/approvals';
import { auditChange } from '#kernel/audit';
import type { Clock } from '#kernel/clock';
import { currentContext, withContext } from '#kernel/context';
import type { Transaction } from '#kernel/database';
import { notify } from '#kernel/notifications';

/** Tells those who may decide, then who asked, and records what was carried out in the name of its maker. */
export function followApprovals(clock: Clock): ApprovalListener {
  return async (tx, request) => {
    if (request.state === 'waiting') await tellCheckers(tx, clock, request);
    else if (request.makerKind === 'staff') await tellMaker(tx, clock, request);
    // Last in the transaction, as it takes the lock of the trail.
    if (request.state === 'approved') await record(tx, clock, request);
  };
}

async function tellCheckers(tx: Transaction, clock: Clock, request: ApprovalRequest): Promise<void> {
  const { permission, unitId, title, makerId, makerFor, makerName, expiresAt } = request;
  await notify(tx, clock, {
    to: { permission, unitId, except: [makerId, makerFor] },
    template: 'approval_waiting',
    values: { title, maker: makerName, until: expiresAt },
    subject: { kind: 'approval', id: request.requestId },
  });
}

const decisions = {
  approved: { zh: '已通过', en: 'Approved' },
  refused: { zh: '已拒绝', en: 'Refused' },
} as const;

async function tellMaker(tx: Transaction, clock: Clock, request: ApprovalRequest): Promise<void> {
  const { state, title, makerId, checkerName, decisionNote, requestId } = request;
  const subject = { kind: 'approval', id: requestId };
  if (state === 'expired') {
    await notify(tx, clock, { to: makerId, template: 'approval_expired', values: { title }, subject });
  }
  if (state !== 'approved' && state !== 'refused') return;
  const values = { title, decision: decisions[state], checker: checkerName ?? '', comment: decisionNote ?? '' };
  await notify(tx, clock, { to: makerId, template: 'approval_decided', values, subject });
}

/** The checker's own entry is that of the request; this one says whose deed it was, and on which approval. */
async function record(tx: Transaction, clock: Clock, request: ApprovalRequest): Promise<void> {
  const { makerKind: kind, makerId, makerName, requestId: approvalId, command, reason, unitId } = request;
  const actor = { kind, id: makerId, name: makerName };
  const subjects = [{ kind: 'approval', id: approvalId, unitId }];
  await withContext({ ...currentContext(), actor, onBehalfOf: null, approvalId }, () =>
    auditChange(tx, clock, { action: command, subjects, reason }),
  );
}
