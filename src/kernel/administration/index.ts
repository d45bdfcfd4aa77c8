/** The doors to access and approvals: organisation, roles, assignments, delegations, and what waits for a second person. */
export { approvalRoutes } from './approval-routes.ts';
export { accessRoutes } from './routes.ts';
export { waitingReply } from './schemas.ts';
