/** The pure rules: who gets which book, and that every way through a transfer ends well. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { OutcomeCode } from '#engines/ledger';
import { chooseBook, judge, next, type OpenState, openStates, type Step, steps, type TransferState } from './model.ts';

const books = (count: number) => Array.from({ length: count }, (_, index) => ({ code: `book-${index}` }));

test('a further book takes its share of customers and moves nobody between the others', () => {
  fc.assert(
    fc.property(fc.string({ minLength: 1, maxLength: 20 }), fc.integer({ min: 1, max: 20 }), (customer, count) => {
      const before = chooseBook(customer, books(count))?.code;
      const after = chooseBook(customer, books(count + 1).toReversed())?.code;
      assert.ok(after === before || after === `book-${count}`);
    }),
  );
  assert.equal(chooseBook('anybody', []), undefined);
});

test('customers spread evenly', () => {
  const shares = new Map<string, number>();
  for (let customer = 0; customer < 8_000; customer++) {
    const { code } = chooseBook(`C${customer}`, books(8)) ?? { code: '' };
    shares.set(code, (shares.get(code) ?? 0) + 1);
  }
  assert.equal(shares.size, 8);
  for (const [code, share] of shares) assert.ok(share > 850 && share < 1_150, `${code}: ${share}`);
});

const nextCases: [state: OpenState, code: OutcomeCode, state_after: TransferState, again: boolean, reason: boolean][] =
  [
    ['registered', 'accepted', 'debit_held', false, false],
    ['registered', 'exceeds_available', 'refused', false, true],
    ['registered', 'pending_already_posted', 'refused', false, true],
    ['debit_held', 'accepted', 'both_held', false, false],
    ['debit_held', 'credit_account_frozen', 'releasing_debit', false, true],
    ['both_held', 'accepted', 'debit_posted', false, false],
    ['both_held', 'pending_already_posted', 'debit_posted', false, false],
    ['both_held', 'debit_account_frozen', 'releasing_both', false, true],
    ['both_held', 'pending_already_voided', 'releasing_both', false, true],
    ['debit_posted', 'accepted', 'accepted', false, false],
    ['debit_posted', 'credit_account_frozen', 'reversing', false, true],
    ['releasing_both', 'accepted', 'releasing_debit', false, false],
    ['releasing_both', 'pending_already_voided', 'releasing_debit', false, false],
    ['releasing_both', 'period_closed' as OutcomeCode, 'releasing_both', true, false],
    ['releasing_debit', 'accepted', 'refused', false, false],
    ['releasing_debit', 'pending_expired', 'refused', false, false],
    ['reversing', 'accepted', 'releasing_credit', false, false],
    ['reversing', 'already_reversed', 'releasing_credit', false, false],
    ['reversing', 'credit_account_frozen', 'debit_posted', true, false],
    ['releasing_credit', 'accepted', 'refused', false, false],
  ];

test('what follows from an answer', () => {
  for (const [state, code, after, again, reason] of nextCases) {
    assert.deepEqual(next(state, code), { state: after, again, reason }, `${state}, ${code}`);
  }
  assert.deepEqual([...new Set(nextCases.map(([state]) => state))], [...openStates]);
});

test('whatever the ledger answers, both halves end posted or neither, and each step finds what it needs', () => {
  fc.assert(
    fc.property(fc.array(fc.boolean(), { maxLength: 40 }), (answers) => {
      const halves = { debit: 'nothing', credit: 'nothing' };
      const needs = { pending: 'nothing', post: 'held', void: 'held', reverse: 'posted' };
      const makes = { pending: 'held', post: 'posted', void: 'nothing', reverse: 'nothing' };
      let state: TransferState = 'registered';
      // Whoever stops refusing lets everything end.
      for (const accepted of [...answers, ...new Array<boolean>(8).fill(true)]) {
        if (state === 'accepted' || state === 'refused') break;
        const { half, kind }: Step = steps[state];
        assert.equal(halves[half], needs[kind], state);
        if (accepted) halves[half] = makes[kind];
        state = next(state, accepted ? 'accepted' : 'debit_account_frozen').state;
      }
      assert.ok(state === 'accepted' || state === 'refused', state);
      const end = state === 'accepted' ? 'posted' : 'nothing';
      assert.deepEqual(halves, { debit: end, credit: end });
    }),
  );
});

const ann = '00000000-0000-7000-8000-000000000001';
const bob = '00000000-0000-7000-8000-000000000002';
const judgeCases: [field: string, value: unknown, code: OutcomeCode | bigint][] = [
  ['amount', '12.30', 1230n],
  ['amount', 7n, 7n],
  ['id', ann.toUpperCase().replace('0001', 'ABCD'), 100n],
  ['id', 'no uuid', 'fields_invalid'],
  ['debitAccountId', 'no uuid', 'fields_invalid'],
  ['amount', undefined, 'fields_invalid'],
  ['currency', undefined, 'fields_invalid'],
  ['type', 'x'.repeat(65), 'fields_invalid'],
  ['description', 'nul \u0000', 'fields_invalid'],
  ['reference', '\ud800', 'fields_invalid'],
  ['currency', 'XXX1', 'currency_unknown'],
  ['amount', 'twelve', 'amount_malformed'],
  ['amount', '1.234', 'amount_too_many_decimals'],
  ['amount', 2n ** 63n, 'amount_too_large'],
  ['amount', '0.00', 'amount_zero'],
  ['amount', -1n, 'amount_negative'],
  ['effectiveDate', '2026-02-29', 'date_invalid'],
  ['creditAccountId', ann, 'accounts_same'],
];

test('fields are judged with the codes of the ledger', () => {
  const good = { id: bob, debitAccountId: ann, creditAccountId: bob, amount: '1.00', currency: 'CNY' };
  for (const [field, value, expected] of judgeCases) {
    const judged = judge({ ...good, [field]: value });
    assert.equal(typeof judged === 'string' ? judged : judged.amount, expected, `${field}: ${String(value)}`);
  }
});
