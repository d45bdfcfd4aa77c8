/** The account centre (账户中心): the account trees of customers, earmarks, movement alerts. See README.md. */
export { type AlertCursor, type AlertDeps, type Alerts, openAlerts } from './alerts.ts';
export { identifyCustomer, openCustomer } from './customers.ts';
export type { Earmark, EarmarkState, EarmarkStep } from './earmark-store.ts';
export { type EarmarkDeps, type EarmarkInput, type Earmarks, openEarmarks, type UseInput } from './earmarks.ts';
export { treeJson } from './json.ts';
export {
  type AccountKind,
  CUSTOMER_DIMENSION,
  earmarkAccountOf,
  groupCode,
  type Holding,
  kinds,
  type Total,
  type TreeAction,
} from './model.ts';
export type { Alert } from './raise.ts';
export { accountCentreRoutes } from './routes.ts';
export type { AlertRule, RuleInput } from './rules.ts';
export {
  type ActionResult,
  act,
  addNode,
  attachAccounts,
  type CentreDeps,
  type Hand,
  type Obstacle,
  type OpenedAccount,
  openTreeAccounts,
} from './service.ts';
export {
  type Action,
  type Customer,
  type CustomerOfParty,
  customersOfParties,
  listActions,
  listCustomers,
  type TreeNode,
} from './store.ts';
export { type Clocks, customerStatement, type NodeView, readTree, type TreeAccount, type TreeView } from './tree.ts';
