import assert from 'node:assert/strict';
import { rm } from 'node:fs/promises';
import { describe, it } from 'node:test';
import { exampleFiles, writeExample } from './example.ts';
import { readBerka } from './parse.ts';
import { ledgerAccountId, type Plan, planBerka } from './plan.ts';

const header = '"trans_id";"account_id";"date";"type";"operation";"amount";"balance";"k_symbol";"bank";"account"';

async function plan(...transactions: string[]): Promise<Plan> {
  const folder = await writeExample({ ...exampleFiles(), 'trans.asc': [header, ...transactions].join('\r\n') });
  try {
    return planBerka(await readBerka(folder), 'berka', () => undefined);
  } finally {
    await rm(folder, { recursive: true });
  }
}

describe('what a transaction becomes', () => {
  type Expected = [
    debit: string,
    credit: string,
    type: string,
    description?: string | undefined,
    reference?: string | undefined,
  ];
  const cases: [row: string, ...Expected][] = [
    ['"PRIJEM";"VKLAD";5;5;"";;', 'Cash', 'customer', 'cash_deposit'],
    ['"VYDAJ";"VYBER";5;-5;"";;', 'customer', 'Cash', 'cash_withdrawal'],
    ['"VYBER";"VYBER";5;-5;"";"";"0"', 'customer', 'Cash', 'cash_withdrawal'],
    ['"VYDAJ";"VYBER";5;-5;"SIPO";;', 'customer', 'Cash', 'cash_withdrawal', 'household'],
    ['"VYDAJ";"VYBER KARTOU";5;-5;"";"";"0"', 'customer', 'Card clearing', 'card_withdrawal'],
    ['"VYDAJ";"VYBER";5;-5;"SLUZBY";;', 'customer', 'Fees', 'fee'],
    ['"VYDAJ";"VYBER";5;-5;"SANKC. UROK";;', 'customer', 'Penalty interest', 'penalty_interest'],
    ['"PRIJEM";"";5;5;"UROK";;', 'Interest expense', 'customer', 'interest'],
    ['"PRIJEM";"PREVOD Z UCTU";5;5;"";"AB";"12"', 'Clearing AB', 'customer', 'incoming_transfer', undefined, 'AB/12'],
    [
      '"PRIJEM";"PREVOD Z UCTU";5;5;"DUCHOD";"AB";"12"',
      'Clearing AB',
      'customer',
      'incoming_transfer',
      'pension',
      'AB/12',
    ],
    ['"VYDAJ";"PREVOD NA UCET";5;-5;" ";"YZ";"7"', 'customer', 'Clearing YZ', 'outgoing_transfer', undefined, 'YZ/7'],
    [
      '"VYDAJ";"PREVOD NA UCET";5;-5;"UVER";"YZ";"7"',
      'customer',
      'Clearing YZ',
      'outgoing_transfer',
      'loan_payment',
      'YZ/7',
    ],
    [
      '"VYDAJ";"PREVOD NA UCET";5;-5;"POJISTNE";;',
      'customer',
      'Clearing, bank not stated',
      'outgoing_transfer',
      'insurance',
    ],
  ];
  for (const [row, ...expected] of cases) {
    it(row, async () => {
      const { accounts, postings } = await plan(`1;101;930102;${row}`);
      const customer = ledgerAccountId('berka', 101);
      const nameOf = (id: string | undefined) =>
        id === customer ? 'customer' : accounts.find((account) => account.id === id)?.name;
      const transfer = postings[0]?.transfer;
      assert.deepEqual(
        [
          nameOf(transfer?.debitAccountId),
          nameOf(transfer?.creditAccountId),
          transfer?.type,
          transfer?.description,
          transfer?.reference,
        ],
        [...expected, ...Array(5 - expected.length).fill(undefined)],
      );
      assert.deepEqual([transfer?.amount, transfer?.currency, transfer?.effectiveDate], [500n, 'CZK', '1993-01-02']);
      assert.equal(postings[0]?.difference, null);
    });
  }
});

describe('a plan', () => {
  it('posts a rounding difference after its transaction, against the rounding account', async () => {
    const { accounts, postings, days } = await plan(
      '1;101;930102;"PRIJEM";"VKLAD";5.04;5.00;"";;',
      '2;101;930103;"PRIJEM";"VKLAD";1.00;6.10;"";;',
    );
    const rounding = accounts.find((account) => account.name === 'Rounding differences')?.id;
    const customer = ledgerAccountId('berka', 101);
    assert.deepEqual(
      postings.map(({ difference }) => [difference?.debitAccountId, difference?.creditAccountId, difference?.amount]),
      [
        [customer, rounding, 4n],
        [rounding, customer, 10n],
      ],
    );
    assert.deepEqual(
      days.map((day) => [day.date, day.closing, day.closingMinor]),
      [
        ['1993-01-02', 'rounding', 500n],
        ['1993-01-03', 'rounding', 610n],
      ],
    );
  });

  it('is in the order of time, whatever the order of the file, and the same every time', async () => {
    const rows = [
      '3;101;930103;"VYDAJ";"VYBER";2.00;3.00;"";;',
      '1;102;930102;"PRIJEM";"VKLAD";7.00;7.00;"";;',
      '4;101;930103;"PRIJEM";"VKLAD";4.00;5.00;"";;',
      '2;101;930102;"PRIJEM";"VKLAD";1.00;1.00;"";;',
    ];
    const forward = await plan(...rows);
    const backward = await plan(...rows.toReversed());
    const order = ({ postings }: Plan) => postings.map(({ row, place }) => [row.values.trans_id, place]);
    assert.deepEqual(order(forward), [
      [2, 1],
      [1, 1],
      [4, 1],
      [3, 2],
    ]);
    assert.deepEqual(order(backward), order(forward));
    assert.deepEqual(
      backward.postings.map((posting) => posting.transfer),
      forward.postings.map((posting) => posting.transfer),
    );
  });

  it('opens a ledger account for every account of the bank, with or without transactions', async () => {
    const { accounts, postings } = await plan();
    assert.deepEqual(postings, []);
    assert.deepEqual(
      accounts.map(({ code, side, name }) => [code, side, name]),
      [
        ['2011', 'credit', 'Account 101'],
        ['2011', 'credit', 'Account 102'],
        ['2011', 'credit', 'Account 103'],
      ],
    );
  });
});
