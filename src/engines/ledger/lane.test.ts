/** The posting lane under real concurrency: hot accounts, two processes on one database, a database that goes away, expiry. */
import assert from 'node:assert/strict';
import { after, suite, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { readEvents } from '#kernel/events';
import { createMetrics } from '#kernel/metrics';
import { about, codes, testLedger, timeZone, transfer } from '#test/ledger';
import { listTransfers, type Outcome, openLedger, readTransfer, type TransferInput, verify } from './index.ts';

const { db, clock, ledger, another, book } = await testLedger({ after });

async function soundBooks(code: string) {
  assert.deepEqual((await verify(db, { book: code })).findings, []);
}

suite('many callers', () => {
  test('of a hot account that must not go below zero get exactly what is there', async () => {
    const one = await book({ limits: { minimum: 0n } }, {});
    const [hot, cold] = one.ids;
    await ledger.post(one.code, [transfer(cold, hot, 100n)]);
    const outcomes = await Promise.all(
      Array.from({ length: 50 }, () => ledger.post(one.code, [transfer(hot, cold, 7n)])),
    );
    const accepted = outcomes.flat().filter(({ code }) => code === 'accepted');
    assert.equal(accepted.length, 14);
    assert.equal(outcomes.flat().filter(({ code }) => code === 'exceeds_available').length, 36);
    // In the order in which they were asked: 7 each as long as it lasts.
    assert.deepEqual(
      outcomes.flat().map(({ sequence }) => sequence),
      Array.from({ length: 50 }, (_, index) => (index < 14 ? BigInt(index) + 2n : null)),
    );
    assert.equal((await one.account(hot)).counters.debitsPosted, 98n);
    await soundBooks(one.code);
  });

  test('are answered in few batches, each with one event, and no caller waits for a full one', async () => {
    const one = await book();
    const [ann, bob] = one.ids;
    const headBefore = (await readEvents(db, one.bookId, 0n, 100)).length;
    await Promise.all(Array.from({ length: 200 }, () => ledger.post(one.code, [transfer(ann, bob, 1n)])));
    const batches = (await readEvents(db, one.bookId, 0n, 1_000)).slice(headBefore);
    assert.ok(batches.length <= 10, `${batches.length} batches for 200 callers at once`);
    await ledger.post(one.code, [transfer(ann, bob, 1n)]);
    assert.equal((await one.account(bob)).counters.creditsPosted, 201n);
  });

  test('cost one process alone no second look', async () => {
    const metrics = createMetrics();
    const alone = openLedger({ db, clock, timeZone, metrics });
    const one = await book({ limits: { minimum: 0n } }, {});
    const [ann, bob] = one.ids;
    for (let round = 0; round < 5; round++) {
      const hold = transfer(bob, ann, 2n, { kind: 'pending' });
      await Promise.all([hold, transfer(ann, bob, 9n)].map((input) => alone.post(one.code, [input])));
      await Promise.all(Array.from({ length: 9 }, () => alone.post(one.code, [transfer(bob, ann, 1n)])));
      await alone.post(one.code, [about('post', hold.id)]);
    }
    await alone.close();
    const text = await metrics.render();
    assert.match(text, /^longmen_ledger_batches_total\{mode="fast"\} \d+$/m);
    assert.doesNotMatch(text, /mode="careful"/);
    assert.match(text, /^longmen_ledger_transfers_total 60$/m);
    assert.equal((await one.account(ann)).counters.creditsPosted, 55n);
  });

  test('with chains and holds of one account leave no half of anything', async () => {
    const one = await book({ limits: { minimum: 0n } }, {}, { limits: { minimum: 0n } });
    const [ann, bob, cay] = one.ids;
    await ledger.post(one.code, [transfer(bob, ann, 60n)]);
    const outcomes = await Promise.all(
      Array.from({ length: 20 }, () => {
        const hold = transfer(ann, bob, 5n, { kind: 'pending', linked: true });
        const taken = about('post', hold.id, { amount: 3n, keepRemainder: true, linked: true });
        return ledger.post(one.code, [hold, taken, transfer(bob, cay ?? '', 1n)]);
      }),
    );
    for (const chain of outcomes) assert.equal(new Set(chain.map(({ status }) => status)).size, 1);
    assert.equal(outcomes.filter(([first]) => first?.code === 'accepted').length, 12);
    assert.deepEqual((await one.account(ann)).counters, {
      debitsPending: 24n,
      creditsPending: 0n,
      debitsPosted: 36n,
      creditsPosted: 60n,
    });
    await soundBooks(one.code);
  });
});

suite('two processes on one database', () => {
  test('give every id one answer and never spend twice', async () => {
    const one = await book({ limits: { minimum: 0n } }, {}, {});
    const [hot, cold, third = ''] = one.ids;
    const other = await another();
    await ledger.post(one.code, [transfer(cold, hot, 300n)]);
    const shared = Array.from({ length: 200 }, () => transfer(hot, cold, 1n));
    const own = () => Array.from({ length: 100 }, (_, index) => transfer(hot, index % 2 === 0 ? cold : third, 1n));
    const send = async (on: typeof ledger, transfers: TransferInput[], size: number) => {
      const requests: Promise<Outcome[]>[] = [];
      for (let from = 0; from < transfers.length; from += size) {
        requests.push(on.post(one.code, transfers.slice(from, from + size)));
        if (from % (4 * size) === 0) await sleep(1);
      }
      return (await Promise.all(requests)).flat();
    };
    const mixed = (mine: TransferInput[], theirs: TransferInput[]) =>
      mine.flatMap((input, index) => [input, ...theirs.slice(2 * index, 2 * index + 2)]);
    const [here, there] = await Promise.all([
      send(ledger, mixed(own(), shared), 7),
      send(other, mixed(own(), [...shared].reverse()), 11),
    ]);
    const byId = new Map(here.map((outcome) => [outcome.id, outcome]));
    for (const outcome of there) {
      const twin = byId.get(outcome.id);
      if (twin === undefined) continue;
      assert.deepEqual({ ...outcome, repeated: null }, { ...twin, repeated: null });
      assert.notEqual(outcome.repeated, twin.repeated, 'one of the two was first');
    }
    const first = [...here, ...there].filter(({ repeated }) => !repeated);
    assert.equal(first.length, 400);
    assert.equal(first.filter(({ code }) => code === 'accepted').length, 300);
    const { counters } = await one.account(hot);
    assert.deepEqual([counters.creditsPosted, counters.debitsPosted], [300n, 300n]);
    await soundBooks(one.code);
  });

  test('and a third that posts inside its own transactions', async () => {
    const one = await book({ limits: { minimum: 0n } }, {});
    const [hot, cold] = one.ids;
    const other = await another();
    await ledger.post(one.code, [transfer(cold, hot, 40n)]);
    const results = await Promise.all(
      Array.from({ length: 60 }, (_, index) => {
        const payment = [transfer(hot, cold, 1n), transfer(hot, cold, 1n)];
        if (index % 3 === 0) return db.transaction((tx) => ledger.postIn(tx, one.code, payment), { attempts: 20 });
        return (index % 3 === 1 ? ledger : other).post(one.code, payment);
      }),
    );
    assert.equal(results.flat().filter(({ code }) => code === 'accepted').length, 40);
    await soundBooks(one.code);
  });
});

suite('a database that goes away', () => {
  test('callers hear so or get an answer; asked again every id has a definite one', async () => {
    const one = await book({}, {});
    const [ann, bob] = one.ids;
    let stop = false;
    const sent: TransferInput[] = [];
    const answered = new Map<string, Outcome>();
    const unreachable: string[] = [];
    const caller = async () => {
      while (!stop) {
        const request = [transfer(ann, bob, 1n), transfer(bob, ann, 1n, { linked: true }), transfer(ann, bob, 1n)];
        sent.push(...request);
        try {
          for (const outcome of await ledger.post(one.code, request)) answered.set(outcome.id, outcome);
        } catch (error) {
          unreachable.push((error as { code?: string }).code ?? String(error));
        }
      }
    };
    const callers = Array.from({ length: 8 }, caller);
    for (let round = 0; round < 12; round++) {
      await sleep(25);
      await db.admin.query(
        `select pg_terminate_backend(pid) from pg_stat_activity
         where datname = current_database() and usename = 'longmen_app' and pid <> pg_backend_pid()`,
      );
    }
    stop = true;
    await Promise.all(callers);
    assert.ok(unreachable.length > 0, 'no caller was hit; the test says nothing');
    assert.deepEqual(new Set(unreachable), new Set(['database_unreachable']));
    assert.ok(answered.size > 0);

    for (let from = 0; from < sent.length; from += 999) {
      for (const outcome of await ledger.post(one.code, sent.slice(from, from + 999))) {
        assert.equal(outcome.code, 'accepted');
        const before = answered.get(outcome.id);
        if (before !== undefined) assert.deepEqual(outcome, { ...before, repeated: true });
      }
    }
    const { counters } = await one.account(bob);
    assert.deepEqual(
      [counters.creditsPosted, counters.debitsPosted],
      [BigInt(sent.length / 3) * 2n, BigInt(sent.length / 3)],
    );
    await soundBooks(one.code);
  });

  test('while it is away everybody is told at once, and the first request after it is served', async () => {
    const one = await book();
    const input = transfer(one.ids[0], one.ids[1], 1n);
    const gone = await db.reopen();
    const closed = await another(gone);
    await closed.post(one.code, [transfer(one.ids[0], one.ids[1], 1n)]);
    await gone.close();
    const results = await Promise.allSettled([1, 2, 3].map(() => closed.post(one.code, [input])));
    for (const result of results) {
      assert.equal(result.status === 'rejected' && (result.reason as { code?: string }).code, 'database_unreachable');
    }
    await assert.rejects(readTransfer(db, one.bookId, input.id), { code: 'transfer_not_found' });
    assert.deepEqual(codes(await ledger.post(one.code, [input])), ['accepted']);
  });
});

suite('expiry', () => {
  test('releases what is due, once, also when two servers look at the same moment', async () => {
    const one = await book({ limits: { minimum: 0n } }, {});
    const [ann, bob] = one.ids;
    const other = await another();
    await ledger.post(one.code, [transfer(bob, ann, 100n)]);
    const now = clock.now();
    const until = (minutes: number) => now.add({ minutes }).toString();
    const soon = Array.from({ length: 30 }, () => transfer(ann, bob, 2n, { kind: 'pending', expiresAt: until(10) }));
    const later = transfer(ann, bob, 40n, { kind: 'pending', expiresAt: until(20) });
    await ledger.post(one.code, [...soon, later]);
    assert.equal(await ledger.expireDue(one.code), 0);
    clock.advance({ minutes: 10 });
    const late = await ledger.post(one.code, [about('post', soon[0]?.id ?? ''), transfer(ann, bob, 1n)]);
    assert.deepEqual(codes(late), ['pending_expired', 'exceeds_available']);
    const expired = await Promise.all([ledger, other, ledger, other].map((on) => on.expireDue(one.code)));
    assert.equal(
      expired.reduce((sum, count) => sum + count, 0),
      30,
    );
    assert.equal(await other.expireDue(one.code), 0);
    assert.equal((await one.account(ann)).counters.debitsPending, 40n);
    assert.deepEqual((await readTransfer(db, one.bookId, soon[0]?.id ?? '')).pending, {
      remaining: 0n,
      ended: 'expired',
    });
    assert.deepEqual(codes(await other.post(one.code, [about('post', later.id), transfer(ann, bob, 60n)])), [
      'accepted',
      'accepted',
    ]);
    clock.advance({ minutes: 10 });
    assert.equal(await ledger.expireDue(one.code), 0);
    const kinds = (await listTransfers(db, one.bookId, { limit: 100 })).filter(({ kind }) => kind === 'expire');
    assert.equal(kinds.length, 30);
    await soundBooks(one.code);
  });

  test('an expiry and a posting of the same hold race, and one of them wins', async () => {
    const one = await book();
    const other = await another();
    for (let round = 0; round < 5; round++) {
      const hold = transfer(one.ids[0], one.ids[1], 2n, {
        kind: 'pending',
        expiresAt: clock.now().add({ seconds: 1 }).toString(),
      });
      await ledger.post(one.code, [hold]);
      const posting = other.post(one.code, [about('post', hold.id)]);
      if (round % 2 === 0) await sleep(round);
      clock.advance({ seconds: 1 });
      const [posted, expired] = await Promise.all([posting, ledger.expireDue(one.code)]);
      assert.equal(posted[0]?.code === 'accepted' ? 1 : 0, 1 - expired);
    }
    await soundBooks(one.code);
  });
});
