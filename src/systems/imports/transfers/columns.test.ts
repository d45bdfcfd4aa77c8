import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { DamagedRecord, transferOf } from './columns.ts';

const a = '0190a0a0-0000-7000-8000-00000000000a';
const b = '0190a0a0-0000-7000-8000-00000000000b';
const c = '0190a0a0-0000-7000-8000-00000000000c';
const move = { debit_account_id: a, credit_account_id: b, amount: '12.30', currency: 'CNY' };
const ids = { book: 'main', fingerprint: 'f'.repeat(64) };

function read(values: Record<string, string>, line = 2) {
  return transferOf({ line, values: new Map(Object.entries(values)) }, ids);
}

describe('a record of a file of transfers', () => {
  it('becomes a transfer, every column in its field', () => {
    const transfer = read({
      ...move,
      id: c.toUpperCase(),
      kind: 'pending',
      effective_date: '2026-03-02',
      expires_at: '2026-04-01T00:00:00Z',
      type: 'hold',
      description: 'Hotel',
      reference: 'R-1',
      linked: 'true',
    });
    assert.deepEqual(JSON.parse(JSON.stringify(transfer)), {
      id: c,
      kind: 'pending',
      debitAccountId: a,
      creditAccountId: b,
      amount: '12.30',
      currency: 'CNY',
      effectiveDate: '2026-03-02',
      expiresAt: '2026-04-01T00:00:00Z',
      linked: true,
      type: 'hold',
      description: 'Hotel',
      reference: 'R-1',
    });
  });

  it('without an id gets one from book, file and line', () => {
    assert.equal(read(move).id, read(move).id);
    assert.notEqual(read(move, 2).id, read(move, 3).id);
    assert.notEqual(
      read(move).id,
      transferOf({ line: 2, values: new Map(Object.entries(move)) }, { ...ids, book: 'b' }).id,
    );
  });

  const cases: [name: string, values: Record<string, string>, reason: RegExp | null][] = [
    ['a transfer', move, null],
    ['an amount without decimals', { ...move, amount: '12' }, null],
    ['a posting of all', { kind: 'post', pending_id: c }, null],
    ['a posting in part', { kind: 'post', pending_id: c, amount: '1', currency: 'CNY', keep_remainder: 'true' }, null],
    ['a voiding', { kind: 'void', pending_id: c }, null],
    ['a reversal', { kind: 'reverse', reversed_id: c, effective_date: '2026-03-02' }, null],
    ['both accounts the same: for the ledger to say', { ...move, credit_account_id: a }, null],
    ['an unknown kind', { ...move, kind: 'expire' }, /kind: "expire" is not one of transfer, pending/],
    ['a kind by another name', { ...move, kind: 'constructor' }, /kind/],
    ['no debit account', { credit_account_id: b, amount: '1', currency: 'CNY' }, /debit_account_id: is missing/],
    ['no amount', { debit_account_id: a, credit_account_id: b, currency: 'CNY' }, /amount: is missing/],
    ['no currency', { debit_account_id: a, credit_account_id: b, amount: '1' }, /currency: is missing/],
    ['an amount without currency', { kind: 'post', pending_id: c, amount: '1' }, /currency: is missing beside/],
    ['an id that is none', { ...move, id: '17' }, /id: "17" is not a UUID/],
    ['an account id that is none', { ...move, debit_account_id: 'x' }, /debit_account_id: "x" is not a UUID/],
    ['an amount that is no number', { ...move, amount: '1,5' }, /amount: "1,5" is refused \(amount_malformed\)/],
    ['too many decimals', { ...move, amount: '1.005' }, /amount_too_many_decimals/],
    ['decimals a currency does not have', { ...move, amount: '1.0', currency: 'JPY' }, /amount_too_many_decimals/],
    ['an amount too large', { ...move, amount: '92233720368547758.08' }, /amount_too_large/],
    ['an amount of zero', { ...move, amount: '0.00' }, /amount_zero/],
    ['a negative amount', { ...move, amount: '-1' }, /amount_negative/],
    ['an unknown currency', { ...move, currency: 'XYZ' }, /currency_unknown/],
    ['an impossible date', { ...move, effective_date: '2026-02-29' }, /effective_date: "2026-02-29" is not a date/],
    ['a reversal without a date', { kind: 'reverse', reversed_id: c }, /effective_date: is missing/],
    [
      'a reversal with an amount',
      { kind: 'reverse', reversed_id: c, effective_date: '2026-03-02', amount: '1' },
      /amount: does not belong/,
    ],
    [
      'an expiry of a transfer',
      { ...move, expires_at: '2026-04-01T00:00:00Z' },
      /expires_at: does not belong to the kind transfer/,
    ],
    [
      'an expiry that is no instant',
      { ...move, kind: 'pending', expires_at: 'soon' },
      /expires_at: "soon" is not an instant/,
    ],
    ['linked neither way', { ...move, linked: 'yes' }, /linked: "yes" is neither true nor false/],
    ['a type too long', { ...move, type: 'x'.repeat(65) }, /type: is longer than 64/],
    ['a description too long', { ...move, description: 'x'.repeat(501) }, /description: is longer than 500/],
    ['a reference too long', { ...move, reference: 'x'.repeat(129) }, /reference: is longer than 128/],
    ['a zero character', { ...move, reference: 'a\u0000' }, /zero character/],
  ];
  for (const [name, values, reason] of cases) {
    it(`${reason === null ? 'may hold' : 'must not hold'} ${name}`, () => {
      if (reason === null) read(values);
      else
        assert.throws(
          () => read(values),
          (error: unknown) => error instanceof DamagedRecord && reason.test(error.message),
        );
    });
  }
});
