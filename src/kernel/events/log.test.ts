import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { setImmediate as breathe } from 'node:timers/promises';
import { manualClock, systemClock } from '#kernel/clock';
import type { Transaction } from '#kernel/database';
import {
  appendEvents,
  createBook,
  type EventRecord,
  findBook,
  headPosition,
  listBooks,
  readEvents,
} from '#kernel/events';
import { isUuid } from '#kernel/ids';
import { testDatabase } from '#test/database';

const db = await testDatabase({ after });
const clock = systemClock();

function newBook(code: string) {
  return db.transaction((tx) => createBook(tx, { code, name: `Book ${code}` }, clock));
}

function append(tx: Transaction, bookId: number, ...subjects: string[]) {
  return appendEvents(
    tx,
    bookId,
    clock,
    subjects.map((subject) => ({ type: 'test.happened', subject, payload: { subject } })),
  );
}

test('a book is created once and found by its code', async () => {
  const created = await newBook('main');
  assert.deepEqual(await newBook('main'), created);
  assert.deepEqual(await findBook(db, 'main'), created);
  assert.equal(await headPosition(db, created.bookId), 0n);
  await assert.rejects(
    db.transaction((tx) => createBook(tx, { code: 'main', name: 'Another' })),
    { code: 'book_exists_differently' },
  );
  await assert.rejects(findBook(db, 'other'), { code: 'book_not_found' });
  await assert.rejects(headPosition(db, 999), { code: 'book_not_found' });
  for (const code of ['', 'Main', '-a', 'a b', 'a'.repeat(33)]) {
    await assert.rejects(
      db.transaction((tx) => createBook(tx, { code, name: 'x' })),
      { code: 'book_code_invalid' },
    );
  }
});

test('books created at the same time get different numbers, the same book one', async () => {
  const codes = ['p', 'q', 'r', 's', 's', 's'];
  const books = await Promise.all(codes.map(newBook));
  assert.equal(new Set(books.map((book) => book.bookId)).size, 4);
  const listed = (await listBooks(db)).map((book) => book.code);
  assert.deepEqual(listed, [...listed].sort());
});

test('an event comes back as it was appended', async () => {
  const { bookId } = await newBook('round-trip');
  const at = manualClock('2026-03-01T10:00:00.123456Z');
  const appended = await db.transaction((tx) =>
    appendEvents(tx, bookId, at, [
      {
        type: 'test.first',
        subject: 'a',
        payload: { amount_minor: 12345678901234567890n, name: '龙门', list: [1, null] },
      },
      { type: 'test.second', subject: '', payload: {} },
    ]),
  );
  assert.deepEqual(appended, { firstPosition: 1n, lastPosition: 2n, recordedAt: '2026-03-01T10:00:00.123456Z' });
  const [first, second, ...rest] = await readEvents(db, bookId, 0n, 10);
  assert.ok(first && second && isUuid(first.eventId) && isUuid(second.eventId));
  assert.equal(rest.length, 0);
  assert.deepEqual(first, {
    bookId,
    position: 1n,
    eventId: first.eventId,
    type: 'test.first',
    subject: 'a',
    recordedAt: '2026-03-01T10:00:00.123456Z',
    payload: { amount_minor: '12345678901234567890', name: '龙门', list: [1, null] },
  });
  assert.deepEqual(await readEvents(db, bookId, 1n, 10), [second]);
  assert.deepEqual(await readEvents(db, bookId, 0n, 1), [first]);
});

test('recorded_at never runs backwards, though the clocks of two servers differ', async () => {
  const { bookId } = await newBook('clocks');
  const ahead = manualClock('2026-03-01T10:00:05Z');
  const behind = manualClock('2026-03-01T10:00:00Z');
  const events = [{ type: 'test.happened', subject: 'a', payload: {} }];
  await db.transaction((tx) => appendEvents(tx, bookId, ahead, events));
  const { recordedAt } = await db.transaction((tx) => appendEvents(tx, bookId, behind, events));
  assert.equal(recordedAt, '2026-03-01T10:00:05.000000Z');
});

test('an unknown book is refused', async () => {
  await assert.rejects(
    db.transaction((tx) => append(tx, 999, 'a')),
    { code: 'book_not_found' },
  );
});

test('the application role can neither change nor remove what is in the log', async () => {
  const { bookId } = await newBook('append-only');
  await db.transaction((tx) => append(tx, bookId, 'a'));
  const attempts = [
    `update kernel.event set subject = 'b'`,
    `delete from kernel.event`,
    `truncate kernel.event`,
    `delete from kernel.book_position`,
    `update kernel.book set name = 'b'`,
    `delete from kernel.book`,
    `alter table kernel.event disable trigger all`,
    `drop table kernel.event`,
    `create or replace function kernel.append_events(int, timestamptz, uuid[], text[], text[], text[]) returns int language sql as 'select 1'`,
  ];
  for (const attempt of attempts) await assert.rejects(db.query(attempt), { code: '42501' }, attempt);
  assert.equal((await readEvents(db, bookId, 0n, 10))[0]?.subject, 'a');
});

test('writers of one book wait for each other, writers of another do not', async () => {
  const one = await newBook('one');
  const other = await newBook('other-one');
  const order: string[] = [];
  let waiting: Promise<unknown> | undefined;
  await db.transaction(async (tx) => {
    await append(tx, one.bookId, 'first');
    waiting = db.transaction((second) => append(second, one.bookId, 'second')).then(() => order.push('second'));
    await db.transaction((third) => append(third, other.bookId, 'free'));
    assert.deepEqual(await readEvents(db, one.bookId, 0n, 10), [], 'nothing is visible before the commit');
    order.push('first');
  });
  await waiting;
  assert.deepEqual(order, ['first', 'second']);
  const subjects = (await readEvents(db, one.bookId, 0n, 10)).map((event) => event.subject);
  assert.deepEqual(subjects, ['first', 'second']);
});

test('8 writers, some rolling back: a reader sees every event exactly once, in commit order, without gaps', async () => {
  const { bookId } = await newBook('race');
  const writers = 8;
  const rounds = 30;
  const committed = new Set<string>();
  const undone = new Error('rolled back on purpose');
  let writing = true;

  async function write(writer: number): Promise<void> {
    for (let round = 0; round < rounds; round += 1) {
      const subjects = Array.from({ length: 1 + ((writer + round) % 4) }, (_, index) => `${writer}/${round}/${index}`);
      const isUndone = (writer * 7 + round) % 3 === 0;
      await db
        .transaction(async (tx) => {
          await append(tx, bookId, ...subjects);
          await breathe();
          if (isUndone) throw undone;
        })
        .then(() => {
          for (const subject of subjects) committed.add(subject);
        })
        .catch((error: unknown) => assert.equal(error, undone));
    }
  }

  const seen: EventRecord[] = [];
  async function tail(): Promise<void> {
    for (;;) {
      const last = !writing;
      const events = await readEvents(db, bookId, seen.at(-1)?.position ?? 0n, 1_000);
      seen.push(...events);
      if (last && events.length === 0) return;
    }
  }

  const reading = tail();
  await Promise.all(Array.from({ length: writers }, (_, writer) => write(writer)));
  writing = false;
  await reading;

  assert.ok(committed.size > 100);
  assert.deepEqual(
    seen.map((event) => event.position),
    seen.map((_, index) => BigInt(index + 1)),
    'positions run 1, 2, 3, … in the order they became visible',
  );
  assert.deepEqual(seen.map((event) => event.subject).sort(), [...committed].sort());
  assert.deepEqual(
    seen.map((event) => event.recordedAt),
    seen.map((event) => event.recordedAt).sort(),
  );
  // One writer's own events come in the order it wrote them.
  for (let writer = 0; writer < writers; writer += 1) {
    const own = seen.map((event) => event.subject).filter((subject) => subject.startsWith(`${writer}/`));
    assert.deepEqual(
      own,
      own.toSorted((a, b) => a.localeCompare(b, 'en', { numeric: true })),
    );
  }
});
