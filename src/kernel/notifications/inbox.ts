/** The inbox and the preferences of one person. Whoever calls this has checked whose they are. */
import { randomBytes } from 'node:crypto';
import type { Text2 } from '#kernel/audit';
import type { Clock } from '#kernel/clock';
import { asSystem } from '#kernel/context';
import type { Queryable, Transaction } from '#kernel/database';
import { isUuid } from '#kernel/ids';
import { type AddressPolicy, checkUrl } from '#kernel/webhooks';
import { notificationError } from './errors.ts';
import { checkQuietHours, type QuietHours, type Urgency } from './model.ts';

export interface Notification {
  readonly notificationId: string;
  readonly template: string;
  readonly urgency: Urgency;
  readonly title: Text2;
  readonly body: Text2;
  /** `kind:id`, or null. */
  readonly subject: string | null;
  /** RFC 3339, UTC. */
  readonly createdAt: string;
  readonly readAt: string | null;
}

/** Notifications of a person, newest first, older than `before` if given. */
export async function listNotifications(
  db: Queryable,
  staffId: string,
  filter: { readonly unread: boolean; readonly before?: string | undefined; readonly limit: number },
): Promise<Notification[]> {
  const { rows } = await asSystem(() =>
    db.query<Notification>(
      `select notification_id as "notificationId", template, urgency, subject, created_at as "createdAt", read_at as "readAt",
         jsonb_build_object('zh', title_zh, 'en', title_en) as title, jsonb_build_object('zh', body_zh, 'en', body_en) as body
       from kernel.notification
      where staff_id = $1 and (not $2 or read_at is null) and ($3::uuid is null or notification_id < $3)
      order by notification_id desc limit $4`,
      [staffId, filter.unread, filter.before ?? null, filter.limit],
    ),
  );
  return rows;
}

export async function countUnread(db: Queryable, staffId: string): Promise<number> {
  const { rows } = await asSystem(() =>
    db.query<{ count: number }>(
      'select count(*)::int as count from kernel.notification where staff_id = $1 and read_at is null',
      [staffId],
    ),
  );
  return rows[0]?.count ?? 0;
}

/**
 * Marks one notification of a person as read; again changes nothing, the first time stays.
 *
 * @throws `notification_not_found`, also for somebody else's
 */
export async function markRead(tx: Transaction, clock: Clock, staffId: string, notificationId: string): Promise<void> {
  const { rowCount } = isUuid(notificationId)
    ? await asSystem(() =>
        tx.query(
          `update kernel.notification set read_at = coalesce(read_at, $3) where staff_id = $1 and notification_id = $2`,
          [staffId, notificationId, clock.now().toString()],
        ),
      )
    : { rowCount: 0 };
  if (rowCount === 0) throw notificationError('notification_not_found', 'You have no such notification');
}

/** Marks all up to and including `notificationId` as read; gives how many. */
export async function markAllRead(tx: Transaction, clock: Clock, staffId: string, upTo: string): Promise<number> {
  const { rowCount } = await asSystem(() =>
    tx.query(
      'update kernel.notification set read_at = $3 where staff_id = $1 and notification_id <= $2 and read_at is null',
      [staffId, upTo, clock.now().toString()],
    ),
  );
  return rowCount;
}

export interface Preferences {
  readonly email: boolean;
  readonly webhookUrl: string | null;
  readonly quiet: Omit<QuietHours, 'zone'> | null;
  /** IANA time zone of the person. */
  readonly zone: string;
  /** Codes of templates that stay in the inbox, unless urgent. */
  readonly muted: readonly string[];
}

/** How somebody wants to be told; `zone` for whom has said nothing yet. */
export async function readPreferences(db: Queryable, staffId: string, zone: string): Promise<Preferences> {
  const { rows } = await asSystem(() =>
    db.query<Omit<Preferences, 'quiet'> & { from: string | null; until: string | null }>(
      `select email, webhook_url as "webhookUrl", quiet_from as from, quiet_until as until, zone, muted
         from kernel.notification_preference where staff_id = $1`,
      [staffId],
    ),
  );
  const [row] = rows;
  if (row === undefined) return { email: true, webhookUrl: null, quiet: null, zone, muted: [] };
  const { from, until, ...rest } = row;
  return { ...rest, quiet: from === null || until === null ? null : { from, until } };
}

/**
 * Keeps how somebody wants to be told. A new webhook address gets a new secret, which is returned this once.
 *
 * @throws `notification_hours_invalid`, `webhook_url_invalid`, `webhook_address_refused`
 */
export async function savePreferences(
  tx: Transaction,
  staffId: string,
  wanted: Preferences,
  { clock, policy }: { readonly clock: Clock; readonly policy: AddressPolicy },
): Promise<{ readonly webhookSecret: string | null }> {
  checkQuietHours({ ...(wanted.quiet ?? { from: '00:00', until: '01:00' }), zone: wanted.zone });
  const webhookUrl = wanted.webhookUrl === null ? null : await checkUrl(wanted.webhookUrl, policy);
  const before = await readPreferences(tx, staffId, wanted.zone);
  const isNew = webhookUrl !== null && webhookUrl !== before.webhookUrl;
  const webhookSecret = isNew ? `whsec_${randomBytes(32).toString('base64url')}` : null;
  await asSystem(() =>
    tx.query(
      `insert into kernel.notification_preference
         (staff_id, email, webhook_url, webhook_secret, quiet_from, quiet_until, zone, muted, changed_at)
       values ($1, $2, $3::text, coalesce($4, (select k.webhook_secret from kernel.notification_preference k
         where k.staff_id = $1 and k.webhook_url = $3::text)), $5, $6, $7, $8, $9)
       on conflict (staff_id) do update set email = excluded.email, webhook_url = excluded.webhook_url,
         webhook_secret = excluded.webhook_secret,
         quiet_from = excluded.quiet_from, quiet_until = excluded.quiet_until, zone = excluded.zone, muted = excluded.muted,
         changed_at = excluded.changed_at`,
      [
        staffId,
        wanted.email,
        webhookUrl,
        webhookSecret,
        wanted.quiet?.from ?? null,
        wanted.quiet?.until ?? null,
        wanted.zone,
        [...new Set(wanted.muted)].sort(),
        clock.now().toString(),
      ],
    ),
  );
  return { webhookSecret };
}

/** How many notifications go in one statement. */
const PURGED_AT_ONCE = 10_000;

/**
 * Lets go of what was told before an instant (RFC 3339) and is not on its way any more, with the proof of its
 * delivery; returns how many notifications that were.
 */
export async function purgeNotifications(db: Queryable, before: string): Promise<number> {
  for (let records = 0; ; ) {
    const { rows } = await asSystem(() =>
      db.query<{ purged: number }>('select kernel.purge_notifications($1, $2) as purged', [before, PURGED_AT_ONCE]),
    );
    const purged = rows[0]?.purged ?? 0;
    records += purged;
    if (purged < PURGED_AT_ONCE) return records;
  }
}
