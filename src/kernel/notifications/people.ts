/** Whom to tell, and where they are. The staff is kept by identity; nothing here but this file reads its table. */
import { covers } from '#kernel/access';
import type { Queryable } from '#kernel/database';

export interface Person {
  readonly staffId: string;
  readonly name: string;
  readonly email: string;
  readonly locale: 'zh-CN' | 'en';
}

/** Those of `staffIds` who work here at present. */
export async function readPeople(db: Queryable, staffIds: readonly string[]): Promise<Person[]> {
  if (staffIds.length === 0) return [];
  const { rows } = await db.query<Person>(
    `select staff_id as "staffId", name, email, locale from kernel.staff
      where staff_id = any ($1) and state in ('invited', 'active') order by staff_id`,
    [[...staffIds]],
  );
  return rows;
}

/** Who holds a permission in a unit at an instant (RFC 3339), by a role of their own or by delegation. */
export async function holdersOf(db: Queryable, permission: string, unitId: number, at: string): Promise<string[]> {
  const { rows } = await db.query<{ staffId: string; patterns: string[] }>(
    `with held as (
       select a.staff_id, a.role_code, r.permissions
         from kernel.assignment a
         join kernel.role r on r.code = a.role_code
         join kernel.unit_path p on p.ancestor_id = a.unit_id and p.unit_id = $1
        where a.valid_from <= $2 and (a.valid_until is null or a.valid_until > $2)
     )
     select staff_id as "staffId", permissions as patterns from held
     union all
     select d.to_id, held.permissions
       from held join kernel.delegation d on d.from_id = held.staff_id and held.role_code = coalesce(d.role_code, held.role_code)
      where d.valid_from <= $2 and d.valid_until > $2`,
    [unitId, at],
  );
  const holding = rows.filter(({ patterns }) => patterns.some((pattern) => covers(pattern, permission)));
  return [...new Set(holding.map(({ staffId }) => staffId))].sort();
}
