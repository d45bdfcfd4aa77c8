/** What the checks before publication find, one line per case. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { check, exampleTemplates, type FindingCode, readDefinition } from './index.ts';

const account = { type: 'account' };
const amount = { type: 'amount', currency: 'CNY' };
const yuan = (text: string) => ({ fixed: text, currency: 'CNY' });
const sound = { debit: 'a', credit: 'b', amount: yuan('1.00') };
const split = (...shares: unknown[]) => ({
  whole: yuan('10.00'),
  residual: 'last',
  debit: 'a',
  credit: 'b',
  parts: shares.map((share) => ({ share })),
});
const form = (postings: object[], more: { parameters?: object; [key: string]: unknown } = {}) => ({
  title: 'case',
  ...more,
  parameters: { a: account, b: account, ...more.parameters },
  postings,
});

const cases: [what: string, definition: object, ...expected: [FindingCode, path: string, message?: RegExp][]][] = [
  ['sound', form([sound])],
  [
    'a parameter nothing uses',
    form([sound], { parameters: { fee: amount } }),
    ['parameter_unused', 'parameters.fee', /'fee'/],
  ],
  [
    'a parameter only a text uses',
    form([{ ...sound, description: 'for {who}' }], { parameters: { who: { type: 'text' } } }),
  ],
  ['an amount nothing uses', form([sound], { amounts: { x: yuan('1') } }), ['amount_unused', 'amounts.x']],
  ['a name given twice', form([{ ...sound, name: 'a' }]), ['name_twice', 'postings.0']],
  [
    'an unknown name, with the nearest one',
    form([{ ...sound, amount: 'fe' }], { parameters: { fee: amount } }),
    ['name_unknown', 'postings.0', /no amount 'fe'; did you mean 'fee'/],
    ['parameter_unused', 'parameters.fee'],
  ],
  ['an unknown account', form([sound, { ...sound, debit: 'c9' }]), ['name_unknown', 'postings.1', /no account 'c9'/]],
  [
    'an account as an amount',
    form([{ ...sound, amount: 'a' }]),
    ['name_wrong_kind', 'postings.0', /an account, not an amount/],
  ],
  [
    'an amount as a rate',
    form([{ ...sound, amount: { percent: { parameter: 'x' }, of: 'x' } }], { parameters: { x: amount } }),
    ['name_wrong_kind', 'postings.0'],
  ],
  [
    'a text as the date',
    form([sound], { parameters: { t: { type: 'text' } }, effective_date: 't' }),
    ['name_wrong_kind', 'effective_date'],
  ],
  [
    'amounts that need each other',
    form([{ ...sound, amount: 'x' }], { amounts: { x: { sum: ['y', yuan('1')] }, y: { max: ['x', yuan('1')] } } }),
    ['goes_round', 'x', /x -> y -> x/],
  ],
  ['a leg that needs itself', form([{ ...sound, name: 'x', amount: { percent: '1', of: 'x' } }]), ['goes_round', 'x']],
  [
    'a part that needs another part of its split',
    form([
      {
        ...split(),
        parts: [
          { name: 'x', share: { amount: { percent: '1', of: 'y' } } },
          { name: 'y', share: 'remainder' },
        ],
      },
    ]),
    ['goes_round', 'y', /y -> y/],
  ],
  ['percentages of 100', form([split({ percent: '30' }, { percent: '70' })])],
  [
    'percentages above 100',
    form([split({ percent: '30' }, { percent: '70.000001' })]),
    ['percent_above_100', 'postings.0'],
  ],
  [
    'percentages above 100 with a remainder',
    form([split({ percent: '101' }, 'remainder')]),
    ['percent_above_100', 'postings.0'],
  ],
  ['percentages below 100', form([split({ percent: '30' }, { percent: '69' })]), ['percent_below_100', 'postings.0']],
  ['percentages below 100 with a remainder', form([split({ percent: '30' }, 'remainder')])],
  ['two remainders', form([split('remainder', 'remainder')]), ['remainder_twice', 'postings.0.parts.1']],
  [
    'an amount without remainder',
    form([split({ amount: yuan('1') }, { percent: '50' })]),
    ['remainder_missing', 'postings.0'],
  ],
  ['weights and a remainder', form([split({ weight: '1' }, 'remainder')]), ['shares_mixed', 'postings.0']],
  ['weights of zero', form([split({ weight: '0' })]), ['weights_zero', 'postings.0']],
  [
    'two currencies',
    form([{ ...sound, amount: { sum: [yuan('1'), { fixed: '1', currency: 'JPY' }] } }]),
    ['currency_mismatch', 'postings.0', /CNY and JPY/],
  ],
  [
    'two currencies by way of names',
    form([{ ...sound, amount: { min: ['x', 'y'] } }], {
      parameters: { x: amount },
      amounts: { y: { percent: '5', of: { fixed: '1', currency: 'JPY' } } },
    }),
    ['currency_mismatch', 'postings.0'],
  ],
  [
    'too many decimals',
    form([{ ...sound, amount: { fixed: '1.5', currency: 'JPY' } }]),
    ['fixed_amount_invalid', 'postings.0', /0 decimals/],
  ],
  [
    'an unknown currency',
    form([{ ...sound, amount: { fixed: '1', currency: 'ABC' } }]),
    ['fixed_amount_invalid', 'postings.0'],
  ],
  [
    'a default that does not fit',
    form([{ ...sound, amount: 'x' }], { parameters: { x: { ...amount, default: '1.234' } } }),
    ['default_invalid', 'parameters.x', /too_many_decimals/],
  ],
  [
    'a default without currency',
    form([{ ...sound, amount: 'x' }], { parameters: { x: { type: 'amount', default: '1' } } }),
    ['default_invalid', 'parameters.x'],
  ],
  [
    'a part without a side',
    form([{ whole: yuan('1'), residual: 'last', debit: 'a', parts: [{ share: 'remainder' }] }, sound]),
    ['side_missing', 'postings.0.parts.0', /credit/],
  ],
  [
    'one account on both sides',
    form([sound, { ...sound, debit: { sources: ['a', 'b'] } }]),
    ['accounts_same', 'postings.1', /b is on both/],
  ],
  ['a source twice', form([{ ...sound, debit: { sources: ['a', 'a'] } }]), ['source_twice', 'postings.0']],
  [
    'an unknown placeholder',
    form([{ ...sound, type: '{aa}' }]),
    ['name_unknown', 'postings.0.type', /did you mean 'a'/],
  ],
  ['a brace alone', form([sound], { reference: 'x}' }), ['placeholder_malformed', 'reference']],
];

test('each fault is found where it is', () => {
  for (const [what, definition, ...expected] of cases) {
    const findings = check(readDefinition(definition));
    assert.deepEqual(
      findings.map(({ code, path }) => [code, path]),
      expected.map(([code, path]) => [code, path]),
      `${what}: ${JSON.stringify(findings)}`,
    );
    for (const [index, [, , message]] of expected.entries()) {
      if (message !== undefined) assert.match(findings[index]?.message ?? '', message, what);
    }
  }
});

test('the examples are sound and say that they are examples', () => {
  for (const [name, example] of Object.entries(exampleTemplates)) {
    const definition = readDefinition(example);
    assert.deepEqual(check(definition), [], name);
    assert.equal(definition.example, true);
    assert.match(definition.title, /^Example: /);
  }
});

test('what is not of the form of a template is refused, with the place', () => {
  const wrong: [unknown, RegExp][] = [
    [null, /definition/],
    [{}, /title/],
    [{ title: 'x', postings: [] }, /postings/],
    [form([{ ...sound, amount: { percent: '-1', of: yuan('1') } }]), /postings\.0/],
    [form([sound], { unknown: 1 }), /definition/],
    [form([sound], { parameters: { Bad: account } }), /parameters/],
    [form([sound], { parameters: { x: { type: 'money' } } }), /parameters\.x/],
  ];
  for (const [json, message] of wrong) {
    assert.throws(() => readDefinition(json), { code: 'template_definition_invalid', message }, JSON.stringify(json));
  }
});
