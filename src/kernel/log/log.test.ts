import assert from 'node:assert/strict';
import { test } from 'node:test';
import { defineErrors } from '#kernel/errors';
import { createLog, isSensitiveKey, type LogLevel, REDACTED } from './index.ts';

interface Line extends Record<string, unknown> {
  list?: unknown[];
  err?: { message: string; code: string; stack: string[]; cause: { code: string } };
}

function capture(level: LogLevel = 'info') {
  const text: string[] = [];
  const log = createLog(level, { write: (line) => void text.push(line) });
  return { log, text, lines: () => text.map((line): Line => JSON.parse(line)) };
}

test('keys are judged by their words, in any spelling', () => {
  const cases: [key: string, sensitive: boolean][] = [
    ['authorization', true],
    ['Authorization', true],
    ['token', true],
    ['refreshToken', true],
    ['x-api-key', true],
    ['client_secret', true],
    ['password', true],
    ['passwordHash', true],
    ['name', true],
    ['customer_name', true],
    ['fullName', true],
    ['phone', true],
    ['phoneNumber', true],
    ['email', true],
    ['e_mail', true],
    ['id_number', true],
    ['idNumber', true],
    ['birth_date', true],
    ['birthday', true],
    ['account_holder', true],
    ['holderAddress', true],
    ['account_number', true],
    ['card_no', true],
    ['body', true],
    ['headers', true],
    ['token_id', false],
    ['account_id', false],
    ['hostname', false],
    ['filename', false],
    ['code', false],
    ['book', false],
    ['number_of_transfers', false],
    ['trace_id', false],
    ['amount_minor', false],
    ['panel', false],
  ];
  for (const [key, sensitive] of cases) assert.equal(isSensitiveKey(key), sensitive, key);
});

test('a line is one JSON object with time, level and message', () => {
  const { log, lines } = capture();
  log.info({ book: 'main', amount_minor: 12n, at: new Date(0) }, 'posted');
  const [line] = lines();
  assert.equal(line?.level, 'info');
  assert.equal(line?.message, 'posted');
  assert.equal(line?.book, 'main');
  assert.equal(line?.amount_minor, '12');
  assert.equal(line?.at, '1970-01-01T00:00:00.000Z');
  assert.match(String(line?.time), /^\d{4}-\d\d-\d\dT.*Z$/);
});

test('sensitive values are hidden at any depth, in lists and in child loggers', () => {
  const { log, text } = capture();
  log.info({ a: { b: [{ c: { d: { holder: { given: 'Zhang San' } } } }] } }, 'deep');
  log.info({ customers: [{ email: 'zhang@example.org', segment: 7 }] }, 'list');
  log.child({ phone: '13800000000' }).info('child');
  const all = text.join('');
  for (const secret of ['Zhang San', 'zhang@example.org', '13800000000']) assert.ok(!all.includes(secret), secret);
  assert.ok(all.includes('"segment":7'));
  assert.equal(all.split(REDACTED).length - 1, 3);
});

test('instances are named and not walked; cycles and long lists end', () => {
  const { log, lines } = capture();
  class Session {
    customer = 'Zhang San';
  }
  const cycle: Record<string, unknown> = {};
  cycle.self = cycle;
  log.info({ session: new Session(), buffer: new Map(), cycle, list: Array.from({ length: 30 }, (_, i) => i) }, 'odd');
  const [line] = lines();
  assert.equal(line?.session, '[Session]');
  assert.equal(line?.buffer, '[Map]');
  assert.ok(JSON.stringify(line?.cycle).includes('[deeper]'));
  assert.equal(line?.list?.at(-1), '[10 more]');
});

test('errors keep kind, code, frames and cause, but never the values of a data exception', () => {
  const { log, lines, text } = capture();
  const database = Object.assign(new Error('invalid input syntax for type date: "Zhang San"'), {
    code: '22007',
    severity: 'ERROR',
    detail: 'Failing row contains (Zhang San)',
  });
  log.error({ err: new Error('outer', { cause: database }) }, 'failed');
  log.error(database);
  log.error({ err: database });
  log.warn(defineErrors({ log_test_error: { status: 400, title: 'Test' } })('log_test_error', 'Detail'));
  assert.ok(!text.join('').includes('Zhang San'));
  const records = lines().map((line) => line.err);
  assert.equal(records[0]?.message, 'outer');
  assert.equal(records[0]?.cause.code, '22007');
  assert.ok(records[1]?.stack.every((frame) => frame.startsWith('at ')));
  assert.equal(lines()[2]?.message, 'error');
  assert.equal(records[3]?.code, 'log_test_error');
});

test('secrets in free text are scrubbed', () => {
  const { log, text } = capture();
  const token = `lm_${'aB3_-'.repeat(8)}xyz`;
  log.info(`refused ${token} with Authorization: Bearer abc.def`);
  log.info({ url: 'postgresql://longmen:hunter2@127.0.0.1:5432/longmen' }, 'connecting');
  const all = text.join('');
  for (const secret of [token, 'abc.def', 'hunter2']) assert.ok(!all.includes(secret), secret);
  assert.ok(all.includes('127.0.0.1:5432/longmen'));
});

test('lines below the level are not written', () => {
  const { log, text } = capture('warn');
  log.info('quiet');
  log.warn('loud');
  assert.equal(text.length, 1);
});
