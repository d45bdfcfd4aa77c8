/** How long each kind of data is kept, as data; and the daily work that follows from it. */
export { applyRetention, type Keeper, type Kept } from './keepers.ts';
export {
  listRetentionPolicies,
  type RetentionAction,
  type RetentionKind,
  type RetentionPolicy,
  readRetentionPolicy,
  retentionActions,
  retentionKinds,
  setRetentionPolicy,
} from './policies.ts';
export { retentionPolicyJson, retentionRoutes } from './routes.ts';
