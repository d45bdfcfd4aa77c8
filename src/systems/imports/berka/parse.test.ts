import assert from 'node:assert/strict';
import { rm } from 'node:fs/promises';
import { describe, it } from 'node:test';
import { LongmenError } from '#kernel/errors';
import { exampleFiles, writeExample } from './example.ts';
import { birthNumber, DamagedField, date, dateAtMidnight, oneOf, statistic } from './fields.ts';
import { readBerka } from './parse.ts';
import { DIRECTIONS, OPERATIONS, PURPOSES, ROLES, STATEMENT_FREQUENCIES } from './terms.ts';

describe('fields of the Berka files', () => {
  const births: [text: string, expected: string][] = [
    ['706213', '1970-12-13 female'],
    ['450204', '1945-02-04 male'],
    ['005101', '1900-01-01 female'],
    ['560229', '1956-02-29 male'],
    ['570229', 'refused'],
    ['571329', 'refused'],
    ['576329', 'refused'],
    ['575032', 'refused'],
    ['57011', 'refused'],
    ['5701011', 'refused'],
    ['', 'refused'],
  ];
  for (const [text, expected] of births) {
    it(`birth number "${text}" is ${expected}`, () => {
      assert.equal(
        orRefused(() => `${birthNumber(text).date} ${birthNumber(text).sex}`),
        expected,
      );
    });
  }

  const others: [parser: (text: string) => unknown, text: string, expected: unknown][] = [
    [date, '930101', '1993-01-01'],
    [date, '940229', 'refused'],
    [date, '19930101', 'refused'],
    [dateAtMidnight, '931107 00:00:00', '1993-11-07'],
    [dateAtMidnight, '931107', 'refused'],
    [statistic, '?', null],
    [statistic, '12.34', '12.34'],
    [statistic, '', 'refused'],
    [oneOf(DIRECTIONS), 'PRIJEM', 'credit'],
    [oneOf(DIRECTIONS), 'VYDAJ', 'debit'],
    [oneOf(DIRECTIONS), 'VYBER', 'debit'],
    [oneOf(DIRECTIONS), 'toString', 'refused'],
    [oneOf(OPERATIONS), 'VKLAD', 'cash_deposit'],
    [oneOf(OPERATIONS), 'VYBER', 'cash_withdrawal'],
    [oneOf(OPERATIONS), 'VYBER KARTOU', 'card_withdrawal'],
    [oneOf(OPERATIONS), 'PREVOD Z UCTU', 'incoming_transfer'],
    [oneOf(OPERATIONS), 'PREVOD NA UCET', 'outgoing_transfer'],
    [oneOf(OPERATIONS), '', null],
    [oneOf(PURPOSES), ' ', null],
    [oneOf(PURPOSES), 'SANKC. UROK', 'penalty_interest'],
    [oneOf(PURPOSES), 'sipo', 'refused'],
    [oneOf(ROLES), 'DISPONENT', 'authorised_signatory'],
    [oneOf(STATEMENT_FREQUENCIES), 'POPLATEK PO OBRATU', 'after_transaction'],
  ];
  for (const [parser, text, expected] of others) {
    it(`"${text}" is ${String(expected)}`, () => {
      assert.equal(
        orRefused(() => parser(text)),
        expected,
      );
    });
  }
});

describe('a folder of the Berka bank', () => {
  it('is read whole', async () => {
    const bank = await read(exampleFiles());
    assert.deepEqual(
      [bank.districts, bank.clients, bank.accounts, bank.rights, bank.standingOrders, bank.cards, bank.loans].map(
        (rows) => rows.length,
      ),
      [2, 3, 3, 4, 2, 1, 1],
    );
    assert.deepEqual(bank.districts[1]?.values.A12, null);
    assert.deepEqual(bank.clients[1]?.values.birth_number, { date: '1965-03-14', sex: 'female' });
    assert.deepEqual(bank.transactions[1], {
      line: 3,
      values: {
        trans_id: 1002,
        account_id: 101,
        date: '1993-01-10',
        type: 'debit',
        operation: 'outgoing_transfer',
        amount: 25_000n,
        balance: 65_000n,
        k_symbol: 'household',
        bank: 'AB',
        account: '5550001',
      },
    });
    assert.deepEqual(bank.transactions[7]?.values.account, null);
    assert.equal(bank.files.length, 8);
  });

  it('may end its lines with LF alone, and the last line with nothing', async () => {
    const files = exampleFiles();
    files['trans.asc'] = files['trans.asc'].replaceAll('\r\n', '\n').trimEnd();
    assert.equal((await read(files)).transactions.length, 13);
  });

  type File = keyof ReturnType<typeof exampleFiles>;
  const damages: [name: string, file: File, from: string | RegExp, to: string, line: number, reason: RegExp][] = [
    ['a wrong header', 'trans.asc', '"balance"', '"saldo"', 1, /the header must be trans_id;account_id/],
    ['an empty file', 'card.asc', /^.*$/s, '', 1, /the header must be/],
    ['a column too few', 'trans.asc', '"";;\r\n1002', '"";\r\n1002', 2, /has 9 columns instead of 10/],
    ['a column too many', 'trans.asc', '"SIPO";"AB"', '"SIPO";;"AB"', 3, /has 11 columns instead of 10/],
    [
      'an amount that is no number',
      'trans.asc',
      '300.00;700.00',
      '30O.00;700.00',
      4,
      /amount: "30O.00" is not an amount/,
    ],
    ['an amount with three decimals', 'trans.asc', '300.00;7', '300.001;7', 4, /amount: .* is not an amount/],
    ['a negative amount', 'trans.asc', ';300.00;', ';-300.00;', 4, /amount: "-300.00" is not an amount/],
    ['an amount too large', 'trans.asc', ';300.00;', ';92233720368547758.08;', 4, /amount_too_large/],
    ['an exponent', 'trans.asc', ';300.00;', ';3e2;', 4, /amount: "3e2" is not an amount/],
    ['a balance that is no number', 'trans.asc', ';700.00;', ';;', 4, /balance: "" is not a balance/],
    ['an impossible date', 'trans.asc', '1003;101;930110', '1003;101;930230', 4, /date: "930230" is not a day/],
    [
      'a date before the account',
      'trans.asc',
      '1003;101;930110',
      '1003;101;921231',
      4,
      /before the account was opened/,
    ],
    ['an unknown direction', 'trans.asc', '"PRIJEM";"PREVOD', '"PRIJEN";"PREVOD', 5, /type: "PRIJEN" is not one of/],
    ['an unknown operation', 'trans.asc', '"VKLAD"', '"VKLADY"', 2, /operation: "VKLADY" is not one of/],
    ['an unknown purpose', 'trans.asc', '"DUCHOD"', '"DUCH"', 5, /k_symbol: "DUCH" is not one of/],
    [
      'a direction that contradicts',
      'trans.asc',
      '"VYDAJ";"VYBER";300',
      '"PRIJEM";"VYBER";300',
      4,
      /cannot be a credit/,
    ],
    ['an operation left out', 'trans.asc', '"VYDAJ";"VYBER";300', '"VYDAJ";"";300', 4, /operation: none does not go/],
    ['a bank where none belongs', 'trans.asc', '700.00;"";;', '700.00;"";"AB";"1"', 4, /only a transfer names/],
    ['a bank code that is none', 'trans.asc', '"SIPO";"AB"', '"SIPO";"A1"', 3, /bank: "A1" is not a bank code/],
    ['an account that does not exist', 'trans.asc', '1003;101', '1003;109', 4, /account_id: 109 does not exist/],
    ['a transaction twice', 'trans.asc', '1003;101', '1002;101', 4, /trans_id: 1002 is used twice/],
    ['a quote that is not closed', 'trans.asc', '"AB";"5550001"', '"AB";"5550001', 3, /a quote is not closed/],
    ['a quote out of place', 'trans.asc', '"AB";"5550001"', '"AB";"555"0"001"', 3, /a quote is out of place/],
    ['garbage at the end', 'trans.asc', /$/, 'x', 15, /has 1 columns instead of 10/],
    ['an empty line', 'trans.asc', '1003;', '\r\n1003;', 4, /has 1 columns instead of 10/],
    ['a zero byte', 'trans.asc', '1003;101', '1003;10\u0000', 4, /account_id: "10�" is not an identifier/],
    ['a birth number that is none', 'client.asc', '"655314"', '"653314"', 3, /birth number is not a day/],
    ['a district that does not exist', 'client.asc', '"701231";2', '"701231";7', 4, /district_id: 7 does not exist/],
    ['a statistic that is no number', 'district.asc', ';7.10;', ';n/a;', 3, /A13: "n\/a" is not a number/],
    ['an account in no district', 'account.asc', '103;2', '103;3', 4, /district_id: 3 does not exist/],
    ['an unknown frequency', 'account.asc', 'TYDNE', 'DENNE', 3, /frequency/],
    ['a right of no client', 'disp.asc', '23;13', '23;14', 4, /client_id: 14 does not exist/],
    ['a right to no account', 'disp.asc', '24;13;103', '24;13;104', 5, /account_id: 104 does not exist/],
    ['an unknown right', 'disp.asc', 'DISPONENT', 'GUEST', 4, /type: "GUEST" is not one of OWNER, DISPONENT/],
    ['a standing order of no account', 'order.asc', '32;102', '32;100', 3, /account_id: 100 does not exist/],
    ['a card of no right', 'card.asc', '41;21', '41;20', 2, /disp_id: 20 does not exist/],
    ['a card without its hour', 'card.asc', ' 00:00:00', '', 2, /issued/],
    ['a loan of no account', 'loan.asc', '51;102', '51;100', 2, /account_id: 100 does not exist/],
    ['an unknown loan state', 'loan.asc', '"C"', '"E"', 2, /status: "E" is not one of A, B, C, D/],
  ];
  for (const [name, file, from, to, line, reason] of damages) {
    it(`is refused for ${name}`, async () => {
      const files = exampleFiles();
      const damaged = files[file].replace(from, () => to);
      assert.notEqual(damaged, files[file]);
      const error = await refusal({ ...files, [file]: damaged });
      assert.equal(error.code, 'import_row_invalid');
      assert.deepEqual([error.meta.file, error.meta.line], [file, line]);
      assert.match(String(error.meta.reason), reason);
      assert.ok(error.message.startsWith(`${file}, line ${line}: `));
    });
  }

  it('is refused for bytes that are not UTF-8', async () => {
    const files = exampleFiles();
    const bytes = Buffer.from(files['district.asc'].replace('Hillside', 'Hill~ide'));
    bytes[bytes.indexOf('~')] = 0xe1;
    const error = await refusal({ ...files, 'district.asc': bytes });
    assert.deepEqual([error.code, error.meta.line, error.meta.reason], ['import_row_invalid', 3, 'is not UTF-8 text']);
  });

  it('is refused when a file is missing', async () => {
    const { 'loan.asc': _, ...files } = exampleFiles();
    const error = await refusal(files);
    assert.deepEqual([error.code, error.meta.file, error.meta.reason], ['import_file_missing', 'loan.asc', 'ENOENT']);
  });
});

async function read(files: Readonly<Record<string, string | Uint8Array>>) {
  const folder = await writeExample(files);
  try {
    return await readBerka(folder);
  } finally {
    await rm(folder, { recursive: true });
  }
}

async function refusal(files: Readonly<Record<string, string | Uint8Array>>): Promise<LongmenError> {
  try {
    await read(files);
  } catch (error) {
    assert.ok(error instanceof LongmenError, String(error));
    return error;
  }
  return assert.fail('nothing was refused');
}

function orRefused(parse: () => unknown): unknown {
  try {
    return parse();
  } catch (error) {
    assert.ok(error instanceof DamagedField);
    return 'refused';
  }
}
