/** Writing people: invited, changed, suspended, gone. Nobody is deleted: what they did stays theirs. */
import { endDelegationsOf } from '#kernel/access';
import { withdrawRequestsOf } from '#kernel/approvals';
import type { Clock } from '#kernel/clock';
import { asSystem } from '#kernel/context';
import { isUniqueViolation, type Queryable, sqlState, type Transaction } from '#kernel/database';
import { newId } from '#kernel/ids';
import { identityError } from './errors.ts';
import { createLink, endLinks, type NewLink } from './links.ts';
import {
  checkEmail,
  checkLogin,
  checkName,
  type Locale,
  type Staff,
  type StaffChange,
  type StaffInput,
  stateAfter,
} from './model.ts';
import { impossibleHash } from './passwords.ts';
import { findStaff, readStaff } from './read.ts';

/**
 * Invites a person: makes them known and gives the one-time link they choose their first password with.
 *
 * @throws `login_invalid`, `staff_field_invalid`, `staff_exists`, `staff_out_of_scope`
 */
export async function createStaff(
  tx: Transaction,
  input: StaffInput,
  options: { readonly linkHours: number },
  clock: Clock,
): Promise<{ staff: Staff; link: NewLink }> {
  const staff: Staff = {
    staffId: newId(clock),
    login: checkLogin(input.login),
    name: checkName(input.name),
    email: checkEmail(input.email),
    locale: input.locale ?? 'zh-CN',
    unitId: input.unitId ?? 1,
    state: 'invited',
    createdAt: clock.now().toString(),
  };
  await inScope(() => insertStaff(tx, staff));
  return asSystem(async () => {
    const { rowCount } = await tx.query(
      `insert into identity."user" (id, name, email, "emailVerified", username, "displayUsername", "createdAt", "updatedAt")
       values ($1, $2, $3, true, $4, $4, $5, $5) on conflict do nothing`,
      [staff.staffId, staff.name, staff.email, staff.login, staff.createdAt],
    );
    if (rowCount === 0) throw staffExists();
    await tx.query(
      `insert into identity.account ("accountId", "providerId", "userId", password, "createdAt", "updatedAt")
       values ($1::text, 'credential', $1::uuid, $2, $3, $3)`,
      [staff.staffId, impossibleHash(), staff.createdAt],
    );
    const link = await createLink(tx, staff, { hours: options.linkHours }, clock);
    return { staff: await readStaff(tx, staff.staffId), link };
  });
}

/** Makes known whom the provider of single sign-on brought; better-auth has made its user already. */
export async function adoptStaff(
  db: Queryable,
  person: { id: string; login: string; name: string; email: string },
  clock: Clock,
): Promise<void> {
  await insertStaff(db, {
    staffId: person.id,
    login: checkLogin(person.login),
    name: checkName(person.name),
    email: checkEmail(person.email),
    locale: 'zh-CN',
    unitId: 1,
    state: 'active',
    createdAt: clock.now().toString(),
  });
}

/** A login made of an e-mail address that nobody has. */
export async function freeLogin(db: Queryable, email: string): Promise<string> {
  const [mailbox = ''] = email.toLowerCase().split('@');
  const wish = mailbox
    .replace(/[^a-z0-9._-]/g, '')
    .replace(/^[._-]+/, '')
    .slice(0, 50)
    .padEnd(2, '0');
  const { rows } = await db.query<{ login: string }>('select login from kernel.staff where left(login, $2) = $1', [
    wish,
    wish.length,
  ]);
  const taken = new Set(rows.map(({ login }) => login));
  for (let number = 1; ; number += 1) {
    const login = number === 1 ? wish : `${wish}-${number}`;
    if (!taken.has(login)) return login;
  }
}

export interface StaffPatch {
  readonly name?: string | undefined;
  readonly email?: string | undefined;
  readonly locale?: Locale | undefined;
  readonly unitId?: number | undefined;
}

/**
 * Changes what is known of a person. A new address or home unit ends their sessions: the next one begins with the new
 * rights.
 *
 * @throws `staff_not_found`, `staff_field_invalid`, `staff_exists`, `staff_out_of_scope`
 */
export async function updateStaff(tx: Transaction, staffId: string, patch: StaffPatch): Promise<Staff> {
  const present = await readStaff(tx, staffId, true);
  const name = patch.name === undefined ? present.name : checkName(patch.name);
  const email = patch.email === undefined ? present.email : checkEmail(patch.email);
  const { locale = present.locale, unitId = present.unitId } = patch;
  await inScope(() =>
    tx.query('update kernel.staff set name = $2, email = $3, locale = $4, unit_id = $5 where staff_id = $1', [
      staffId,
      name,
      email,
      locale,
      unitId,
    ]),
  );
  await asSystem(async () => {
    await tx
      .query('update identity."user" set name = $2, email = $3, "emailVerified" = true where id = $1', [
        staffId,
        name,
        email,
      ])
      .catch(mapUnique);
    if (email !== present.email) await forgetSso(tx, staffId);
    if (email !== present.email || unitId !== present.unitId) await endSessions(tx, staffId);
  });
  return { ...present, name, email, locale, unitId };
}

/**
 * Suspends, reinstates or sees off a person. Whoever is kept out loses sessions and links at once; other processes
 * believe a session for 4 seconds more. Nobody stands in for them, or they for anybody, any longer, and what they asked
 * others to approve is withdrawn. The same again changes nothing.
 *
 * @throws `staff_not_found`, `staff_state_invalid`
 */
export async function changeStaffState(
  tx: Transaction,
  staffId: string,
  change: StaffChange,
  clock: Clock,
): Promise<Staff> {
  const present = await readStaff(tx, staffId, true);
  const state = stateAfter(present.state, change);
  if (state === present.state) return present;
  await tx.query('update kernel.staff set state = $2 where staff_id = $1', [staffId, state]);
  await asSystem(async () => {
    await endSessions(tx, staffId);
    await endLinks(tx, staffId, clock);
    if (change !== 'reinstate') {
      await endDelegationsOf(tx, staffId, clock);
      await withdrawRequestsOf(tx, staffId, clock);
    }
    if (change === 'reinstate') {
      await tx.query(`update identity.account set password = $2 where "userId" = $1 and "providerId" = 'credential'`, [
        staffId,
        impossibleHash(),
      ]);
    }
  });
  return { ...present, state };
}

/** Suspends a person: see {@link changeStaffState}. */
export function suspendStaff(tx: Transaction, staffId: string, clock: Clock): Promise<Staff> {
  return changeStaffState(tx, staffId, 'suspend', clock);
}

/** Ends all sessions of a person, such as after a change of their rights; returns how many there were. */
export async function endSessions(tx: Queryable, staffId: string): Promise<number> {
  const { rowCount } = await tx.query('delete from identity.session where "userId" = $1', [staffId]);
  return rowCount;
}

/**
 * A one-time link for somebody with this login, for the operator's command line.
 *
 * @throws `staff_not_found`, `staff_state_invalid`
 */
export async function linkFor(
  tx: Transaction,
  login: string,
  options: { readonly linkHours: number; readonly resetsFactors?: boolean },
  clock: Clock,
): Promise<NewLink> {
  const staff = await findStaff(tx, login);
  return createLink(tx, staff, { hours: options.linkHours, resetsFactors: options.resetsFactors }, clock);
}

/**
 * On a house without people: invites the first administrator.
 *
 * @param options.assignAdministrator gives the role; called in the same transaction with the new person
 * @returns null when there are people already
 */
export async function firstAdministrator(
  tx: Transaction,
  options: {
    readonly linkHours: number;
    readonly assignAdministrator: (tx: Transaction, staff: Staff) => Promise<void>;
  },
  clock: Clock,
): Promise<{ staff: Staff; link: NewLink } | null> {
  const { rowCount } = await tx.query('select from kernel.staff limit 1');
  if (rowCount > 0) return null;
  const person = { login: 'admin', name: 'Administrator', email: 'admin@longmen.localhost' };
  const made = await createStaff(tx, person, { linkHours: options.linkHours }, clock);
  await options.assignAdministrator(tx, made.staff);
  return made;
}

async function insertStaff(db: Queryable, staff: Staff): Promise<void> {
  const { staffId, login, name, email, locale, unitId, state, createdAt } = staff;
  await db
    .query(
      `insert into kernel.staff (staff_id, login, name, email, locale, unit_id, state, created_at)
       values ($1, $2, $3, $4, $5, $6, $7, $8)`,
      [staffId, login, name, email, locale, unitId, state, createdAt],
    )
    .catch(mapUnique);
}

/** Whoever the provider says has the old address is not vouched for any longer. */
async function forgetSso(tx: Queryable, staffId: string): Promise<void> {
  await tx.query(`delete from identity.account where "userId" = $1 and "providerId" <> 'credential'`, [staffId]);
}

function mapUnique(error: unknown): never {
  throw isUniqueViolation(error) ? staffExists() : error;
}

/** Row-level security refuses rows of units outside; PostgreSQL then says 42501. */
async function inScope<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (sqlState(error) !== '42501') throw error;
    throw identityError('staff_out_of_scope', 'This unit is outside of what you may change');
  }
}

function staffExists() {
  return identityError('staff_exists', 'Somebody has this login or this e-mail address already');
}
