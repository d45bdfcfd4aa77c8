/** The measuring tools themselves: a wrong ruler makes every number wrong. */
import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import { test } from 'node:test';
import { chooser, distributions, seededRandom } from './choose.ts';
import { AnswerReader, HttpConnection } from './connection.ts';
import { decided, transferJson } from './requests.ts';
import { best, percentile, ratios } from './results.ts';
import { Window } from './window.ts';

test('a window counts what was answered between its first and last answer', () => {
  let nowMs = 0;
  const window = new Window({ warmupMs: 100, windowMs: 1000, leastAnswers: 3, now: () => nowMs });
  const answeredAt = (atMs: number, count: number) => {
    nowMs = atMs;
    window.answered(count);
  };
  answeredAt(40, 1000);
  answeredAt(90, 10);
  answeredAt(500, 10);
  answeredAt(1090, 10);
  assert.equal(window.perSecond(), 20);
  // Two answers are not enough: the window stays open for a third, however late.
  answeredAt(1590, 10);
  assert.equal(window.perSecond(), 20);
  assert.equal(window.closed, false);
  answeredAt(1600, 1000);
  assert.equal(window.closed, true);
  answeredAt(1700, 1000);
  assert.equal(window.perSecond(), 20);
});

test('a window without a warm-up opens at the start; without an answer it has no rate', () => {
  let nowMs = 0;
  const window = new Window({ warmupMs: 0, windowMs: 100, leastAnswers: 1, now: () => nowMs });
  assert.throws(() => window.perSecond(), /nothing was answered/);
  nowMs = 50;
  window.answered(5);
  assert.equal(window.perSecond(), 100);
});

test('distributions: two accounts that differ, in range, as often as they should', () => {
  const accounts = 1000;
  const draws = 200_000;
  for (const distribution of distributions) {
    const choose = chooser(distribution, accounts, seededRandom(7));
    const debits = new Array<number>(accounts).fill(0);
    const credits = new Array<number>(accounts).fill(0);
    for (let draw = 0; draw < draws; draw++) {
      const [debit, credit] = choose();
      assert.notEqual(debit, credit);
      debits[debit] = (debits[debit] ?? Number.NaN) + 1;
      credits[credit] = (credits[credit] ?? Number.NaN) + 1;
    }
    const shares = debits.map((count) => count / draws).sort((a, b) => b - a);
    const near = (actual: number | undefined, expected: number, what: string) =>
      assert.ok(
        Math.abs((actual ?? Number.NaN) - expected) < expected / 5,
        `${distribution}, ${what}: ${actual}, not ${expected}`,
      );
    if (distribution === 'uniform') {
      // 200 times each, with a standard deviation of 14.
      assert.ok([...debits, ...credits].every((count) => count > 120 && count < 280));
    } else if (distribution === 'zipf') {
      const harmonic = Array.from({ length: accounts }, (_, index) => 1 / (index + 1)).reduce((a, b) => a + b);
      near(shares[0], 1 / harmonic, 'rank 1');
      near(shares[1], 1 / harmonic / 2, 'rank 2');
      near(shares[99], 1 / harmonic / 100, 'rank 100');
    } else {
      assert.equal((debits[0] ?? 0) + (credits[0] ?? 0), draws);
      near((debits[0] ?? 0) / draws, 0.5, 'the hot account as debit');
    }
  }
});

test('the same seed makes the same load, another one another', () => {
  const draw = (seed: number) => Array.from({ length: 5 }, chooser('zipf', 100_000, seededRandom(seed)));
  assert.deepEqual(draw(1), draw(1));
  assert.notDeepEqual(draw(1), draw(2));
});

const answerOf = (body: string, status = 200) =>
  Buffer.from(
    `HTTP/1.1 ${status} Fine\r\nContent-Type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
  );

test('answers are put together from pieces cut anywhere', () => {
  const whole = answerOf('{"results":[]}');
  for (let cut = 1; cut < whole.length; cut++) {
    const reader = new AnswerReader();
    assert.equal(reader.take(whole.subarray(0, cut)), undefined);
    const answer = reader.take(whole.subarray(cut));
    assert.deepEqual([answer?.status, answer?.body.toString()], [200, '{"results":[]}']);
    assert.equal(reader.take(answerOf('second', 422))?.status, 422);
  }
});

test('answers of unknown length, and more than was asked for, are faults', () => {
  const chunked = Buffer.from('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n');
  assert.throws(() => new AnswerReader().take(chunked), /not understood/);
  assert.throws(() => new AnswerReader().take(Buffer.concat([answerOf('a'), answerOf('b')])), /more came/);
});

test('a connection gives each request its answer, and fails the one in flight when the server goes', async (t) => {
  const server = createServer((socket) => {
    socket.on('data', (bytes) => (bytes.toString() === 'end' ? socket.end() : socket.write(answerOf(`${bytes}`))));
  });
  t.after(() => server.close());
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const address = server.address();
  assert.ok(address !== null && typeof address === 'object');
  const connection = await HttpConnection.open('127.0.0.1', address.port);
  assert.equal((await connection.exchange(Buffer.from('one'))).body.toString(), 'one');
  assert.equal((await connection.exchange(Buffer.from('two'))).body.toString(), 'two');
  const unanswered = connection.exchange(Buffer.from('end'));
  await assert.rejects(connection.exchange(Buffer.from('three')), /still awaited/);
  await assert.rejects(unanswered, /closed/);
  await assert.rejects(connection.exchange(Buffer.from('four')), /closed/);
});

test('every transfer must have been decided', () => {
  const accepted = { id: 'a', status: 'accepted', code: 'ok', repeated: false };
  const refused = { id: 'b', status: 'refused', code: 'exceeds_available', repeated: false };
  const answer = (status: number, results: object[], more: object = {}) => ({
    status,
    body: Buffer.from(JSON.stringify({ ...more, results })),
  });
  assert.deepEqual(decided(answer(200, [accepted, accepted]), 2), { accepted: 2, refused: 0 });
  assert.deepEqual(decided(answer(200, [accepted, refused]), 2), { accepted: 1, refused: 1 });
  assert.deepEqual(decided(answer(422, [refused], { status: 422 }), 1), { accepted: 0, refused: 1 });
  assert.throws(() => decided(answer(200, [accepted]), 2), /2 transfers were answered with 200/);
  assert.throws(() => decided(answer(200, [{ ...accepted, repeated: true }]), 1), /answered with 200/);
  assert.throws(() => decided(answer(503, [accepted]), 1), /answered with 503/);
});

test('a transfer in JSON', () => {
  const text = { id: 'i', debit: 'd', credit: 'c', amount: '1.00', effectiveDate: '2025-01-02' };
  assert.deepEqual(JSON.parse(transferJson(text)), {
    id: 'i',
    debit_account_id: 'd',
    credit_account_id: 'c',
    amount: '1.00',
    currency: 'CNY',
    effective_date: '2025-01-02',
  });
});

test('results: the best round, and the ratios', () => {
  const rates = best(
    new Map([
      ['baseline_1', [100, 200]],
      ['baseline_4', [400, 300]],
      ['batch_1000_full', [1000, 3000]],
      ...['single_1', 'batch_1000'].flatMap((name): [string, number[]][] => [
        [`${name}_uniform`, [4000, 2000]],
        [`${name}_zipf`, [3000]],
        [`${name}_hot`, [1000, name === 'single_1' ? 5000 : 3800]],
      ]),
    ]),
  );
  const results = ratios(rates, [{ name: 'single_1' }, { name: 'batch_1000' }]);
  const found = (name: string) => results.find((result) => result.name === name);
  assert.equal(found('baseline_best')?.value, 400);
  assert.deepEqual(found('single_1_zipf'), {
    name: 'single_1_zipf',
    value: 3000,
    unit: 'transfers/s',
    baseline: 'baseline_best',
    ratio: 7.5,
  });
  assert.equal(found('batch_1000_full')?.ratio, 0.75);
  assert.equal(found('batch_1000_over_baseline')?.value, 10);
  assert.equal(found('hot_over_uniform_min')?.value, 0.95);
  assert.equal(found('hot_over_uniform_min')?.baseline, 'batch_1000_uniform');
  assert.throws(() => ratios(rates, [{ name: 'batch_100' }]), /batch_100_hot was not measured|batch_100_uniform/);
});

test('percentiles are values that were measured', () => {
  const values = Array.from({ length: 300 }, (_, index) => 300 - index);
  assert.deepEqual([percentile(values, 50), percentile(values, 99), percentile([7], 50)], [150, 297, 7]);
  assert.throws(() => percentile([], 50));
});
