/** What is sent outside: taking it, and writing down what became of it. */
import type { Clock } from '#kernel/clock';
import { asSystem } from '#kernel/context';
import type { Database, Queryable, Transaction } from '#kernel/database';
import { isUuid } from '#kernel/ids';
import { notificationError } from './errors.ts';
import type { Channel, Urgency } from './model.ts';

export type DeliveryState = 'waiting' | 'delivered' | 'dead' | 'skipped';

/** A delivery taken for one attempt, with everything to send. */
export interface ClaimedDelivery {
  readonly deliveryId: string;
  readonly notificationId: string;
  readonly channel: Channel;
  /** Counts this attempt. It also fences: the outcome is only written while nobody has taken the delivery since. */
  readonly attempts: number;
  readonly template: string;
  readonly urgency: Urgency;
  readonly titleZh: string;
  readonly titleEn: string;
  readonly bodyZh: string;
  readonly bodyEn: string;
  readonly subject: string | null;
  readonly createdAt: string;
  /** Null: the person has left. */
  readonly name: string | null;
  readonly email: string | null;
  readonly locale: 'zh-CN' | 'en' | null;
  /** Whether e-mail is wanted at present. */
  readonly emailWanted: boolean;
  readonly webhookUrl: string | null;
  readonly webhookSecret: string | null;
  readonly quietFrom: string | null;
  readonly quietUntil: string | null;
  readonly zone: string | null;
}

/** Takes due deliveries, oldest first. Until `leaseEnd` they are this process's; after it anybody may take them. */
export async function claimDeliveries(
  db: Queryable,
  limit: number,
  now: string,
  leaseEnd: string,
): Promise<ClaimedDelivery[]> {
  const { rows } = await db.query<ClaimedDelivery>(
    `with due as (
       select delivery_id from kernel.notification_delivery
        where state = 'waiting' and next_attempt_at <= $2
        order by next_attempt_at limit $1 for update skip locked
     ), taken as (
       update kernel.notification_delivery d set attempts = d.attempts + 1, next_attempt_at = $3
         from due where d.delivery_id = due.delivery_id
       returning d.*
     )
     select t.delivery_id as "deliveryId", t.notification_id as "notificationId", t.channel, t.attempts, n.template, n.urgency,
       n.title_zh as "titleZh", n.title_en as "titleEn", n.body_zh as "bodyZh", n.body_en as "bodyEn", n.subject,
       n.created_at as "createdAt", s.name, s.email, s.locale, coalesce(p.email, true) as "emailWanted",
       p.webhook_url as "webhookUrl", p.webhook_secret as "webhookSecret", p.quiet_from as "quietFrom",
       p.quiet_until as "quietUntil", p.zone
     from taken t
     join kernel.notification n using (notification_id)
     left join kernel.staff s on s.staff_id = n.staff_id and s.state in ('invited', 'active')
     left join kernel.notification_preference p on p.staff_id = n.staff_id`,
    [limit, now, leaseEnd],
  );
  return rows;
}

/** Puts a delivery off without counting the attempt: it was quiet. */
export async function postpone(db: Queryable, claimed: ClaimedDelivery, until: string): Promise<void> {
  await db.query(
    `update kernel.notification_delivery set attempts = attempts - 1, next_attempt_at = $3
      where delivery_id = $1 and attempts = $2 and state = 'waiting'`,
    [claimed.deliveryId, claimed.attempts, until],
  );
}

/** How an attempt ended. */
export interface AttemptOutcome {
  readonly state: DeliveryState;
  /** RFC 3339; for one that is made again. */
  readonly nextAttemptAt: string | null;
  readonly address: string;
  readonly messageId: string;
  readonly startedAt: string;
  readonly endedAt: string;
  /** What the other side said, or why there was no answer. */
  readonly answer: string;
}

/** Writes down an attempt, which stays as proof, and what became of the delivery unless somebody else has it by now. */
export async function recordAttempt(db: Database, claimed: ClaimedDelivery, outcome: AttemptOutcome): Promise<void> {
  await db.transaction(async (tx) => {
    await tx.query(
      `insert into kernel.notification_attempt
         (delivery_id, attempt, address, message_id, started_at, ended_at, accepted, answer)
       values ($1, $2, $3, $4, $5, $6, $7, $8) on conflict do nothing`,
      [
        claimed.deliveryId,
        claimed.attempts,
        outcome.address,
        outcome.messageId,
        outcome.startedAt,
        outcome.endedAt,
        outcome.state === 'delivered',
        outcome.answer,
      ],
    );
    await tx.query(
      `update kernel.notification_delivery
          set state = $3, next_attempt_at = coalesce($4, next_attempt_at),
              finished_at = case when $3 = 'waiting' then null else $5::timestamptz end
        where delivery_id = $1 and attempts = $2 and state = 'waiting'`,
      [claimed.deliveryId, claimed.attempts, outcome.state, outcome.nextAttemptAt, outcome.endedAt],
    );
  });
}

/** Ends a delivery that cannot be tried: no server is set, or there is no address any more. */
export async function skipDelivery(db: Queryable, claimed: ClaimedDelivery, at: string): Promise<void> {
  await db.query(
    `update kernel.notification_delivery set state = 'skipped', attempts = attempts - 1, finished_at = $3
      where delivery_id = $1 and attempts = $2 and state = 'waiting'`,
    [claimed.deliveryId, claimed.attempts, at],
  );
}

/** One delivery with all its attempts: the proof. */
export interface DeliveryProof {
  readonly deliveryId: string;
  readonly notificationId: string;
  readonly staffId: string;
  readonly template: string;
  readonly channel: Channel;
  readonly state: DeliveryState;
  readonly createdAt: string;
  /** While it waits. */
  readonly nextAttemptAt: string | null;
  readonly finishedAt: string | null;
  /** When the person read it in the inbox. */
  readonly readAt: string | null;
  readonly attempts: readonly {
    readonly attempt: number;
    readonly address: string;
    readonly message_id: string;
    readonly started_at: string;
    readonly ended_at: string;
    readonly accepted: boolean;
    readonly answer: string;
  }[];
}

/** Deliveries, newest first. */
export async function listDeliveries(
  db: Queryable,
  filter: {
    readonly state?: DeliveryState | undefined;
    readonly staffId?: string | undefined;
    readonly notificationId?: string | undefined;
    readonly before?: string | undefined;
    readonly limit: number;
  },
): Promise<DeliveryProof[]> {
  const { rows } = await asSystem(() =>
    db.query<DeliveryProof>(
      `select d.delivery_id as "deliveryId", d.notification_id as "notificationId", n.staff_id as "staffId", n.template,
         d.channel, d.state, d.created_at as "createdAt", d.finished_at as "finishedAt", n.read_at as "readAt",
         case when d.state = 'waiting' then d.next_attempt_at end as "nextAttemptAt",
         coalesce((select jsonb_agg(jsonb_build_object('attempt', a.attempt, 'address', a.address, 'message_id', a.message_id,
             'started_at', a.started_at, 'ended_at', a.ended_at, 'accepted', a.accepted, 'answer', a.answer) order by a.attempt)
           from kernel.notification_attempt a where a.delivery_id = d.delivery_id), '[]') as attempts
       from kernel.notification_delivery d join kernel.notification n using (notification_id)
      where ($1::text is null or d.state = $1) and ($2::uuid is null or n.staff_id = $2)
        and ($3::uuid is null or d.notification_id = $3) and ($4::uuid is null or d.delivery_id < $4)
      order by d.delivery_id desc limit $5`,
      [
        filter.state ?? null,
        filter.staffId ?? null,
        filter.notificationId ?? null,
        filter.before ?? null,
        filter.limit,
      ],
    ),
  );
  return rows;
}

/** Tries a dead or skipped delivery again; its attempts go on counting. Error: `notification_delivery_not_found`. */
export async function redeliver(tx: Transaction, clock: Clock, deliveryId: string): Promise<void> {
  const { rowCount } = isUuid(deliveryId)
    ? await asSystem(() =>
        tx.query(
          `update kernel.notification_delivery set state = 'waiting', next_attempt_at = $2, finished_at = null
            where delivery_id = $1 and state in ('dead', 'skipped')`,
          [deliveryId, clock.now().toString()],
        ),
      )
    : { rowCount: 0 };
  if (rowCount === 0) {
    throw notificationError('notification_delivery_not_found', `No dead or skipped delivery ${deliveryId}`);
  }
}
