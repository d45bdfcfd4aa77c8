/** Who may act on an account: one line per case. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type AccountRight, type Act, mayActOn, type RightKind } from './model.ts';

const at = '2025-01-02T03:04:05.000000Z';

/** 'A joint_all 100/500 from..until': limits in minor units, '-' for none. */
function rightOf(text: string): AccountRight {
  const [partyId = '', kind = '', limits = '-/-', term = '2020..'] = text.split(' ');
  const [transaction = '-', day = '-'] = limits.split('/');
  const [from = '', until = ''] = term.split('..');
  const instant = (year: string) => `${year}-01-02T03:04:05.000000Z`;
  return {
    id: text,
    partyId,
    book: 'main',
    accountId: 'account',
    kind: kind as RightKind,
    currency: 'CNY',
    perTransactionMinor: transaction === '-' ? null : BigInt(transaction),
    perDayMinor: day === '-' ? null : BigInt(day),
    validFrom: instant(from),
    validUntil: until === '' ? null : instant(until),
  };
}

const act: Act = { partyId: 'A', together: [], currency: 'CNY', amountMinor: 100n, at };

/** rights, what differs in the act, expected: the kind or the code (and who is missing), used today by the first right. */
const cases: readonly (readonly [rights: string[], act: Partial<Act>, expected: string, usedMinor?: bigint])[] = [
  [[], {}, 'right_missing'],
  [['B owner'], {}, 'right_missing'],
  [['A owner'], {}, 'owner'],
  [['A authorised -/- 2026..'], {}, 'right_not_yet_valid'],
  [['A authorised -/- 2020..2024'], {}, 'right_expired'],
  // The first instant is in, the last is out.
  [['A authorised -/- 2025..'], {}, 'authorised'],
  [['A authorised -/- 2020..2025'], {}, 'right_expired'],
  [['A authorised'], { currency: 'USD' }, 'right_currency_different'],
  [['A authorised 100/-'], {}, 'authorised'],
  [['A authorised 99/-'], {}, 'right_above_transaction_limit'],
  [['A authorised 0/-'], { amountMinor: 1n }, 'right_above_transaction_limit'],
  [['A authorised -/500'], {}, 'authorised', 400n],
  [['A authorised -/500'], {}, 'right_above_day_limit', 401n],
  // Any right that suffices is enough; without one the furthest refusal is told.
  [['A authorised 99/-', 'A owner'], {}, 'owner'],
  [['A authorised -/- 2020..2024', 'A authorised 99/-'], {}, 'right_above_transaction_limit'],
  [['A joint_any', 'B joint_any'], {}, 'joint_any'],
  [['A joint_all', 'B joint_all', 'C joint_all'], {}, 'right_needs_all B C'],
  [['A joint_all', 'B joint_all', 'C joint_all'], { together: ['C'] }, 'right_needs_all B'],
  [['A joint_all', 'B joint_all'], { together: ['B'] }, 'joint_all'],
  // Whose right has ended need not act; who is only authorised does not count.
  [['A joint_all', 'B joint_all -/- 2020..2024'], {}, 'joint_all'],
  [['A joint_all', 'B joint_all', 'B authorised'], { together: [] }, 'right_needs_all B'],
  [['A guardian'], {}, 'right_guardianship_ended'],
  [['G guardian', 'W owner'], { partyId: 'G' }, 'guardian'],
];

test('may act', () => {
  for (const [texts, more, expected, usedMinor] of cases) {
    const rights = texts.map(rightOf);
    const [first] = rights;
    const used = new Map(first === undefined || usedMinor === undefined ? [] : [[first.id, usedMinor]]);
    const found = mayActOn({ ...act, ...more }, { rights, usedMinor: used, guardians: new Set(['G']) });
    const shown = found.allowed ? found.kind : [found.code, ...found.missing].join(' ');
    assert.equal(shown, expected, `${texts.join(', ')} ${JSON.stringify(more, (_, value) => String(value))}`);
  }
});

test('whatever is allowed was within the limits of the right used', () => {
  const amounts = fc.bigInt({ min: 0n, max: 10n });
  const right = fc.record({ transaction: fc.option(amounts), day: fc.option(amounts), used: amounts });
  fc.assert(
    fc.property(fc.array(right, { maxLength: 4 }), fc.bigInt({ min: 1n, max: 10n }), (given, amountMinor) => {
      const rights = given.map(({ transaction, day }, index) => ({
        ...rightOf('A authorised'),
        id: String(index),
        perTransactionMinor: transaction,
        perDayMinor: day,
      }));
      const usedMinor = new Map(given.map(({ used }, index) => [String(index), used]));
      const found = mayActOn({ ...act, amountMinor }, { rights, usedMinor, guardians: new Set() });
      const within = rights.filter(
        ({ id, perTransactionMinor, perDayMinor }) =>
          (perTransactionMinor === null || amountMinor <= perTransactionMinor) &&
          (perDayMinor === null || (usedMinor.get(id) ?? 0n) + amountMinor <= perDayMinor),
      );
      assert.equal(found.allowed ? found.rightId : undefined, within[0]?.id);
    }),
  );
});
