/** Reading people. */
import type { Queryable } from '#kernel/database';
import { isUuid } from '#kernel/ids';
import { identityError } from './errors.ts';
import type { Staff, StaffState } from './model.ts';

/** The columns of kernel.staff, known as `alias`, as a {@link Staff}. */
export function staffFields(alias: string): string {
  const columns = [
    'staff_id as "staffId"',
    'login',
    'name',
    'email',
    'locale',
    'unit_id as "unitId"',
    'state',
    'created_at as "createdAt"',
  ];
  return columns.map((column) => `${alias}.${column}`).join(', ');
}

/** One person; with `lock`, nobody else changes them until the transaction ends. @throws `staff_not_found` */
export async function readStaff(db: Queryable, staffId: string, lock = false): Promise<Staff> {
  const { rows } = isUuid(staffId)
    ? await db.query<Staff>(
        `select ${staffFields('s')} from kernel.staff s where s.staff_id = $1${lock ? ' for update' : ''}`,
        [staffId],
      )
    : { rows: [] };
  const [staff] = rows;
  if (staff === undefined) throw identityError('staff_not_found', 'There is no such person', { staff_id: staffId });
  return staff;
}

/** The person with a login. @throws `staff_not_found` */
export async function findStaff(db: Queryable, login: string): Promise<Staff> {
  const { rows } = await db.query<Staff>(`select ${staffFields('s')} from kernel.staff s where s.login = lower($1)`, [
    login,
  ]);
  const [staff] = rows;
  if (staff === undefined) throw identityError('staff_not_found', `There is nobody with the login ${login}`, { login });
  return staff;
}

/** People by login, those behind `after` first; `limit` null: all. */
export async function listStaff(
  db: Queryable,
  filter: { state?: StaffState | undefined; after?: string | undefined; limit?: number | undefined } = {},
): Promise<Staff[]> {
  const { rows } = await db.query<Staff>(
    `select ${staffFields('s')} from kernel.staff s
      where ($1::text is null or s.state = $1) and ($2::text is null or s.login > $2)
      order by s.login limit $3`,
    [filter.state ?? null, filter.after ?? null, filter.limit ?? null],
  );
  return rows;
}
