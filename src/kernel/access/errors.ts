import { defineErrors } from '#kernel/errors';

export const accessError = defineErrors({
  permission_missing: { status: 403, title: 'Permission missing' },
  permission_malformed: { status: 400, title: 'Permission not valid' },
  scope_too_narrow: { status: 403, title: 'Permission does not reach this unit' },
  unit_not_found: { status: 404, title: 'Unit not found' },
  unit_code_invalid: { status: 400, title: 'Unit code not valid' },
  unit_different: { status: 409, title: 'Unit exists differently' },
  unit_kind_misplaced: { status: 422, title: 'This kind of unit does not belong there' },
  unit_in_use: { status: 409, title: 'Unit still has open units' },
  unit_closed: { status: 409, title: 'Unit is closed' },
  role_not_found: { status: 404, title: 'Role not found' },
  role_built_in: { status: 409, title: 'Built-in roles are not changed' },
  assignment_to_self: { status: 403, title: 'Nobody gives themselves a role' },
  assignment_not_found: { status: 404, title: 'Assignment not found' },
  delegation_not_found: { status: 404, title: 'Delegation not found' },
  delegation_to_self: { status: 422, title: 'Nobody delegates to themselves' },
  delegation_of_nothing: { status: 422, title: 'There is nothing to delegate' },
  validity_invalid: { status: 400, title: 'Validity not valid' },
});
