/** The rules of account trees and alerts, as tables. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  type Condition,
  crosses,
  customerKey,
  holdingOf,
  isBelow,
  matches,
  nodePath,
  stateUnder,
  totalsOf,
} from './model.ts';

test('keys and nodes are names that can stand in a path', () => {
  for (const good of ['C1', 'c-1.2_3', '9', 'x'.repeat(40)]) assert.equal(customerKey(good), good);
  for (const bad of ['', ' ', '-a', 'a/b', '客户', 'a b', 'x'.repeat(41)]) {
    assert.throws(() => customerKey(bad), { code: 'tree_key_invalid' }, bad);
  }
  for (const good of ['fund', 'asset', 'right', 'fund/margin', 'right/a/b-2']) assert.equal(nodePath('C1', good), good);
  for (const bad of ['', 'funds', 'fund/', '/fund', 'fund//a', 'fund/A', 'other', `fund/${'x'.repeat(60)}`]) {
    assert.throws(() => nodePath('C1', bad), { code: 'node_invalid' }, bad);
  }
});

test('a node holds itself and what stands below, not what only begins alike', () => {
  const cases = [
    ['fund', 'fund', true],
    ['fund/margin', 'fund', true],
    ['fund', 'fund/margin', false],
    ['fund/margin2', 'fund/margin', false],
  ] as const;
  for (const [path, above, below] of cases) assert.equal(isBelow(path, above), below, `${path} below ${above}`);
});

test('an account is as frozen as the stronger of its own and its tree’s freeze', () => {
  const cases = [
    ['none', 'none', 'open'],
    ['outgoing', 'none', 'outgoing_frozen'],
    ['none', 'outgoing', 'outgoing_frozen'],
    ['outgoing', 'both', 'frozen'],
    ['both', 'none', 'frozen'],
    ['both', 'outgoing', 'frozen'],
  ] as const;
  for (const [own, tree, state] of cases) assert.equal(stateUnder(own, tree), state, `${own} ${tree}`);
});

test('earmarks are told apart from other holds, on either side', () => {
  const counters = { debitsPending: 30n, creditsPending: 7n, debitsPosted: 100n, creditsPosted: 400n };
  const earmarks = { debitsPending: 0n, creditsPending: 20n, debitsPosted: 0n, creditsPosted: 0n };
  assert.deepEqual(holdingOf('credit', counters, earmarks), {
    balance: 300n,
    available: 270n,
    pendingIn: 7n,
    pendingOut: 10n,
    earmarked: 20n,
  });
  const mirrored = { debitsPending: 7n, creditsPending: 30n, debitsPosted: 400n, creditsPosted: 100n };
  const mirroredEarmarks = { debitsPending: 20n, creditsPending: 0n, debitsPosted: 0n, creditsPosted: 0n };
  assert.deepEqual(holdingOf('debit', mirrored, mirroredEarmarks), holdingOf('credit', counters, earmarks));
  assert.equal(holdingOf('credit', counters, undefined).pendingOut, 30n);
});

test('totals never mix currencies or sides', () => {
  const held = { balance: 5n, available: 4n, pendingIn: 3n, pendingOut: 1n, earmarked: 0n };
  const totals = totalsOf([
    { currency: 'USD', side: 'credit', ...held },
    { currency: 'CNY', side: 'debit', ...held },
    { currency: 'CNY', side: 'credit', ...held },
    { currency: 'CNY', side: 'credit', ...held },
  ]);
  assert.deepEqual(
    totals.map((one) => `${one.currency} ${one.side} ${one.accounts} ${one.balance} ${one.available}`),
    ['CNY credit 2 10 8', 'CNY debit 1 5 4', 'USD credit 1 5 4'],
  );
});

const nothing: Condition = {
  direction: 'any',
  type: null,
  currency: null,
  atLeast: null,
  balanceBelow: null,
  balanceAbove: null,
};

test('a rule asks for direction, type, currency and amount', () => {
  const movement = { direction: 'out', type: 'salary', currency: 'CNY', amount: 100n } as const;
  const cases: [Partial<Condition>, boolean][] = [
    [{}, true],
    [{ direction: 'out' }, true],
    [{ direction: 'in' }, false],
    [{ type: 'salary' }, true],
    [{ type: 'fee' }, false],
    [{ currency: 'USD' }, false],
    [{ currency: 'CNY', atLeast: 100n }, true],
    [{ currency: 'CNY', atLeast: 101n }, false],
  ];
  for (const [asked, fits] of cases)
    assert.equal(matches({ ...nothing, ...asked }, movement), fits, JSON.stringify(asked.type));
});

test('a threshold is crossed once, not touched', () => {
  const cases: [Partial<Condition>, 'in' | 'out', bigint, bigint, boolean][] = [
    [{ balanceBelow: 100n }, 'out', 10n, 99n, true],
    [{ balanceBelow: 100n }, 'out', 10n, 100n, false],
    [{ balanceBelow: 100n }, 'out', 10n, 80n, false],
    [{ balanceBelow: 100n }, 'in', 10n, 90n, false],
    [{ balanceBelow: -50n }, 'out', 60n, -60n, true],
    [{ balanceAbove: 100n }, 'in', 10n, 101n, true],
    [{ balanceAbove: 100n }, 'in', 10n, 100n, false],
    [{ balanceAbove: 100n }, 'in', 10n, 120n, false],
    [{ balanceAbove: 100n, balanceBelow: 10n }, 'out', 95n, 5n, true],
  ];
  for (const [asked, direction, amount, after, raised] of cases) {
    const movement = { direction, type: null, currency: 'CNY', amount } as const;
    assert.equal(crosses({ ...nothing, ...asked }, movement, after), raised, `${direction} ${amount} to ${after}`);
  }
});
