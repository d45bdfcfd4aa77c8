import type { Assignment, Delegation, Role, Unit } from '#kernel/access';
import type { ApprovalRequest } from '#kernel/approvals';

export function unitsJson(units: readonly Unit[]) {
  const codes = new Map(units.map(({ unitId, code }) => [unitId, code]));
  return units.map((unit) => unitJson(unit, unit.parentId === null ? null : (codes.get(unit.parentId) ?? null)));
}

export function unitJson(unit: Unit, parent: string | null) {
  return { code: unit.code, name: unit.name, kind: unit.kind, parent, closed_at: unit.closedAt };
}

export function roleJson(role: Role) {
  return {
    code: role.code,
    name_zh: role.nameZh,
    name_en: role.nameEn,
    permissions: [...role.permissions],
    built_in: role.builtIn,
  };
}

export function assignmentJson(assignment: Assignment) {
  return {
    assignment_id: assignment.assignmentId,
    staff_id: assignment.staffId,
    role: assignment.role,
    unit: assignment.unit,
    valid_from: assignment.validFrom,
    valid_until: assignment.validUntil,
  };
}

export function delegationJson(delegation: Delegation) {
  return {
    delegation_id: delegation.delegationId,
    from_id: delegation.fromId,
    to_id: delegation.toId,
    role: delegation.role,
    valid_from: delegation.validFrom,
    valid_until: delegation.validUntil,
  };
}

export function approvalJson(request: ApprovalRequest) {
  const { checkerId, checkerName, checkerFor } = request;
  return {
    request_id: request.requestId,
    command: request.command,
    permission: request.permission,
    title: request.title,
    before: { ...request.before },
    after: { ...request.after },
    maker: { kind: request.makerKind, id: request.makerId, name: request.makerName, for: request.makerFor },
    reason: request.reason,
    state: request.state,
    created_at: request.createdAt,
    expires_at: request.expiresAt,
    checker: checkerId === null ? null : { id: checkerId, name: checkerName ?? '', for: checkerFor },
    decided_at: request.decidedAt,
    decision_note: request.decisionNote,
    status: request.status,
    outcome: request.outcome,
  };
}
