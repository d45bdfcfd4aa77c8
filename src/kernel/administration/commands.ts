/** What changes who may do what: under four eyes as soon as there are two people who could look. */
import { z } from 'zod';
import {
  type Access,
  type AssignmentInput,
  accessError,
  assignRole,
  covers,
  institutionId,
  listAssignments,
  listRoles,
  type RoleInput,
  readRole,
  readUnit,
  saveRole,
} from '#kernel/access';
import type { Approvals } from '#kernel/approvals';
import type { Clock } from '#kernel/clock';
import { asSystem, currentContext } from '#kernel/context';
import type { Transaction } from '#kernel/database';
import { instantText } from '#kernel/dates';
import { assignmentJson, roleJson } from './json.ts';

const APPROVE = 'access.role:approve';

const roleInput: z.ZodType<RoleInput> = z.object({
  code: z.string(),
  nameZh: z.string(),
  nameEn: z.string(),
  permissions: z.array(z.string()),
});
const assignmentInput: z.ZodType<AssignmentInput> = z.object({
  staffId: z.string(),
  role: z.string(),
  unit: z.string(),
  validFrom: z.string().optional(),
  validUntil: z.string().optional(),
});

export function accessCommands(deps: { approvals: Approvals; access: Access; clock: Clock }) {
  const { approvals, access, clock } = deps;

  /** With one administrator only, nobody could ever approve the second; whoever else may approve is asked. */
  async function needed(tx: Transaction): Promise<boolean> {
    const roles = await listRoles(tx);
    const approving = roles
      .filter(({ permissions }) => permissions.some((pattern) => covers(pattern, APPROVE)))
      .map(({ code }) => code);
    const { rows } = await asSystem(() =>
      tx.query<{ people: number }>(
        `select count(distinct staff_id)::int as people from kernel.assignment
          where role_code = any ($1) and valid_from <= $2 and (valid_until is null or valid_until > $2)
            and staff_id <> $3`,
        [approving, instantText(clock.now()), currentContext().actor.id],
      ),
    );
    return (rows[0]?.people ?? 0) >= 1;
  }

  const changeRole = approvals.define<RoleInput>({
    name: 'access.role:change',
    permission: APPROVE,
    schema: roleInput,
    needed,
    unitOf: async () => institutionId,
    async describe(tx, input) {
      const before = (await listRoles(tx)).find(({ code }) => code === input.code);
      return {
        title: { zh: `变更角色 ${input.nameZh}`, en: `Change the role ${input.nameEn}` },
        before: before === undefined ? {} : roleJson(before),
        after: roleJson({ ...input, builtIn: false }),
      };
    },
    async perform(tx, input) {
      const role = await asSystem(() => saveRole(tx, input, clock));
      access.forget();
      return { status: 200, body: roleJson(role) };
    },
  });

  const assign = approvals.define<AssignmentInput>({
    name: 'access.assignment:make',
    permission: APPROVE,
    schema: assignmentInput,
    needed,
    about: ({ staffId }) => [staffId],
    async unitOf(tx, input) {
      // Also not a colleague's right to give roles, lent for some days, to oneself for ever.
      if (input.staffId === currentContext().actor.id) {
        throw accessError('assignment_to_self', 'Somebody else must give you a role');
      }
      return (await mustReach(tx, input.unit)).unitId;
    },
    async describe(tx, input) {
      const [role, unit] = [await readRole(tx, input.role), await mustReach(tx, input.unit)];
      const held = (await asSystem(() => listAssignments(tx, { staffId: input.staffId })))
        .filter(({ validUntil }) => validUntil === null || validUntil > instantText(clock.now()))
        .map((one) => `${one.role} @ ${one.unit}`)
        .sort();
      return {
        title: { zh: `授予角色 ${role.nameZh}（${unit.name}）`, en: `Give the role ${role.nameEn} in ${unit.name}` },
        before: { staff_id: input.staffId, roles: held },
        after: { staff_id: input.staffId, roles: [...held, `${input.role} @ ${input.unit}`].sort() },
      };
    },
    async perform(tx, input) {
      await mustReach(tx, input.unit);
      const made = await asSystem(() => assignRole(tx, input, clock));
      access.forget();
      return { status: 201, body: assignmentJson(made) };
    },
  });

  return { changeRole, assign };
}

/**
 * The unit, when it is one of those the request acts in, not merely one it sees above them.
 *
 * @throws `unit_not_found`, `scope_too_narrow`
 */
export async function mustReach(tx: Transaction, code: string) {
  const unit = await readUnit(tx, code);
  const { rows } = await tx.query<{ narrow: boolean }>(
    `select cardinality(kernel.units_in_scope()) > 0 and $1 <> all (kernel.units_in_scope()) as narrow`,
    [unit.unitId],
  );
  if (rows[0]?.narrow === true) {
    throw accessError('scope_too_narrow', `Your permission does not reach the unit ${code}`, { unit: code });
  }
  return unit;
}
