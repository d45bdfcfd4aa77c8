/**
 * Messages and signals find who waits for them. A message goes to one taker: a waiting instance whose key is the same,
 * else the start event of its name, else it is kept until it expires. Senders and takers of one name and key exclude one
 * another until they commit, so that neither misses the other.
 */
import { newId } from '#kernel/ids';
import type { Json, Variables } from '../core/values.ts';
import { type Broadcast, instantOf, type NewSubscription, type Sent, unbegun, type WorkKind } from './rows.ts';
import type { Live, Unit } from './unit.ts';

const MESSAGE_TTL_MS = 86_400_000;

export async function correlate(unit: Unit): Promise<void> {
  const opened = unit.subscriptions.filter((one) => stillOpen(unit, one));
  await lockNames(unit, [...opened.filter((one) => one.type === 'message'), ...unit.sent]);
  await closeSubscriptions(unit);
  await openSubscriptions(unit, opened);
  await takeBuffered(unit, opened);
  for (const message of unit.sent) await deliver(unit, message);
  for (const signal of unit.broadcasts) await broadcast(unit, signal);
}

function stillOpen({ lives }: Unit, { instanceId, wait }: NewSubscription): boolean {
  const live = lives.get(instanceId);
  return live?.state.waits.some((one) => one.id === wait) ?? false;
}

/** With a key: that key of the name alone. Without: the whole name. Always in one order. */
async function lockNames({ tx, engine }: Unit, on: readonly { name: string; key: string | null }[]): Promise<void> {
  if (on.length === 0) return;
  const whole = new Set(on.filter((one) => one.key === null).map((one) => one.name));
  const shared = new Set(on.filter((one) => !whole.has(one.name)).map((one) => one.name));
  const keyed = new Set(on.filter((one) => !whole.has(one.name)).map((one) => `${one.name}\0${one.key}`));
  const texts = (set: Set<string>) => [...set].sort().map((one) => JSON.stringify([engine.bookId, one]));
  await tx.query(
    `select count(pg_advisory_xact_lock(hashtextextended(name, 9)))
       from (select name from unnest($1::text[]) as name order by name) as ordered`,
    [texts(whole)],
    { prepare: true },
  );
  await tx.query(
    `select count(pg_advisory_xact_lock_shared(hashtextextended(name, 9)))
       from (select name from unnest($1::text[]) as name order by name) as ordered`,
    [texts(shared)],
    { prepare: true },
  );
  await tx.query(
    `select count(pg_advisory_xact_lock(hashtextextended(name, 9)))
       from (select name from unnest($1::text[]) as name order by name) as ordered`,
    [texts(keyed)],
    { prepare: true },
  );
}

async function closeSubscriptions({ tx, engine, closed }: Unit): Promise<void> {
  if (closed.length === 0) return;
  await tx.query(
    `delete from process.subscription as s using unnest($2::uuid[], $3::integer[]) as n (id, wait)
      where s.book_id = $1 and s.instance_id = n.id and s.wait = n.wait`,
    [engine.bookId, closed.map((one) => one.instanceId), closed.map((one) => one.wait)],
    { prepare: true },
  );
}

async function openSubscriptions({ tx, engine, now_ms }: Unit, opened: readonly NewSubscription[]): Promise<void> {
  if (opened.length === 0) return;
  await tx.query(
    `insert into process.subscription (book_id, opened_at, instance_id, wait, type, name, key, keeps)
     select $1, $2, n.* from unnest($3::uuid[], $4::integer[], $5::text[], $6::text[], $7::text[], $8::boolean[]) as n
         on conflict (book_id, instance_id, wait) do nothing`,
    [
      engine.bookId,
      instantOf(now_ms),
      opened.map((one) => one.instanceId),
      opened.map((one) => one.wait),
      opened.map((one) => one.type),
      opened.map((one) => one.name),
      opened.map((one) => one.key),
      opened.map((one) => one.keeps),
    ],
    { prepare: true },
  );
}

interface MessageRow {
  readonly messageId: string;
  readonly key: string | null;
  readonly payload: Variables;
  readonly expiresAt: string;
}

/** New subscriptions take messages that came before them, the oldest first. */
async function takeBuffered(unit: Unit, opened: readonly NewSubscription[]): Promise<void> {
  const { tx, engine, now_ms } = unit;
  const wanted = opened.filter((one) => one.type === 'message');
  if (wanted.length === 0) return;
  const { rows: any } = await tx.query(
    `select from process.message m join unnest($2::text[], $3::text[]) as n (name, key)
         on m.name = n.name and (n.key is null or m.key = n.key)
      where m.book_id = $1 and m.state = 'buffered' limit 1`,
    [engine.bookId, wanted.map((one) => one.name), wanted.map((one) => one.key)],
    { prepare: true },
  );
  if (any.length === 0) return;
  for (const one of wanted) {
    const { rows } = await tx.query<MessageRow>(
      `update process.message set state = 'delivered'
        where (book_id, message_id) in (
          select book_id, message_id from process.message
           where book_id = $1 and name = $2 and ($3::text is null or key = $3) and state = 'buffered' and expires_at > $4
           order by published_at, message_id limit 1)
       returning message_id as "messageId", key, payload, expires_at as "expiresAt"`,
      [engine.bookId, one.name, one.key, instantOf(now_ms)],
    );
    const [row] = rows;
    if (row === undefined) continue;
    const { messageId, key, payload } = row;
    await route(unit, one, { messageId, name: one.name, key, payload, expires_ms: Date.parse(row.expiresAt) });
  }
}

interface Subscriber {
  readonly instanceId: string;
  readonly wait: number;
  readonly keeps: boolean;
}

/** Hands a message to a subscription as work of its instance. */
async function route(unit: Unit, to: Subscriber, message: Omit<Sent, 'repeated'>): Promise<void> {
  if (!to.keeps) {
    await unit.tx.query(
      `delete from process.subscription where book_id = $1 and instance_id = $2 and wait = $3`,
      [unit.engine.bookId, to.instanceId, to.wait],
      { prepare: true },
    );
  }
  const { messageId, name, key, payload, expires_ms } = message;
  const carried = { message: { messageId, name, key, payload, expires_ms } };
  give(unit, to.instanceId, `message:${messageId}`, 'message', to.wait, carried);
}

function give(unit: Unit, instanceId: string, key: string, kind: WorkKind, token: number, payload: Json): void {
  const work = { instanceId, key, kind, token, due_ms: unit.now_ms, attempts: 0, payload };
  const live = unit.lives.get(instanceId);
  if (live === undefined) unit.otherWork.push(work);
  else live.work.set(key, work);
}

async function deliver(unit: Unit, message: Sent): Promise<void> {
  const { tx, engine, now_ms } = unit;
  const expires_ms = message.expires_ms ?? now_ms + MESSAGE_TTL_MS;
  const { rows: recorded } = await tx.query<{ fresh: boolean }>(
    `insert into process.message (book_id, message_id, name, key, payload, state, published_at, expires_at)
     values ($1, $2, $3, $4, $5, 'delivered', $6, $7)
         on conflict (book_id, message_id) do nothing returning true as fresh`,
    [
      engine.bookId,
      message.messageId,
      message.name,
      message.key,
      JSON.stringify(message.payload),
      instantOf(now_ms),
      instantOf(expires_ms),
    ],
    { prepare: true },
  );
  if (recorded.length === 0 && !message.repeated) return;
  const { rows } = await tx.query<Subscriber>(
    `select instance_id as "instanceId", wait, keeps from process.subscription
      where book_id = $1 and type = 'message' and name = $2 and (key is null or key = $3)
      order by key nulls last, opened_at, instance_id, wait limit 1`,
    [engine.bookId, message.name, message.key],
    { prepare: true },
  );
  const [taker] = rows;
  if (taker !== undefined) {
    await route(unit, taker, { ...message, expires_ms });
    return;
  }
  const started = await startBy(unit, 'message', message.name, message.payload);
  if (started.length > 0) return;
  if (expires_ms <= now_ms) return;
  await tx.query(`update process.message set state = 'buffered' where book_id = $1 and message_id = $2`, [
    engine.bookId,
    message.messageId,
  ]);
}

/** Starts an instance of every process that begins with this event: of a message, of the first one only. */
async function startBy(unit: Unit, kind: 'message' | 'signal', name: string, payload: Variables): Promise<Live[]> {
  const { rows } = await unit.tx.query<{ definitionId: string; node: string }>(
    `select definition_id as "definitionId", node from process.start_event
      where book_id = $1 and kind = $2 and name = $3 order by process_key, node`,
    [unit.engine.bookId, kind, name],
    { prepare: true },
  );
  const starts = kind === 'message' ? rows.slice(0, 1) : rows;
  const lives: Live[] = [];
  for (const { definitionId, node } of starts) lives.push(await startAt(unit, definitionId, node, payload));
  return lives;
}

/** A new instance that begins at a start event, as work of its own. */
export async function startAt(unit: Unit, definitionId: string, node: string, payload: Variables): Promise<Live> {
  const deployed = await unit.engine.definitions.get(unit.tx, definitionId);
  const instanceId = newId(unit.engine.clock);
  const live = unit.create(
    { instanceId, businessKey: null, parentId: null, parentToken: null, state: unbegun() },
    deployed,
  );
  unit.addWork(live, 'start', 'start', unit.now_ms, null, { trigger: node, variables: {}, payload });
  return live;
}

/** A signal reaches everyone who waits for it now. */
async function broadcast(unit: Unit, { id, name, payload }: Broadcast): Promise<void> {
  const { tx, engine } = unit;
  const { rows } = await tx.query<Subscriber>(
    `select instance_id as "instanceId", wait, keeps from process.subscription
      where book_id = $1 and type = 'signal' and name = $2 order by instance_id, wait`,
    [engine.bookId, name],
    { prepare: true },
  );
  for (const { instanceId, wait } of rows) {
    give(unit, instanceId, `signal:${id}:${wait}`, 'signal', wait, { payload });
  }
  await startBy(unit, 'signal', name, payload);
}
