/** Expansion as tables of cases and as properties: whatever the template, the parts sum to the whole. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Minor } from '#engines/ledger';
import { formatAmount } from '#kernel/money';
import { type AccountFacts, exampleTemplates, expand, readDefinition, readParameters } from './index.ts';

/** Accounts by letter: a to h are deposits (credit side), p to t are assets (debit side). */
const letters = [...'abcdefghpqrst'];
const idOf = (letter: string) => `00000000-0000-8000-8000-0000000000${letter.charCodeAt(0).toString(16)}`;
const letterOf = (id: string | undefined) => letters.find((letter) => idOf(letter) === id) ?? '?';
const accounts = Object.fromEntries(letters.map((letter) => [letter, { type: 'account', default: idOf(letter) }]));

type Facts = Readonly<Record<string, { available: Minor; minimum: Minor | null; currency?: string }>>;

function factsOf(facts: Facts): Map<string, AccountFacts> {
  return new Map(
    Object.entries(facts).map(([letter, { available, minimum, currency = 'CNY' }]) => [
      idOf(letter),
      { id: idOf(letter), currency, side: letter >= 'p' ? 'debit' : 'credit', available, minimum },
    ]),
  );
}

interface Form {
  readonly parameters?: object;
  readonly amounts?: object;
  readonly postings: readonly object[];
  readonly [more: string]: unknown;
}

/** A template whose accounts are the letters. Its checks are not asked: unused letters are fine here. */
function expanded(form: Form, values: Record<string, unknown> = {}, facts: Facts = {}) {
  const definition = readDefinition({ title: 'case', ...form, parameters: { ...accounts, ...form.parameters } });
  return expand(definition, readParameters(definition, values), factsOf(facts), (index) => `id-${index}`);
}

/** `debit>credit amount` for each transfer, or the code of the error. */
function shown(form: Form, values?: Record<string, unknown>, facts?: Facts): string {
  try {
    return expanded(form, values, facts)
      .transfers.map(({ debitAccountId, creditAccountId, amount, currency = '' }) => {
        assert.ok(typeof amount === 'bigint');
        return `${letterOf(debitAccountId)}>${letterOf(creditAccountId)} ${formatAmount(amount, currency)}`;
      })
      .join(', ');
  } catch (error) {
    return (error as { code?: string }).code ?? String(error);
  }
}

const yuan = (text: string) => ({ fixed: text, currency: 'CNY' });
const leg = (amount: unknown, more: object = {}) => ({ postings: [{ debit: 'a', credit: 'b', amount, ...more }] });
const split = (whole: unknown, residual: string, ...shares: unknown[]) => ({
  postings: [{ whole, residual, debit: 'a', parts: shares.map((share, at) => ({ credit: letters[at + 1], share })) }],
});
const percent = (text: string) => ({ percent: text });
const weight = (text: string) => ({ weight: text });

test('amounts', () => {
  const cases: [Form, string][] = [
    [leg(yuan('12.30')), 'a>b 12.30'],
    [leg({ percent: '6', of: yuan('0.25') }), 'a>b 0.02'],
    [leg({ percent: '6', of: yuan('0.25'), rounding: 'down' }), 'a>b 0.01'],
    [leg({ percent: '50', of: yuan('0.01') }), 'template_nothing_to_post'],
    [leg({ percent: '50', of: yuan('0.01'), rounding: 'half_up' }), 'a>b 0.01'],
    [leg({ percent: '50', of: yuan('0.03') }), 'a>b 0.02'],
    [leg({ percent: '0.000000000000000001', of: yuan('1.00'), rounding: 'up' }), 'a>b 0.01'],
    [leg({ percent: '150', of: yuan('1.00') }), 'a>b 1.50'],
    [leg({ sum: [yuan('1.00'), yuan('2.50'), yuan('0.01')] }), 'a>b 3.51'],
    [leg({ minus: [yuan('1.00'), yuan('0.99')] }), 'a>b 0.01'],
    [leg({ minus: [yuan('0.99'), yuan('1.00')] }), 'template_amount_negative'],
    [leg({ min: [yuan('5.00'), yuan('3.00')] }), 'a>b 3.00'],
    [leg({ max: [yuan('5.00'), yuan('3.00')] }), 'a>b 5.00'],
    [leg({ fixed: '7', currency: 'JPY' }), 'a>b 7'],
    [leg({ fixed: '0.001', currency: 'KWD' }), 'a>b 0.001'],
    [leg({ percent: '10', of: { fixed: '25', currency: 'JPY' } }), 'a>b 2'],
    [leg({ sum: [yuan('1.00'), { fixed: '1', currency: 'JPY' }] }), 'template_currency_mismatch'],
  ];
  for (const [form, expected] of cases) assert.equal(shown(form), expected, JSON.stringify(form.postings));
});

test('splits: the residual goes where the rule says', () => {
  const thirds = [weight('1'), weight('1'), weight('1')];
  const cases: [Form, string][] = [
    [split(yuan('1.00'), 'largest_remainder', ...thirds), 'a>b 0.34, a>c 0.33, a>d 0.33'],
    [split(yuan('1.00'), 'first', ...thirds), 'a>b 0.34, a>c 0.33, a>d 0.33'],
    [split(yuan('1.00'), 'last', ...thirds), 'a>b 0.33, a>c 0.33, a>d 0.34'],
    [split(yuan('0.02'), 'last', ...thirds), 'a>d 0.02'],
    [split(yuan('0.02'), 'largest_remainder', ...thirds), 'a>b 0.01, a>c 0.01'],
    [split(yuan('1.06'), 'largest_remainder', weight('100'), weight('6')), 'a>b 1.00, a>c 0.06'],
    [split(yuan('1.00'), 'largest_remainder', weight('100'), weight('6')), 'a>b 0.94, a>c 0.06'],
    [split(yuan('10.01'), 'largest_remainder', percent('30'), percent('70')), 'a>b 3.00, a>c 7.01'],
    [split(yuan('10.01'), 'first', percent('30'), percent('70')), 'a>b 3.01, a>c 7.00'],
    [split(yuan('10.01'), 'first', percent('30'), 'remainder'), 'a>b 3.01, a>c 7.00'],
    [split(yuan('10.01'), 'last', percent('30'), 'remainder'), 'a>b 3.00, a>c 7.01'],
    [split(yuan('10.00'), 'last', percent('33.333333'), 'remainder'), 'a>b 3.33, a>c 6.67'],
    [split(yuan('10.00'), 'last', 'remainder'), 'a>b 10.00'],
    [split(yuan('10.00'), 'last', percent('100'), 'remainder'), 'a>b 10.00'],
    [
      split(yuan('10.00'), 'last', percent('20'), { amount: yuan('3.00') }, 'remainder'),
      'a>b 2.00, a>c 3.00, a>d 5.00',
    ],
    [split(yuan('10.00'), 'last', percent('20'), { amount: yuan('8.00') }, 'remainder'), 'a>b 2.00, a>c 8.00'],
    [split(yuan('10.00'), 'last', percent('20'), { amount: yuan('8.01') }, 'remainder'), 'template_parts_exceed_whole'],
    [split(yuan('10.00'), 'last', percent('60'), percent('60')), 'template_parts_exceed_whole'],
    [split(yuan('10.00'), 'last', percent('60')), 'template_parts_below_whole'],
    [split(yuan('10.00'), 'last', weight('0')), 'allocation_weights_invalid'],
    [split({ fixed: '100', currency: 'JPY' }, 'largest_remainder', ...thirds), 'a>b 34, a>c 33, a>d 33'],
    [split({ fixed: '0.100', currency: 'KWD' }, 'last', ...thirds), 'a>b 0.033, a>c 0.033, a>d 0.034'],
    [split(yuan('0.00'), 'last', ...thirds), 'template_nothing_to_post'],
  ];
  for (const [form, expected] of cases) assert.equal(shown(form), expected, JSON.stringify(form.postings));
});

test('ordered sources: each as far as available, the last with its overdraft', () => {
  const from = (...sources: string[]) => leg(yuan('1.00'), { debit: { sources }, credit: 'h' });
  const plenty = { available: 1000n, minimum: 0n };
  const none = { available: 0n, minimum: 0n };
  const cases: [Form, Facts, string][] = [
    [from('a', 'b'), { a: plenty, b: plenty }, 'a>h 1.00'],
    [from('a', 'b'), { a: { available: 40n, minimum: 0n }, b: plenty }, 'a>h 0.40, b>h 0.60'],
    [from('a', 'b'), { a: none, b: plenty }, 'b>h 1.00'],
    [
      from('a', 'b', 'c'),
      { a: { available: 1n, minimum: 0n }, b: { available: 2n, minimum: 0n }, c: none },
      'a>h 0.01, b>h 0.02, c>h 0.97',
    ],
    [from('a', 'b'), { a: { available: 40n, minimum: -5000n }, b: plenty }, 'a>h 0.40, b>h 0.60'],
    [from('a', 'b'), { a: { available: 40n, minimum: null }, b: plenty }, 'a>h 0.40, b>h 0.60'],
    [from('a', 'b'), { a: { available: 40n, minimum: 30n }, b: plenty }, 'a>h 0.10, b>h 0.90'],
    [from('a', 'b'), { a: { available: -10n, minimum: -50n }, b: plenty }, 'b>h 1.00'],
    [from('a'), { a: none }, 'a>h 1.00'],
    [from('a', 'b'), { a: plenty }, 'template_account_unknown'],
    [from('a', 'b'), { b: plenty }, 'template_account_unknown'],
    [from('p', 'b'), { p: plenty, b: plenty }, 'template_source_increases'],
    [from('a', 'b'), { a: { ...plenty, currency: 'USD' }, b: plenty }, 'template_currency_mismatch'],
    // Money that comes in by an earlier transfer of the posting is there for the later ones, unless it only is pending.
    [
      { postings: [{ debit: 'h', credit: 'a', amount: yuan('0.70') }, ...from('a', 'b').postings] },
      { a: { available: 10n, minimum: 0n }, b: plenty },
      'h>a 0.70, a>h 0.80, b>h 0.20',
    ],
    [
      { pending: true, postings: [{ debit: 'h', credit: 'a', amount: yuan('0.70') }, ...from('a', 'b').postings] },
      { a: { available: 10n, minimum: 0n }, b: plenty },
      'h>a 0.70, a>h 0.10, b>h 0.90',
    ],
    // What one leg has taken is not there for the next.
    [
      { postings: [...from('a', 'b').postings, ...from('a', 'b').postings] },
      { a: { available: 120n, minimum: 0n }, b: plenty },
      'a>h 1.00, a>h 0.20, b>h 0.80',
    ],
    // Assets are taken from on their credit side; two lists are laid side by side.
    [
      leg(yuan('1.00'), { debit: 'a', credit: { sources: ['p', 'q'] } }),
      { p: { available: 30n, minimum: 0n }, q: plenty },
      'a>p 0.30, a>q 0.70',
    ],
    [
      leg(yuan('1.00'), { debit: { sources: ['a', 'b'] }, credit: { sources: ['p', 'q'] } }),
      { a: { available: 50n, minimum: 0n }, b: plenty, p: { available: 30n, minimum: 0n }, q: plenty },
      'a>p 0.30, a>q 0.20, b>q 0.50',
    ],
  ];
  for (const [form, facts, expected] of cases) assert.equal(shown(form, {}, facts), expected, expected);
});

test('what the last source has too little for is told, and left to the ledger', () => {
  const form = leg(yuan('1.00'), { debit: { sources: ['a', 'b'] }, credit: 'h' });
  const short = (a: bigint, b: bigint, minimum: bigint | null) =>
    expanded(form, {}, { a: { available: a, minimum: 0n }, b: { available: b, minimum } }).shortfalls.map(
      ({ missing }) => missing.amountMinor,
    );
  assert.deepEqual(short(40n, 60n, 0n), []);
  assert.deepEqual(short(40n, 59n, 0n), [1n]);
  assert.deepEqual(short(40n, 59n, -1n), []);
  assert.deepEqual(short(0n, 0n, null), []);
});

test('one chain, with texts, date and kind', () => {
  const form = {
    parameters: { who: { type: 'text' }, day: { type: 'date' }, paid: { type: 'amount' } },
    effective_date: 'day',
    pending: true,
    type: 'fee',
    reference: 'r/{who}/{day}',
    postings: [
      { debit: 'a', credit: 'b', amount: 'paid', description: '{paid} by {who}, {a}' },
      { debit: 'a', credit: 'c', amount: 'paid', type: 'other' },
    ],
  };
  const values = { who: 'Ann', day: '2028-02-29', paid: { amount: '0.125', currency: 'KWD' } };
  const common = {
    kind: 'pending',
    debitAccountId: idOf('a'),
    amount: 125n,
    currency: 'KWD',
    effectiveDate: '2028-02-29',
  };
  assert.deepEqual(expanded(form, values).transfers, [
    {
      ...common,
      id: 'id-0',
      creditAccountId: idOf('b'),
      type: 'fee',
      description: `0.125 KWD by Ann, ${idOf('a')}`,
      reference: 'r/Ann/2028-02-29',
      linked: true,
    },
    { ...common, id: 'id-1', creditAccountId: idOf('c'), type: 'other', reference: 'r/Ann/2028-02-29' },
  ]);
  assert.equal(shown(form, { ...values, who: 'x'.repeat(120) }), 'template_text_too_long');
});

test('parameters', () => {
  const form = (parameter: object) => ({
    parameters: { x: parameter },
    postings: [{ debit: 'a', credit: 'b', amount: 'x' }],
  });
  const amount = { type: 'amount', currency: 'CNY' };
  const cases: [parameter: object, values: Record<string, unknown>, expected: string][] = [
    [amount, { x: '1.5' }, 'a>b 1.50'],
    [amount, { x: { amount: '1.5', currency: 'CNY' } }, 'a>b 1.50'],
    [{ type: 'amount' }, { x: { amount: '15', currency: 'JPY' } }, 'a>b 15'],
    [{ ...amount, default: '2' }, {}, 'a>b 2.00'],
    [{ ...amount, default: '2' }, { x: '3' }, 'a>b 3.00'],
    [amount, {}, 'template_parameter_missing'],
    [amount, { x: '1', y: '2' }, 'template_parameter_unknown'],
    [amount, { x: '1', toString: '2' }, 'template_parameter_unknown'],
    [amount, { x: 1 }, 'template_parameter_invalid'],
    [amount, { x: '1.001' }, 'template_parameter_invalid'],
    [amount, { x: '-1' }, 'template_parameter_invalid'],
    [amount, { x: { amount: '1', currency: 'JPY' } }, 'template_parameter_invalid'],
    [amount, { x: { amount: '1', currency: 'CNY', more: 1 } }, 'template_parameter_invalid'],
    [{ type: 'amount' }, { x: '1' }, 'template_parameter_invalid'],
    [{ type: 'amount' }, { x: { amount: '1', currency: 'ABC' } }, 'template_parameter_invalid'],
    [amount, { x: '1', a: 'not a uuid' }, 'template_parameter_invalid'],
  ];
  for (const [parameter, values, expected] of cases) {
    assert.equal(shown(form(parameter), values), expected, JSON.stringify([parameter, values]));
  }
});

test('the examples expand as they say', () => {
  const given = (name: string, values: Record<string, unknown>, roles: Record<string, string>, facts: Facts = {}) => {
    const definition = readDefinition(exampleTemplates[name]);
    const ids = Object.fromEntries(Object.entries(roles).map(([role, letter]) => [role, idOf(letter)]));
    const read = readParameters(definition, { ...values, ...ids });
    return expand(definition, read, factsOf(facts), String).transfers.map(
      (each) => `${letterOf(each.debitAccountId)}>${letterOf(each.creditAccountId)} ${each.amount}`,
    );
  };
  assert.deepEqual(given('fee_with_vat', { fee: '10.00' }, { customer: 'a', fee_income: 'b', vat_payable: 'c' }), [
    'a>b 943',
    'a>c 57',
  ]);
  const staff = {
    company: 'a',
    employee: 'b',
    pension_payable: 'c',
    housing_fund_payable: 'd',
    income_tax_payable: 'e',
  };
  const salary = { gross: '10000.01', income_tax: '290.00', month: '2028-02', pay_day: '2028-02-29' };
  assert.deepEqual(given('salary', salary, staff), ['a>c 80000', 'a>d 70000', 'a>e 29000', 'a>b 821001']);
  const loan = { current: 'a', savings: 'b', loan: 'p', interest_receivable: 'q' };
  const due = { interest_due: '30.00', principal_due: '500.00' };
  const money = { a: { available: 10000n, minimum: 0n }, b: { available: 0n, minimum: -100000n } };
  assert.deepEqual(given('loan_repayment', { ...due, payment: '20.00' }, loan, money), ['a>q 2000']);
  assert.deepEqual(given('loan_repayment', { ...due, payment: '130.00' }, loan, money), [
    'a>q 3000',
    'a>p 7000',
    'b>p 3000',
  ]);
  assert.deepEqual(given('loan_repayment', { ...due, payment: '900.00' }, loan, money), [
    'a>q 3000',
    'a>p 7000',
    'b>p 43000',
  ]);
  const deposit = { deposit: { amount: '5', currency: 'JPY' }, slip: '1' };
  assert.deepEqual(given('cash_deposit', deposit, { cash: 'p', customer: 'a' }), ['p>a 5']);
});

const minor = fc.bigInt({ min: 1n, max: 10n ** 15n });
const rule = fc.constantFrom('largest_remainder', 'first', 'last');
const currency = fc.constantFrom('JPY', 'CNY', 'KWD');
const rate = fc
  .tuple(fc.integer({ min: 0, max: 40 }), fc.integer({ min: 0, max: 999_999 }))
  .map(([whole, behind]) => `${whole}.${String(behind).padStart(6, '0')}`);
const total = (form: Form, facts?: Facts) =>
  expanded(form, {}, facts).transfers.reduce((sum, { amount }) => sum + BigInt(amount ?? 0n), 0n);

test('property: the parts of a split sum to the whole, whatever the shares', () => {
  fc.assert(
    fc.property(
      minor,
      currency,
      rule,
      fc.array(rate, { minLength: 1, maxLength: 6 }),
      (whole, code, residual, rates) => {
        const fixed = { fixed: formatAmount(whole, code), currency: code };
        const weights = rates.map(weight);
        if (rates.some((each) => /[1-9]/.test(each))) assert.equal(total(split(fixed, residual, ...weights)), whole);
        const some = rates.slice(0, 2).map(percent);
        assert.equal(total(split(fixed, residual, ...some, 'remainder')), whole);
        const taken = { amount: { percent: '20', of: fixed, rounding: 'down' } };
        assert.equal(total(split(fixed, residual, 'remainder', taken, ...some.slice(0, 1))), whole);
      },
    ),
  );
});

test('property: sources give exactly the amount, never more than is available but for the last', () => {
  const available = fc.bigInt({ min: -1_000n, max: 10n ** 6n });
  const minimum = fc.option(fc.bigInt({ min: -5_000n, max: 5_000n }), { nil: null });
  const fact = fc.record({ available, minimum });
  fc.assert(
    fc.property(
      fc.bigInt({ min: 1n, max: 3n * 10n ** 6n }),
      fc.array(fact, { minLength: 1, maxLength: 5 }),
      (amount, all) => {
        const names = letters.slice(0, all.length);
        const facts = Object.fromEntries(all.map((each, at) => [letters[at] ?? '', each]));
        const form = leg(
          { fixed: formatAmount(amount, 'CNY'), currency: 'CNY' },
          { debit: { sources: names }, credit: 'h' },
        );
        const { transfers, shortfalls } = expanded(form, {}, facts);
        assert.equal(total(form, facts), amount);
        let before = -1;
        for (const { debitAccountId, amount: given } of transfers) {
          const at = letters.indexOf(letterOf(debitAccountId));
          assert.ok(at > before && typeof given === 'bigint' && given > 0n);
          before = at;
          const { available: had, minimum: least } = all[at] ?? { available: 0n, minimum: 0n };
          const after = had - given;
          if (at < all.length - 1) assert.ok(after >= 0n && (least === null || after >= least));
          else assert.equal(shortfalls.length > 0, least !== null && after < least);
        }
      },
    ),
  );
});

test('property: the same again gives the same, and all is one chain', () => {
  fc.assert(
    fc.property(minor, rule, fc.array(rate, { minLength: 2, maxLength: 6 }), (whole, residual, rates) => {
      fc.pre(rates.some((each) => /[1-9]/.test(each)));
      const form = split({ fixed: formatAmount(whole, 'CNY'), currency: 'CNY' }, residual, ...rates.map(weight));
      const { transfers } = expanded(form);
      assert.deepEqual(expanded(form).transfers, transfers);
      assert.ok(transfers.every(({ linked = false }, at) => linked === at < transfers.length - 1));
    }),
  );
});
