/** The long tests (`npm run soak`) in short forms, so that they are known to run before somebody needs them. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { outcomeCodes } from '#engines/ledger';
import { run as books } from '../soak/books.ts';
import { run as crash } from '../soak/crash.ts';
import type { Soak, SoakReport } from '../soak/lib/contract.ts';
import { seededRandom } from '../soak/lib/random.ts';
import { run as oracle } from '../soak/oracle.ts';
import { run as processes } from '../soak/processes.ts';
import { run as restore } from '../soak/restore.ts';

function short(soak: Soak, size: { rounds?: number; operations?: number }): Promise<SoakReport> {
  return soak({ ...size, seed: 20_260_302, log: () => undefined, progress: () => undefined });
}

function passed({ passed: good, details }: SoakReport): void {
  assert.ok(
    good,
    JSON.stringify(details, (_name, value) => (typeof value === 'bigint' ? `${value}` : value), 1),
  );
}

test('the oracle agrees with the ledger, which decides on what it remembers and carefully', async () => {
  const report = await short(oracle, { operations: 6_000 });
  passed(report);
  const { operations, batches, codes_missing, exchange_codes, exchange_codes_missing } = report.details as {
    operations: number;
    batches: Record<string, number>;
    codes_missing: string[];
    exchange_codes: Record<string, number>;
    exchange_codes_missing: string[];
  };
  assert.deepEqual(exchange_codes_missing, []);
  assert.ok(Number(exchange_codes['deal accepted']) > 20 && Number(exchange_codes.revalued) > 5);
  assert.ok(operations >= 6_000);
  assert.ok(Number(batches.fast) > 10 && Number(batches.careful) > 10, JSON.stringify(batches));
  assert.ok(codes_missing.length < 12, codes_missing.join());
  const guards = outcomeCodes.filter((code) => /^(period|exceeds_(group|window))_/.test(code));
  assert.equal(guards.length, 6);
  assert.deepEqual(
    guards.filter((code) => codes_missing.includes(code)),
    [],
  );
});

test('the oracle is at most 300 lines, as many for groups, windows and periods, and for exchange', () => {
  const length = (file: string) => {
    const text = readFileSync(join(import.meta.dirname, '../soak/lib', file), 'utf8');
    return text.trimEnd().split('\n').length;
  };
  const files = ['oracle-words.ts', 'oracle-model.ts', 'oracle-guards.ts', 'oracle-rates.ts', 'oracle-exchange.ts'];
  for (const file of files) assert.ok(length(file) <= 300, file);
});

test('nothing is lost when PostgreSQL or everything is killed', async () => {
  const report = await short(crash, { rounds: 2 });
  passed(report);
  assert.ok(Number(report.details.acknowledged) > 0);
});

test('two server processes on one database decide everything once', async () => {
  const report = await short(processes, { operations: 1_500 });
  passed(report);
  assert.ok(Number(report.details.decided_by_first) > 0 && Number(report.details.decided_by_second) > 0);
});

test('nothing is lost, doubled or left in transit between the books of an entity when servers are killed', async () => {
  const report = await short(books, { rounds: 1 });
  passed(report);
  assert.ok(Number(report.details.between_books_accepted) > 0 && Number(report.details.kills) === 1);
});

test('what was answered by an instant is restored, and nothing later', async () => {
  const report = await short(restore, { rounds: 2, operations: 600 });
  passed(report);
  const { transfers, instants } = report.details;
  assert.deepEqual([instants, Number(transfers) >= 600], [2, true]);
});

test('the same seed makes the same choices, another seed others', () => {
  const choices = (seed: number) => {
    const random = seededRandom(seed);
    return [random.uuid(), random.integer(1, 1_000), random.pick(['a', 'b', 'c']), random.weighted({ a: 1, b: 3 })];
  };
  assert.deepEqual(choices(7), choices(7));
  assert.notDeepEqual(choices(7), choices(8));
  assert.match(seededRandom(1).uuid(), /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-a[0-9a-f]{3}-[0-9a-f]{12}$/);
});
