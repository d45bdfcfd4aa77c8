/**
 * An invented bank in the layout of the Berka files, for tests: three accounts, every kind of transaction, days out of
 * order, and rounded interest. None of it is taken from real data.
 */
import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const lines = {
  'district.asc': [
    'A1;A2;A3;A4;A5;A6;A7;A8;A9;A10;A11;A12;A13;A14;A15;A16',
    '1;"Riverton";"middle";120000;0;0;0;1;1;100.0;11000;0.50;0.70;150;9000;9100',
    '2;"Hillside";"north";43000;4;13;5;1;3;48.4;8200;?;7.10;120;?;1400',
  ],
  'client.asc': ['"client_id";"birth_number";"district_id"', '11;"600229";1', '12;"655314";2', '13;"701231";2'],
  'account.asc': [
    '"account_id";"district_id";"frequency";"date"',
    '101;1;"POPLATEK MESICNE";930101',
    '102;2;"POPLATEK TYDNE";930102',
    '103;2;"POPLATEK PO OBRATU";930105',
  ],
  'disp.asc': [
    '"disp_id";"client_id";"account_id";"type"',
    '21;11;101;"OWNER"',
    '22;12;102;"OWNER"',
    '23;13;102;"DISPONENT"',
    '24;13;103;"OWNER"',
  ],
  'order.asc': [
    '"order_id";"account_id";"bank_to";"account_to";"amount";"k_symbol"',
    '31;101;"AB";"5550001";250.00;"SIPO"',
    '32;102;"CD";"5550002";99.50;" "',
  ],
  'card.asc': ['"card_id";"disp_id";"type";"issued"', '41;21;"classic";930301 00:00:00'],
  'loan.asc': [
    '"loan_id";"account_id";"date";"amount";"duration";"payments";"status"',
    '51;102;930201;12000;12;1000.00;"C"',
  ],
  'trans.asc': [
    '"trans_id";"account_id";"date";"type";"operation";"amount";"balance";"k_symbol";"bank";"account"',
    '1001;101;930101;"PRIJEM";"VKLAD";1000.00;1000.00;"";;',
    // The next three are one day of account 101, out of order: 1000 → 700 → 900 → 650.
    '1002;101;930110;"VYDAJ";"PREVOD NA UCET";250.00;650.00;"SIPO";"AB";"5550001"',
    '1003;101;930110;"VYDAJ";"VYBER";300.00;700.00;"";;',
    '1004;101;930110;"PRIJEM";"PREVOD Z UCTU";200.00;900.00;"DUCHOD";"CD";"5550003"',
    // Interest of 4.30 stated as 4.20 more, then the fee: 650 → 654.20 → 639.60.
    '1006;101;930131;"VYDAJ";"VYBER";14.60;639.60;"SLUZBY";;',
    '1005;101;930131;"PRIJEM";"";4.30;654.20;"UROK";;',
    '1007;102;930102;"PRIJEM";"VKLAD";500.00;500.00;"";;',
    '1008;102;930115;"VYBER";"VYBER";800.00;-300.00;"";"";"0"',
    '1009;102;930131;"VYDAJ";"VYBER";12.30;-312.30;"SANKC. UROK";;',
    '1010;102;930201;"PRIJEM";"VKLAD";1000.00;687.70;"";;',
    '1011;102;930202;"VYDAJ";"VYBER KARTOU";87.70;600.00;"";"";"0"',
    '1012;102;930203;"VYDAJ";"PREVOD NA UCET";100.00;500.00;"UVER";"AB";"5550004"',
    '1013;102;930204;"VYDAJ";"VYBER";0.00;500.00;"SIPO";;',
  ],
} as const;

/** The files of the invented bank, CRLF as in the original. */
export function exampleFiles(): Record<keyof typeof lines, string> {
  const text = (of: readonly string[]) => of.map((line) => `${line}\r\n`).join('');
  return {
    'district.asc': text(lines['district.asc']),
    'client.asc': text(lines['client.asc']),
    'account.asc': text(lines['account.asc']),
    'disp.asc': text(lines['disp.asc']),
    'order.asc': text(lines['order.asc']),
    'card.asc': text(lines['card.asc']),
    'loan.asc': text(lines['loan.asc']),
    'trans.asc': text(lines['trans.asc']),
  };
}

/** Writes files into a new temporary folder and gives its path. */
export async function writeExample(files: Readonly<Record<string, string | Uint8Array>>): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'longmen-berka-'));
  for (const [name, content] of Object.entries(files)) await writeFile(join(folder, name), content);
  return folder;
}
