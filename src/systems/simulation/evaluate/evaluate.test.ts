/** Judging alerts by the truth: a small truth worked out by hand. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { ksDistance, overMedian, quantile } from '../fit/statistics.ts';
import { type Alert, evaluate, type Truth } from './evaluate.ts';
import { evaluateFiles } from './files.ts';

const HOUR = 3_600_000;
const transaction = (
  transferId: string,
  patternId: string,
  debitAccountId: string,
  creditAccountId: string,
  yuan: bigint,
  hours: number,
) => ({
  transferId,
  patternId,
  debitAccountId,
  creditAccountId,
  amountMinor: yuan * 100n,
  occurredAt: hours * HOUR,
});

/** Two guilty patterns, fan-in F and cycle C, and a look-alike L. */
const truth: Truth = {
  patterns: [
    { patternId: 'F', typology: 'fan_in', isGuilty: true },
    { patternId: 'C', typology: 'cycle', isGuilty: true },
    { patternId: 'L', typology: 'group_buying', isGuilty: false },
  ],
  accounts: [
    { patternId: 'F', accountId: 'hub', role: 'hub' },
    { patternId: 'F', accountId: 'player', role: 'bystander' },
    { patternId: 'C', accountId: 'ring1', role: 'member' },
    { patternId: 'C', accountId: 'ring2', role: 'member' },
    { patternId: 'L', accountId: 'shop', role: 'hub' },
    { patternId: 'L', accountId: 'hub', role: 'member' },
  ],
  transactions: [
    transaction('f1', 'F', 'player', 'hub', 100n, 10),
    transaction('f2', 'F', 'hub', 'away', 300n, 12),
    transaction('c1', 'C', 'ring1', 'ring2', 50n, 20),
    transaction('c2', 'C', 'ring2', 'ring1', 49n, 30),
    transaction('l1', 'L', 'hub', 'shop', 70n, 11),
  ],
};

const cases: readonly {
  what: string;
  alerts: Alert[];
  hits: number;
  patterns: number;
  transactions: number;
  yuan: bigint;
  hours: number | null;
  innocents: [onLookAlikes: number, hit: number, onOthers: number];
}[] = [
  { what: 'no alerts', alerts: [], hits: 0, patterns: 0, transactions: 0, yuan: 0n, hours: null, innocents: [0, 0, 0] },
  {
    what: 'a transfer of a pattern finds the pattern, and itself only',
    alerts: [{ transferId: 'f2', score: 1, raisedAt: 13 * HOUR }],
    ...{ hits: 1, patterns: 1, transactions: 1, yuan: 300n, hours: 3, innocents: [0, 0, 0] },
  },
  {
    what: 'a member finds what the pattern moved through it',
    alerts: [{ accountId: 'hub', score: 1 }],
    ...{ hits: 1, patterns: 1, transactions: 2, yuan: 400n, hours: null, innocents: [0, 1, 0] },
  },
  {
    what: 'a bystander and a look-alike are innocent, others are nobody',
    alerts: ['player', 'shop', 'someone'].map((accountId) => ({ accountId, score: 1 })),
    ...{ hits: 0, patterns: 0, transactions: 0, yuan: 0n, hours: null, innocents: [2, 1, 1] },
  },
  {
    what: 'time runs from the first transaction to the first alert, never below zero',
    alerts: [
      { transferId: 'c2', score: 1, raisedAt: 26 * HOUR },
      { accountId: 'ring1', score: 1, raisedAt: 24 * HOUR },
      { transferId: 'f1', score: 2, raisedAt: 9 * HOUR },
    ],
    ...{ hits: 3, patterns: 2, transactions: 3, yuan: 199n, hours: 2, innocents: [0, 0, 0] },
  },
  {
    what: 'the transfer decides where an alert names both',
    alerts: [{ transferId: 'l1', accountId: 'hub', score: 1 }],
    ...{ hits: 0, patterns: 0, transactions: 0, yuan: 0n, hours: null, innocents: [1, 1, 0] },
  },
];

suite('alerts', () => {
  for (const { what, alerts, hits, patterns, transactions, yuan, hours, innocents } of cases) {
    test(what, () => {
      const result = evaluate(truth, alerts);
      assert.equal(result.hits, hits);
      assert.equal(result.total.patterns, 2);
      assert.equal(result.total.transactions, 4);
      assert.equal(result.total.amount_minor, 49_900n);
      assert.deepEqual(
        [
          result.total.patterns_found,
          result.total.transactions_found,
          result.total.amount_found_minor,
          result.total.hours_to_detection,
        ],
        [patterns, transactions, yuan * 100n, hours],
      );
      const { alerts_on_look_alikes, look_alikes_hit, alerts_on_others, look_alikes } = result.innocents;
      assert.deepEqual([alerts_on_look_alikes, look_alikes_hit, alerts_on_others], innocents);
      assert.equal(look_alikes, 1);
      assert.deepEqual(
        result.typologies.map(({ typology }) => typology),
        ['cycle', 'fan_in'],
      );
    });
  }

  test('precision is that of the best k by score', () => {
    const good = Array.from({ length: 6 }, (_, index) => ({ transferId: 'f1', score: 100 - index }));
    const bad = Array.from({ length: 14 }, (_, index) => ({ transferId: 'none', score: 90 - index }));
    assert.deepEqual(evaluate(truth, [...bad, ...good]).precision_at, [
      { k: 10, precision: 0.6 },
      { k: 20, precision: 0.3 },
    ]);
  });
});

test('a damaged file of alerts is refused with its line', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'longmen-evaluate-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const file = (name: string, text: string) => {
    writeFileSync(join(folder, name), text);
    return join(folder, name);
  };
  const id = '0190a0a0-0000-7000-8000-0000000000c1';
  for (const [text, message] of [
    ['score\n1\n', /line 2: names neither/],
    [`transfer_id\n${id}\nx\n`, /line 3: "x" is not a UUID/],
    [`transfer_id,score\n${id},high\n`, /line 2: score/],
    [`transfer_id,raised_at\n${id},yesterday\n`, /line 2: "yesterday" is not an instant/],
    [`transfer_id,score\n${id}\n`, /alerts.csv: /],
  ] as const) {
    await assert.rejects(evaluateFiles(file('alerts.csv', text), folder), { code: 'simulation_row_invalid', message });
  }
  await assert.rejects(evaluateFiles(join(folder, 'absent.csv'), folder), { code: 'simulation_file_missing' });
  await assert.rejects(evaluateFiles(file('alerts.csv', `account_id\n${id}\n`), folder), {
    code: 'simulation_file_missing',
  });
});

test('the distance of Kolmogorov and Smirnov, by hand', () => {
  const of = (...values: number[]) => Float64Array.from(values);
  assert.equal(ksDistance(of(1, 2, 3, 4), of(1, 2, 3, 4)), 0);
  assert.equal(ksDistance(of(1, 2), of(3, 4)), 1);
  assert.equal(ksDistance(of(1, 2, 3, 4), of(3, 4, 5, 6)), 0.5);
  assert.equal(ksDistance(of(1, 1, 1, 2), of(1, 2, 2, 2)), 0.5);
  assert.deepEqual(overMedian(of(4, 2, 8)), of(0.5, 1, 2));
  assert.equal(quantile(of(1, 2, 3, 4), 0.5), 3);
});
