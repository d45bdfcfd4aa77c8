/** The numbered invariants of README.md, on random histories in a real database. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import fc from 'fast-check';
import { readEvents } from '#kernel/events';
import { codes, everything, type TestBook, testLedger } from '#test/ledger';
import { accounts, type Entry, entriesOf, submit, sumOf as sum, units } from '#test/ledger-history';
import { establish, regimes } from '#test/ledger-regime';
import {
  type Account,
  available,
  balance,
  balanceAsOf,
  type Ledger,
  listAccounts,
  listTransfers,
  type Outcome,
  readTransfer,
  type StatementEntry,
  statement,
  type TransferInput,
  trialBalance,
  verify,
} from './index.ts';
import { counterNames, reach, zeroCounters } from './model.ts';

const { db, clock, ledger, book } = await testLedger({ after });
const start = '2026-03-02T01:00:00Z';
/** A counterexample is made smaller for a minute at most: each attempt fills books of its own. */
const effort = { numRuns: 10, interruptAfterTimeLimit: 60_000 };

const wholeBook = { limit: 10_000 };

async function theInvariants(one: TestBook, requests: readonly TransferInput[][], outcomes: readonly Outcome[][]) {
  const { bookId } = one;
  const inputs = new Map(requests.flat().map((input) => [input.id, input]));
  const journal = await listTransfers(db, bookId, wholeBook);
  const entries = entriesOf(journal, inputs);
  const found = await listAccounts(db, bookId, wholeBook);
  const rows = new Map(journal.map((row) => [row.id, row]));

  const told = outcomes.flat().flatMap(({ sequence, id }) => (sequence === null ? [] : [[sequence, id] as const]));
  for (const [sequence, id] of told) assert.equal(rows.get(id)?.sequence, sequence);
  assert.deepEqual(
    journal.map(({ sequence }) => sequence),
    journal.map((_, index) => BigInt(index) + 1n),
    '1',
  );

  for (const account of found) {
    const own = entries.filter(({ accountId }) => accountId === account.id);
    assert.deepEqual(account.counters, sum(own), '2: counters are the sum of the journal');
    assert.ok(counterNames.every((name) => account.counters[name] >= 0n));
    limitsHeld(account, own);
  }
  chainsAreWhole(requests, outcomes);
  for (const pending of journal.filter(({ kind }) => kind === 'pending')) {
    const answered = await readTransfer(db, bookId, pending.id);
    const held = sum(entries.filter((entry) => [entry.transfer.id, entry.transfer.relatedId].includes(pending.id)));
    assert.equal(answered.pending?.remaining, held.debitsPending, '6: what is pending is what was not yet settled');
    assert.equal(answered.pending?.ended === null, held.debitsPending > 0n);
  }
  await bothClocks(bookId, found, entries);
  for (const account of found) await statementsJoin(bookId, account, entries);
  const events = await readEvents(db, bookId, 0n, 10_000);
  let last = 0n;
  for (const { type, payload } of events) {
    if (type !== 'ledger.posted') continue;
    const { first_sequence, last_sequence } = payload as { first_sequence: string; last_sequence: string };
    assert.equal(BigInt(first_sequence), last + 1n, '11: events tell of every row once, in order');
    last = BigInt(last_sequence);
  }
  assert.equal(last, BigInt(journal.length), '11');
  assert.deepEqual((await verify(db, { book: one.code })).findings, [], '12');
}

/** 3: after what decreases an account available is not below its minimum; after what increases it reach is not above its maximum. */
function limitsHeld({ side, limits }: Account, entries: readonly Entry[]): void {
  const now = zeroCounters();
  for (const entry of entries) {
    const before = { available: available(side, now), reach: reach(side, now) };
    for (const name of counterNames) now[name] += entry[name];
    const { kind } = entry.transfer;
    if (kind !== 'transfer' && kind !== 'pending' && kind !== 'reverse') continue;
    if (available(side, now) < before.available && limits.minimum !== null) {
      assert.ok(available(side, now) >= limits.minimum, '3: minimum');
    }
    if (reach(side, now) > before.reach && limits.maximum !== null) {
      assert.ok(reach(side, now) <= limits.maximum, '3: maximum');
    }
  }
}

/** 4: of a chain all are accepted, one behind the other, or none. */
function chainsAreWhole(requests: readonly TransferInput[][], outcomes: readonly Outcome[][]): void {
  for (const [index, request] of requests.entries()) {
    let chain: (bigint | null)[] = [];
    for (const [position, { linked }] of request.entries()) {
      chain.push(outcomes[index]?.[position]?.sequence ?? null);
      if (linked === true) continue;
      const first = chain[0] ?? null;
      assert.deepEqual(
        chain,
        chain.map((_, leg) => (first === null ? null : first + BigInt(leg))),
        '4',
      );
      chain = [];
    }
  }
}

/** 7, 8: balances and trial balances as of any date and instant are what the journal rows up to then add up to. */
async function bothClocks(bookId: number, found: readonly Account[], entries: readonly Entry[]): Promise<void> {
  const instants = [...new Set(entries.map(({ transfer }) => transfer.recordedAt))].sort();
  const last = instants.at(-1);
  const middle = instants[Math.floor(instants.length / 2)];
  for (const recordedAt of new Set([undefined, '2026-03-01T00:00:00Z', instants[0], middle, last])) {
    for (const date of ['2026-02-25', '2026-02-28', '2026-03-02', '2026-03-04', '9999-12-31']) {
      const upTo = entries.filter(
        ({ transfer }) =>
          transfer.effectiveDate <= date && (recordedAt === undefined || transfer.recordedAt <= recordedAt),
      );
      for (const { id } of found) {
        const { counters } = await balanceAsOf(db, bookId, id, date, recordedAt);
        const expected = sum(upTo.filter(({ accountId }) => accountId === id));
        assert.deepEqual(counters, expected, `7: ${id} as of ${date}, ${recordedAt}`);
      }
      const lines = await trialBalance(db, bookId, date, recordedAt);
      for (const { currency, code, counters } of lines) {
        const ids = found
          .filter((account) => account.currency === currency && account.code === code)
          .map(({ id }) => id);
        assert.deepEqual(counters, sum(upTo.filter(({ accountId }) => ids.includes(accountId))), '8');
      }
      assert.deepEqual(sum(lines.map(({ counters }) => counters)), sum(upTo), '8: no line is missing');
      for (const currency of ['CNY', 'JPY']) {
        const total = sum(lines.filter((line) => line.currency === currency).map(({ counters }) => counters));
        assert.equal(total.debitsPosted, total.creditsPosted, '9: posted debits equal credits');
        assert.equal(total.debitsPending, total.creditsPending, '9: pending debits equal credits');
      }
    }
  }
}

/** 10: a statement goes from its opening to its closing balance entry by entry, and its pages join without a gap. */
async function statementsJoin(bookId: number, account: Account, entries: readonly Entry[]): Promise<void> {
  const [from, to] = ['2026-02-27', '2026-03-03'];
  const own = entries.filter(
    ({ accountId, debitsPosted, creditsPosted }) => accountId === account.id && debitsPosted + creditsPosted > 0n,
  );
  const within = own.filter(({ transfer }) => transfer.effectiveDate >= from && transfer.effectiveDate <= to);
  const opening = balance(account.side, sum(own.filter(({ transfer }) => transfer.effectiveDate < from)));
  const whole = await statement(db, bookId, account.id, { from, to, limit: 10_000 });
  assert.equal(whole.opening, opening, '10: opening');
  assert.equal(whole.closing, balance(account.side, sum(own.filter(({ transfer }) => transfer.effectiveDate <= to))));
  assert.equal(whole.entries.length, within.length, '10: every movement of the period');
  let running = opening;
  for (const { transfer, debit, credit, balanceAfter } of whole.entries) {
    const movement = (credit ?? 0n) - (debit ?? 0n);
    running += account.side === 'credit' ? movement : -movement;
    assert.equal(balanceAfter, running, `10: after ${transfer.sequence}`);
  }
  assert.equal(whole.closing, running, '10: closing');
  const pages: StatementEntry[] = [];
  for (let after: typeof whole.next | undefined; after !== null; ) {
    const page = await statement(db, bookId, account.id, { from, to, limit: 2, ...(after && { after }) });
    assert.equal(page.opening, pages.at(-1)?.balanceAfter ?? opening, '10: a page opens where the one before ended');
    pages.push(...page.entries);
    after = page.next;
  }
  assert.deepEqual(pages, whole.entries, '10: pages joined are the whole');
}

type Entrance = (on: Ledger, code: string, request: TransferInput[]) => Promise<Outcome[]>;
const entrances = {
  post: (on, code, request) => on.post(code, request),
  postIn: (on, code, request) => db.transaction((tx) => on.postIn(tx, code, request)),
  postWith: (on, code, request) =>
    on.postWith(code, request, () => ({ statements: [{ sql: 'select $1::int', values: [1] }] })),
} satisfies Record<string, Entrance>;

const steps = fc.noBias(
  fc.array(
    fc.record({
      cut: fc.integer({ min: 1, max: 6 }),
      entrance: fc.constantFrom('post', 'post', 'postIn', 'postWith'),
      wait_h: fc.constantFrom(0, 0, 0, 1, 9),
    }),
    { minLength: 10, maxLength: 20 },
  ),
);

test('1 to 12 hold after a random history, and the same requests again change nothing', async () => {
  await fc.assert(
    fc.asyncProperty(units, steps, regimes, async (drafts, walk, regime) => {
      clock.set(start);
      const one = await book(...accounts);
      await establish(db, ledger, one.code, regime);
      const outcomes: Outcome[][] = [];
      const requests: TransferInput[][] = [];
      const rest = submit(drafts, clock.now());
      for (let step = 0; rest.length > 0; step++) {
        const { cut, entrance, wait_h } = walk[step % walk.length] ?? { cut: 1, entrance: 'post', wait_h: 0 };
        clock.advance({ hours: wait_h });
        if (wait_h > 0) await ledger.expireDue(one.code);
        const request = rest.splice(0, cut).flat();
        requests.push(request);
        outcomes.push(await entrances[entrance as keyof typeof entrances](ledger, one.code, request));
      }
      await theInvariants(one, requests, outcomes);

      const before = await everything(db, one.bookId);
      clock.advance({ hours: 1 });
      for (const [index, request] of requests.entries()) {
        const again = await ledger.post(one.code, request);
        assert.deepEqual(
          again,
          outcomes[index]?.map((outcome) => ({ ...outcome, repeated: true })),
          '5',
        );
      }
      assert.deepEqual(await everything(db, one.bookId), before, '5: nothing changed');
    }),
    effort,
  );
});

test('13: the same transfers give the same books however they are cut into requests, and through every entrance', async () => {
  await fc.assert(
    fc.asyncProperty(
      units,
      fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 1, maxLength: 10 }),
      regimes,
      async (drafts, cuts, regime) => {
        clock.set(start);
        const transfers = submit(drafts, clock.now());
        const cut = (): TransferInput[][] => {
          const rest = [...transfers];
          const requests: TransferInput[][] = [];
          while (rest.length > 0) requests.push(rest.splice(0, cuts[requests.length % cuts.length]).flat());
          return requests;
        };
        const results: unknown[] = [];
        const compare = async (requests: TransferInput[][], submitAll: (code: string) => Promise<Outcome[][]>) => {
          const one = await book(...accounts);
          await establish(db, ledger, one.code, regime);
          const outcomes = (await submitAll(one.code)).flat();
          assert.equal(outcomes.length, requests.flat().length);
          // Each batch has an instant and an event of its own.
          const kept = (await everything(db, one.bookId, ['recorded_at'])) as object;
          results.push({ codes: codes(outcomes), ...kept, events: null });
        };
        const oneByOne = (entrance: Entrance, requests: TransferInput[][]) => async (code: string) => {
          const outcomes = [];
          for (const request of requests) outcomes.push(await entrance(ledger, code, request));
          return outcomes;
        };
        await compare([transfers.flat()], oneByOne(entrances.post, [transfers.flat()]));
        await compare(transfers, oneByOne(entrances.post, transfers));
        await compare(cut(), oneByOne(entrances.postIn, cut()));
        await compare(cut(), oneByOne(entrances.postWith, cut()));
        // At once: they wait for each other in the lane, in the order in which they were given.
        await compare(cut(), (code) => Promise.all(cut().map((request) => ledger.post(code, request))));
        for (const result of results.slice(1)) assert.deepEqual(result, results[0]);
      },
    ),
    effort,
  );
});
