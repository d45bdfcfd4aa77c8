/** Telling somebody something, as part of the transaction in which it happens. */
import { type AuditSubject, subjectText } from '#kernel/audit';
import type { Clock } from '#kernel/clock';
import { asSystem } from '#kernel/context';
import type { Transaction } from '#kernel/database';
import { newId } from '#kernel/ids';
import { type Channel, render, type Urgency, type Values } from './model.ts';
import { holdersOf, readPeople } from './people.ts';
import { templateInUse } from './templates.ts';

export interface NotifyInput {
  /** One person, or everybody who holds a permission in a unit, except some. */
  readonly to:
    | string
    | { readonly permission: string; readonly unitId: number; readonly except?: readonly (string | null)[] };
  /** Code of a template. */
  readonly template: string;
  /** A value for each of its placeholders. */
  readonly values: Values;
  /** Default: the template's. */
  readonly urgency?: Urgency;
  /** What it is about, for a link. */
  readonly subject?: AuditSubject;
}

/**
 * Notifies people in the caller's transaction: in their inbox with its commit, and outside, as they prefer, soon after. Who
 * has left, or is not known, is not told.
 *
 * @returns the ids of those who are told.
 * @throws `notification_template_not_found`, `notification_value_missing`, `notification_value_unknown`
 */
export async function notify(tx: Transaction, clock: Clock, input: NotifyInput): Promise<string[]> {
  const template = await templateInUse(tx, input.template);
  const { title, body } = render(template, input.values);
  const urgency = input.urgency ?? template.urgency;
  return asSystem(async () => {
    const at = clock.now().toString();
    const people = await readPeople(tx, await recipientsOf(tx, input.to, at));
    if (people.length === 0) return [];
    const ids = people.map(() => newId(clock));
    await tx.query(
      `insert into kernel.notification
         (notification_id, staff_id, template, urgency, title_zh, title_en, body_zh, body_en, subject, created_at)
       select id, staff_id, $3, $4, $5, $6, $7, $8, $9, $10 from unnest($1::uuid[], $2::uuid[]) as told (id, staff_id)`,
      [
        ids,
        people.map(({ staffId }) => staffId),
        template.code,
        urgency,
        title.zh,
        title.en,
        body.zh,
        body.en,
        input.subject === undefined ? null : subjectText(input.subject),
        at,
      ],
    );
    await addDeliveries(tx, clock, ids, template.code, urgency, at);
    return people.map(({ staffId }) => staffId);
  });
}

async function recipientsOf(tx: Transaction, to: NotifyInput['to'], at: string): Promise<string[]> {
  if (typeof to === 'string') return [to];
  const holders = await holdersOf(tx, to.permission, to.unitId, at);
  return holders.filter((staffId) => to.except?.includes(staffId) !== true);
}

/** What goes outside: by e-mail unless somebody does not want that, to a webhook when there is one. */
async function addDeliveries(
  tx: Transaction,
  clock: Clock,
  ids: readonly string[],
  template: string,
  urgency: Urgency,
  at: string,
): Promise<void> {
  const { rows } = await tx.query<{ id: string; channel: Channel }>(
    `select n.notification_id as id, c.channel
       from kernel.notification n
       left join kernel.notification_preference p using (staff_id)
      cross join lateral (values ('email', coalesce(p.email, true)), ('webhook', p.webhook_url is not null)) as c (channel, wanted)
      where n.notification_id = any ($1) and c.wanted and ($3 = 'urgent' or not $2 = any (coalesce(p.muted, '{}')))`,
    [[...ids], template, urgency],
  );
  if (rows.length === 0) return;
  await tx.query(
    `insert into kernel.notification_delivery (delivery_id, notification_id, channel, next_attempt_at, created_at)
     select delivery_id, notification_id, channel, $4, $4
       from unnest($1::uuid[], $2::uuid[], $3::text[]) as d (delivery_id, notification_id, channel)`,
    [rows.map(() => newId(clock)), rows.map(({ id }) => id), rows.map(({ channel }) => channel), at],
  );
}
