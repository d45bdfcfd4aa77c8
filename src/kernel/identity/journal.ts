/** What signing in leaves behind: entries of the audit trail, and word to the person it concerns. */
import { hash } from 'node:crypto';
import { type AuditNote, type AuditSubject, auditChange } from '#kernel/audit';
import type { Clock } from '#kernel/clock';
import { currentContext, withContext } from '#kernel/context';
import type { Database, Transaction } from '#kernel/database';
import { instantText } from '#kernel/dates';
import { notify } from '#kernel/notifications';
import { isLogin, type PasswordPolicy, type Staff } from './model.ts';

/** Where a request comes from. */
export interface Place {
  readonly address: string;
  /** What the browser says it is; chosen by whoever sends it. */
  readonly device: string;
  readonly traceId: string;
}

/** Whom it concerns. */
export type Somebody = Pick<Staff, 'staffId' | 'name' | 'unitId'>;

const changes = {
  password: { action: 'password:change', template: 'password_changed' },
  second_factor: { action: 'second_factor:change', template: 'second_factor_changed' },
  passkey: { action: 'passkey:change', template: 'passkey_changed' },
} as const;

/** What of how somebody signs in can change. */
export type Factor = keyof typeof changes;

/** Writes about sign-in into the trail, each in a transaction of its own; what cannot be written must not be served. */
export function openJournal({
  db,
  clock,
  policy,
}: {
  readonly db: Database;
  readonly clock: Clock;
  readonly policy: Pick<PasswordPolicy, 'shortest'>;
}) {
  function write(place: Place, note: AuditNote, tell?: (tx: Transaction, at: string) => Promise<void>): Promise<void> {
    const context = { ...currentContext(), address: place.address, traceId: place.traceId };
    return withContext(context, () =>
      db.transaction(async (tx) => {
        await tell?.(tx, instantText(clock.now()));
        // Last, as it takes the lock of the trail.
        await auditChange(tx, clock, note);
      }),
    );
  }

  const by = ({ staffId, name, unitId }: Somebody) => ({
    actor: { kind: 'staff' as const, id: staffId, name },
    subjects: [{ kind: 'staff', id: staffId, unitId }],
  });

  return {
    /** Somebody has a session. They are told when they never came from there; not at the very first time. */
    signedIn(person: Somebody, place: Place): Promise<void> {
      return write(place, { action: 'session:begin', ...by(person) }, async (tx, at) => {
        if (!(await isNewPlace(tx, person.staffId, place, at))) return;
        const values = { at, address: place.address, device: place.device };
        await notify(tx, clock, { to: person.staffId, template: 'sign_in_new', values });
      });
    },

    /**
     * Somebody was not let in.
     *
     * @param login as it was typed; null where none is. One that nobody has is kept only if it is too short to be a
     *   password: people type that into the wrong field, too.
     */
    async refused(login: string | null, place: Place): Promise<void> {
      const subjects = login === null ? [] : await subjectsOf(login);
      const note = { action: 'session:begin', status: 401, code: 'sign_in_refused', subjects, actor: NOBODY };
      await write(place, note);
    },

    /** Somebody has ended their session. */
    signedOut(person: Somebody, place: Place): Promise<void> {
      return write(place, { action: 'session:end', ...by(person) });
    },

    /** How somebody signs in has changed; they are told. */
    changed(factor: Factor, person: Somebody, place: Place): Promise<void> {
      const { action, template } = changes[factor];
      return write(place, { action, ...by(person) }, async (tx, at) => {
        await notify(tx, clock, { to: person.staffId, template, values: { at, address: place.address } });
      });
    },

    /** A change that asked for the present password, and was not given it. */
    changeRefused(factor: Factor, person: Somebody, place: Place): Promise<void> {
      return write(place, { action: changes[factor].action, status: 400, code: 'password_wrong', ...by(person) });
    },
  };

  async function subjectsOf(typed: string): Promise<AuditSubject[]> {
    const login = typed.trim().toLowerCase();
    if (!isLogin(login)) return [];
    const { rows } = await db.query<{ staffId: string; unitId: number }>(
      'select staff_id as "staffId", unit_id as "unitId" from kernel.staff where login = $1',
      [login],
    );
    const named = rows.map(({ staffId, unitId }) => ({ kind: 'staff', id: staffId, unitId }));
    if (named.length === 0 && login.length >= policy.shortest) return [];
    return [...named, { kind: 'login', id: login, unitId: named[0]?.unitId }];
  }
}

export type Journal = ReturnType<typeof openJournal>;

const NOBODY = { kind: 'unknown', id: '00000000-0000-0000-0000-000000000000', name: '' } as const;

/** Notes the place; whether it is new beside others that are known. */
async function isNewPlace(tx: Transaction, staffId: string, { address, device }: Place, at: string): Promise<boolean> {
  const { rowCount: known } = await tx.query('select from kernel.sign_in_place where staff_id = $1 limit 1', [staffId]);
  const { rows } = await tx.query<{ isNew: boolean }>(
    `insert into kernel.sign_in_place (staff_id, digest, last_used_at) values ($1, decode($2, 'base64'), $3)
     on conflict (staff_id, digest) do update set last_used_at = excluded.last_used_at
     returning xmax = 0 as "isNew"`,
    [staffId, hash('sha256', `${address}\n${device}`, 'base64'), at],
  );
  return known > 0 && rows[0]?.isNew === true;
}
