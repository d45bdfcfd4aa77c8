/** What clears what on a suspense account, as a table and as a property; ages at month ends and leap days. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseDate } from '#kernel/dates';
import { ageingRuleFault, ageOf, bucketLabels, clear, defaultAgeingRule, type SuspensePosting } from './model.ts';

/** '+100 a' is a posting of +100 with the reference a; '-100 !1' reverses the first. Ids are their places, from 1. */
function postings(...texts: readonly string[]): SuspensePosting[] {
  return texts.map((text, index) => {
    const [amount = '', word = ''] = text.split(' ');
    return {
      id: `${index + 1}`,
      date: '2026-03-02',
      sequence: BigInt(index + 1),
      signed: BigInt(amount),
      reference: word === '' || word.startsWith('!') ? null : word,
      reverses: word.startsWith('!') ? word.slice(1) : null,
    };
  });
}

const cases: readonly {
  name: string;
  of: readonly string[];
  matches?: readonly [string, string, bigint][];
  open: readonly string[];
  by?: readonly string[];
}[] = [
  { name: 'one posting is one item', of: ['+100'], open: ['1:100'], by: [] },
  { name: 'first in, first out', of: ['+100', '+50', '-120'], open: ['2:30'], by: ['fifo', 'fifo'] },
  { name: 'the same reference goes before the older item', of: ['+100 a', '+50 b', '-50 b'], open: ['1:100'] },
  { name: 'a reference may be the id of the item', of: ['+100', '+50', '-50 2'], open: ['1:100'], by: ['reference'] },
  { name: 'the clearing may come first', of: ['+100', '-30 x', '+30 x'], open: ['1:100'], by: ['reference'] },
  { name: 'what a reference leaves over is first in, first out', of: ['+10', '+50 b', '-55 b'], open: ['1:5'] },
  {
    name: 'a match by hand goes before references',
    of: ['+50 b', '+50', '-50 b'],
    matches: [['2', '3', 50n]],
    open: ['1:50'],
  },
  { name: 'a match in part', of: ['+50', '+50', '-50'], matches: [['2', '3', 20n]], open: ['1:20', '2:30'] },
  { name: 'more than was there goes to the other side', of: ['+50', '-80'], open: ['2:-30'] },
  { name: 'a reversal clears what it reverses', of: ['+10', '+50', '-50 !2'], open: ['1:10'], by: ['reversal'] },
  {
    name: 'the reversal of a clearing opens its item again, with its age',
    of: ['+50', '-50', '+50 !2'],
    matches: [['1', '2', 50n]],
    open: ['1:50'],
    by: ['reversal'],
  },
  { name: 'a match about a posting that does not count yet', of: ['+50'], matches: [['1', '9', 50n]], open: ['1:50'] },
];

for (const { name, of, matches = [], open, by } of cases) {
  test(name, () => {
    const made = matches.map(([itemId, clearingId, amount]) => ({ itemId, clearingId, amount }));
    const result = clear(postings(...of), made);
    assert.deepEqual(
      result.open.map(({ posting, remaining }) => `${posting.id}:${remaining}`),
      open,
    );
    if (by !== undefined)
      assert.deepEqual(
        result.clearings.map((clearing) => clearing.by),
        by,
      );
  });
}

const amount = fc.bigInt({ min: -50n, max: 50n }).filter((value) => value !== 0n);
const word = fc.constantFrom('', ' a', ' b', ' 1', ' 2', ' 5', ' !1', ' !2', ' !3');
const index = fc.integer({ min: 1, max: 12 }).map(String);

test('open items sum to the balance, whatever clears what; no posting is used twice', () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(amount, word), { maxLength: 12 }),
      fc.array(fc.tuple(index, index, fc.bigInt({ min: 1n, max: 60n })), { maxLength: 4 }),
      (texts, hands) => {
        const all = postings(...texts.map(([value, suffix]) => `${value}${suffix}`));
        const matches = hands.map(([itemId, clearingId, most]) => ({ itemId, clearingId, amount: most }));
        const { open, clearings } = clear(all, matches);
        const sum = (values: readonly bigint[]) => values.reduce((total, value) => total + value, 0n);
        assert.equal(sum(open.map(({ remaining }) => remaining)), sum(all.map(({ signed }) => signed)));
        for (const posting of all) {
          const used = sum(
            clearings
              .filter((one) => one.itemId === posting.id || one.clearingId === posting.id)
              .map((one) => one.amount),
          );
          const remaining = open.find((item) => item.posting === posting)?.remaining ?? 0n;
          const whole = posting.signed < 0n ? -posting.signed : posting.signed;
          assert.equal(used + (remaining < 0n ? -remaining : remaining), whole);
        }
        assert.ok(new Set(open.map(({ remaining }) => remaining > 0n)).size <= 1, 'all that is open is on one side');
      },
    ),
    { numRuns: 2_000 },
  );
});

const ages: readonly [from: string, asOf: string, days: number, bucket: string, over: boolean][] = [
  ['2026-03-02', '2026-03-02', 0, '0-7', false],
  ['2026-03-02', '2026-03-09', 7, '0-7', false],
  ['2026-03-02', '2026-03-10', 8, '8-30', false],
  ['2026-02-28', '2026-03-30', 30, '8-30', false],
  ['2028-02-28', '2028-03-30', 31, '31-90', true],
  ['2028-02-29', '2029-02-28', 365, '181-365', true],
  ['2028-02-29', '2029-03-01', 366, 'over 365', true],
  ['2025-12-31', '2026-01-01', 1, '0-7', false],
];

test('ages count days, through leap years and year ends', () => {
  const labels = bucketLabels(defaultAgeingRule.bucketDays);
  for (const [date, asOf, days, bucket, overLimit] of ages) {
    const [posting] = postings('+1');
    assert.ok(posting !== undefined);
    const age = ageOf({ posting: { ...posting, date }, remaining: 1n }, parseDate(asOf), defaultAgeingRule);
    assert.deepEqual([age.days, labels[age.bucket], age.overLimit], [days, bucket, overLimit], `${date} ${asOf}`);
  }
});

test('rules for ageing are checked', () => {
  for (const [bucketDays, limitDays] of [
    [[], 1],
    [[7, 7], 1],
    [[30, 7], 1],
    [[1.5], 1],
    [[7], -1],
  ] as const) {
    assert.notEqual(ageingRuleFault({ bucketDays, limitDays }), null);
  }
  assert.equal(ageingRuleFault(defaultAgeingRule), null);
});
