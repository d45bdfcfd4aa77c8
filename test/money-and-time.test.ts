/** No binary float in a money path, and nobody asks the machine for the time: a rule for all code of the product. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import ts from 'typescript';
import { projectFiles, projectText, root } from './house/files.ts';
import { type Finding, floatsInMoney } from './house/money.ts';
import { floatsInSql, machineTimeInCode, machineTimeInSql } from './house/time.ts';

/** Files that may ask the machine for the time, each with its reason. */
const timeExceptions: Readonly<Record<string, string>> = {
  'src/kernel/clock/index.ts': 'it is the clock',
  'src/kernel/backup/control.ts':
    'PostgreSQL puts its own time into what it commits, and is asked by that time to recover',
  'src/kernel/database/migrate.ts': 'when a server was migrated is a fact of its operation, recorded by itself',
  'src/kernel/identity/migrations/0001-better-auth.sql':
    'the schema of better-auth, word for word; it judges sessions by the time of the machine, as the house does',
  'src/kernel/jobs/migrations/0001-jobs.sql':
    'the schema of pg-boss: all servers agree on when a job is due by asking the one PostgreSQL',
};

/** Values named like money that are rightly numbers, as `file: name is a number`, each with its reason. */
const floatExceptions: Readonly<Record<string, string>> = {
  'src/kernel/dates/dates.ts: amount is a number': 'a count of days or months',
};

const product = projectFiles('src').filter((path) => !path.endsWith('.test.ts'));
const code = product.filter((path) => path.endsWith('.ts'));
const sql = product.filter((path) => path.endsWith('.sql'));

const lines = (findings: readonly Finding[]) => findings.map(({ file, line, what }) => `${file}:${line}: ${what}`);

function compile(folder: string, files: readonly string[]): ts.Program {
  const { config } = ts.readConfigFile(join(root, 'tsconfig.json'), ts.sys.readFile);
  const { options } = ts.parseJsonConfigFileContent(config, ts.sys, root);
  const host = ts.createCompilerHost(options);
  host.getCurrentDirectory = () => folder;
  return ts.createProgram({ rootNames: files.map((file) => join(folder, file)), options, host });
}

test('no number means money', () => {
  const found = floatsInMoney(compile(root, code), code).filter(
    ({ file, what }) => floatExceptions[`${file}: ${what}`] === undefined,
  );
  assert.deepEqual(lines(found), []);
});

test('the search for numbers that mean money finds them', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'longmen-money-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const bad = [
    'export const amountMinor = 12;',
    'export interface Row { credits_posted: bigint | number; amount: bigint; count: number }',
    'export function balance(rows: Row[]): number { return rows.length; }',
    'export const total = (row: Row) => Number(row.amount) / 100;',
    'export const half = (row: Row) => parseFloat(String(row.amount)) / 2;',
    'export const size = (amounts: bigint[]) => Number(amounts.length);',
    'declare class ZodNumber { min(least: number): this }',
    'export const schema = { amount_minor: new ZodNumber() };',
  ];
  writeFileSync(join(folder, 'bad.ts'), `${bad.join('\n')}\n`);
  assert.deepEqual(lines(floatsInMoney(compile(folder, ['bad.ts']), ['bad.ts'])), [
    'bad.ts:1: amountMinor is a number',
    'bad.ts:2: credits_posted is a number',
    'bad.ts:3: balance is a number',
    'bad.ts:4: Number(row.amount)',
    'bad.ts:5: parseFloat(String(row.amount))',
    'bad.ts:8: amount_minor is ZodNumber',
  ]);
});

test('no column is a binary float', () => {
  assert.deepEqual(lines(sql.flatMap((file) => floatsInSql(file, projectText(file)))), []);
  const bad = "create table a (\n  rate double precision, -- not real\n  price money, name text default 'real'\n);";
  assert.deepEqual(lines(floatsInSql('bad.sql', bad)), ['bad.sql:2: double precision', 'bad.sql:3: money']);
});

test('nobody asks the machine for the time', () => {
  const found = [
    ...code.flatMap((file) => machineTimeInCode(file, projectText(file))),
    ...sql.flatMap((file) => machineTimeInSql(file, projectText(file))),
  ];
  assert.deepEqual(lines(found.filter(({ file }) => timeExceptions[file] === undefined)), []);
  const needless = Object.keys(timeExceptions).filter((file) => !found.some((finding) => finding.file === file));
  assert.deepEqual(needless, [], 'exceptions that nothing needs any more');
});

test('the search for the machine’s time finds it', () => {
  const bad = [
    'Date.now(); new Date(); new Date(0); clock.now();',
    "tx.query('select now()'); tx.query(`update a set b = CURRENT_TIMESTAMP where $" + '{c}`);',
    'Temporal.Now.instant();',
    "// a comment about Date.now() and 'select now()'",
  ];
  assert.deepEqual(lines(machineTimeInCode('bad.ts', bad.join('\n'))), [
    'bad.ts:1: Date.now',
    'bad.ts:1: new Date()',
    'bad.ts:2: now()',
    'bad.ts:2: CURRENT_TIMESTAMP',
    'bad.ts:3: Temporal.Now',
  ]);
  assert.deepEqual(lines(machineTimeInSql('bad.sql', 'select 1; -- now()\ndefault now()')), ['bad.sql:2: now()']);
});
