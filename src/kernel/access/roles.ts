/** Roles: named sets of permissions. The built-in ones are data here and follow the version of the program. */
import type { Clock } from '#kernel/clock';
import type { Queryable } from '#kernel/database';
import { accessError } from './errors.ts';
import { checkPattern } from './permissions.ts';

export interface Role {
  readonly code: string;
  readonly nameZh: string;
  readonly nameEn: string;
  /** Permissions, or patterns of them. */
  readonly permissions: readonly string[];
  readonly builtIn: boolean;
}

export type RoleInput = Omit<Role, 'builtIn'>;

/**
 * The roles that come with the house. Whoever administers people does not post, whoever posts does not approve what they
 * posted (the database sees to that), and who audits changes nothing.
 */
export const standardRoles: readonly RoleInput[] = [
  {
    code: 'administrator',
    nameZh: '系统管理员',
    nameEn: 'Administrator',
    permissions: ['access.*:*', 'staff:*', 'token:*', 'notification.*:*', 'approval:read', 'audit:read', 'health:read'],
  },
  {
    code: 'operator',
    nameZh: '运维人员',
    nameEn: 'Operator',
    permissions: [
      'event:read',
      'webhook:*',
      'process:*',
      'evidence:read',
      'retention:*',
      'ledger.book:read',
      'health:read',
    ],
  },
  {
    code: 'teller',
    nameZh: '柜员',
    nameEn: 'Teller',
    permissions: [
      'ledger.account:read',
      'ledger.account:write',
      'ledger.transfer:read',
      'ledger.transfer:post',
      'ledger.book:read',
      'template:read',
      'template:post',
      'account_centre:read',
      'account_centre:write',
      'exchange:read',
      'exchange:deal',
      'party:read',
      'party:write',
      'party.match:read',
      'party.match:check',
    ],
  },
  {
    code: 'accountant',
    nameZh: '会计',
    nameEn: 'Accountant',
    permissions: [
      'ledger.*:read',
      'ledger.transfer:post',
      'ledger.account:write',
      'general_ledger.*:read',
      'general_ledger.*:write',
      'general_ledger.period:close',
      'template:*',
      'exchange:*',
      'books.*:*',
      'report:*',
      'import:*',
      'evidence:read',
      'event:read',
    ],
  },
  {
    code: 'supervisor',
    nameZh: '主管（复核）',
    nameEn: 'Supervisor',
    permissions: [
      'ledger.*:read',
      'ledger.transfer:approve',
      'ledger.account:approve',
      'general_ledger.*:read',
      'general_ledger.period:approve',
      'access.role:approve',
      'account_centre:read',
      'template:read',
      'exchange:read',
      'report:read',
      'party:read',
      'party.personal:read',
      'approval:read',
      'approval:decide',
    ],
  },
  {
    code: 'relationship_manager',
    nameZh: '客户经理',
    nameEn: 'Relationship manager',
    permissions: [
      'party:*',
      'party.match:read',
      'party.match:check',
      'account_centre:read',
      'ledger.account:read',
      'ledger.book:read',
    ],
  },
  {
    code: 'data_steward',
    nameZh: '数据管理员',
    nameEn: 'Data steward',
    permissions: ['party:*', 'party.*:*', 'import:*', 'ledger.book:read'],
  },
  {
    code: 'auditor',
    nameZh: '审计',
    nameEn: 'Auditor',
    permissions: ['*:read', 'audit:*', 'audit.*:*', 'report:*'],
  },
];

/** Brings the built-in roles to what this version says; for the start of the server. */
export async function installStandardRoles(tx: Queryable, clock: Clock): Promise<void> {
  for (const role of standardRoles) await writeRole(tx, role, true, clock);
}

/**
 * Makes a role or changes one.
 *
 * @throws `permission_malformed`, `role_built_in`
 */
export async function saveRole(tx: Queryable, role: RoleInput, clock: Clock): Promise<Role> {
  for (const pattern of role.permissions) checkPattern(pattern);
  const { rowCount } = await tx.query('select from kernel.role where code = $1 and built_in', [role.code]);
  if (rowCount > 0) throw accessError('role_built_in', `Role ${role.code} comes with the house; make one of your own`);
  await writeRole(tx, role, false, clock);
  return { ...role, builtIn: false };
}

async function writeRole(tx: Queryable, role: RoleInput, builtIn: boolean, clock: Clock): Promise<void> {
  await tx.query(
    `insert into kernel.role (code, name_zh, name_en, permissions, built_in, changed_at) values ($1, $2, $3, $4, $5, $6)
     on conflict (code) do update
       set name_zh = excluded.name_zh, name_en = excluded.name_en, permissions = excluded.permissions,
           built_in = excluded.built_in, changed_at = excluded.changed_at
     where (role.name_zh, role.name_en, role.permissions, role.built_in)
        is distinct from (excluded.name_zh, excluded.name_en, excluded.permissions, excluded.built_in)`,
    [role.code, role.nameZh, role.nameEn, [...role.permissions], builtIn, clock.now().toString()],
  );
}

const roleColumns = 'code, name_zh as "nameZh", name_en as "nameEn", permissions, built_in as "builtIn"';

/** All roles, by code. */
export async function listRoles(db: Queryable): Promise<Role[]> {
  const { rows } = await db.query<Role>(`select ${roleColumns} from kernel.role order by code`);
  return rows;
}

/** @throws `role_not_found` */
export async function readRole(db: Queryable, code: string): Promise<Role> {
  const { rows } = await db.query<Role>(`select ${roleColumns} from kernel.role where code = $1`, [code]);
  const [role] = rows;
  if (role === undefined) throw accessError('role_not_found', 'There is no such role', { role: code });
  return role;
}
