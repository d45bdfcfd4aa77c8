/**
 * Who may do what, and whose rows they see: the organisation, roles, assignments, delegations. A permission is
 * `resource:action`; it is held in a unit and all units below.
 */
export { type Access, createAccess, type Right, refused } from './access.ts';
export {
  type Assignment,
  type AssignmentInput,
  assignRole,
  type Delegation,
  delegate,
  endAssignment,
  endDelegation,
  endDelegationsOf,
  listAssignments,
  listDelegations,
  readAssignment,
} from './assignments.ts';
export { accessError } from './errors.ts';
export { checkPattern, covers, isPermission } from './permissions.ts';
export {
  installStandardRoles,
  listRoles,
  type Role,
  type RoleInput,
  readRole,
  saveRole,
  standardRoles,
} from './roles.ts';
export {
  closeUnit,
  createUnit,
  institutionId,
  listUnits,
  readUnit,
  renameUnit,
  type Unit,
  type UnitInput,
  type UnitKind,
} from './units.ts';
