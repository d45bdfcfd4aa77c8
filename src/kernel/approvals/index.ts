/**
 * Four eyes, a rule of the kernel: a command marked so becomes a request that another person approves or refuses within
 * a time. The database refuses a maker as checker, also through delegation.
 */
export { type ApprovalListener, type Approvals, createApprovals } from './approvals.ts';
export { approvalError } from './errors.ts';
export type { Answer, ApprovalRequest, Command, Difference, RequestState, Text2 } from './model.ts';
export { listRequests, type RequestFilter, readRequest, withdrawRequestsOf } from './store.ts';
