/** A whole small bank in files: the same bytes again, the import's layout, balances, people, calendar. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, suite, test } from 'node:test';
import { parse } from 'csv-parse/sync';
import { simulate } from './bank.ts';
import { dayOf, payDays } from './calendar/days.ts';
import { loadParameters, loadTypologies, simulateToFiles } from './index.ts';
import { shapes } from './parameters/load.ts';
import { buildPopulation } from './population/build.ts';
import { residentNumber } from './population/names.ts';
import { creditCodeCheck, identityCheck, organisationCheck } from './population/numbers.ts';
import { Draws, permute } from './random.ts';

type Row = Record<string, string>;

const scratch = mkdtempSync(join(tmpdir(), 'longmen-simulation-'));
after(() => rmSync(scratch, { recursive: true, force: true }));

const small = loadParameters(undefined, { customers: 1_500, days: 40, truth: { prevalence: 0.003 } });
const folder = join(scratch, 'bank');
await simulateToFiles(small, loadTypologies(undefined), folder);
const rows = (name: string): Row[] => parse(readFileSync(join(folder, `${name}.csv`), 'utf8'), { columns: true });
const transfers = rows('transfers');
const contexts = rows('contexts');
const accounts = rows('accounts');
const parties = rows('parties');

/** SHA-256 of every file below a folder, by name. */
function hashes(of: string): Record<string, string> {
  const files = readdirSync(of, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return Object.fromEntries(
    files.map(({ parentPath, name }) => [
      name,
      createHash('sha256')
        .update(readFileSync(join(parentPath, name)))
        .digest('hex'),
    ]),
  );
}

const fen = (text: string | undefined) => BigInt((text ?? '').replace('.', ''));

suite('the same seed', () => {
  test('writes the same bytes again, and another seed others', async () => {
    const [again, other] = [join(scratch, 'again'), join(scratch, 'other')];
    await simulateToFiles(small, loadTypologies(undefined), again);
    assert.deepEqual(hashes(again), hashes(folder));
    await simulateToFiles({ ...small, seed: 2, days: 5 }, loadTypologies(undefined), other);
    assert.notEqual(hashes(other)['transfers.csv'], hashes(folder)['transfers.csv']);
  });

  test('ends after exactly as many transactions as asked for, with the same first ones', async () => {
    const cut = join(scratch, 'cut');
    const counts = await simulateToFiles(small, loadTypologies(undefined), cut, { transactions: 7_000 });
    assert.equal(counts.transactions, 7_000);
    const whole = readFileSync(join(folder, 'transfers.csv'), 'utf8');
    assert.ok(whole.startsWith(readFileSync(join(cut, 'transfers.csv'), 'utf8')));
  });

  test('writes the same records as JSON Lines', async () => {
    const lines = join(scratch, 'lines');
    await simulateToFiles({ ...small, days: 2 }, loadTypologies(undefined), lines, { format: 'jsonl' });
    const records = readFileSync(join(lines, 'transfers.jsonl'), 'utf8').trimEnd().split('\n');
    assert.deepEqual(
      records.map((line) => JSON.parse(line) as Row),
      transfers.slice(0, records.length),
    );
  });
});

suite('what happens', () => {
  test('is in order of time, each id once', () => {
    assert.equal(new Set(transfers.map(({ id }) => id)).size, transfers.length);
    assert.deepEqual(
      contexts.map((row) => row.transfer_id),
      transfers.map(({ id }) => id),
    );
    const moments = contexts.map(({ occurred_at }) => occurred_at ?? '');
    assert.deepEqual(moments, moments.toSorted());
    assert.deepEqual(
      transfers.map((row) => row.effective_date),
      moments.map((moment) => moment.slice(0, 10)),
    );
  });

  test('never takes a customer below zero, and only moves money between accounts there are', () => {
    const balances = new Map(accounts.map(({ id, minimum }) => [id, { fen: 0n, floor: minimum === '0.00' }]));
    for (const row of [...rows('opening_balances'), ...transfers]) {
      const [payer, payee] = [balances.get(row.debit_account_id), balances.get(row.credit_account_id)];
      assert.ok(payer !== undefined && payee !== undefined && payer !== payee, row.id);
      payer.fen -= fen(row.amount);
      payee.fen += fen(row.amount);
      assert.ok(fen(row.amount) > 0n && !(payer.floor && payer.fen < 0n), row.id);
    }
  });

  test('has every kind of business, more of it by day than by night', () => {
    const kinds = Map.groupBy(transfers, ({ type }) => type);
    for (const kind of [
      'salary',
      'rent',
      'utilities',
      'cash_withdrawal',
      'cash_deposit',
      'pension',
      'supplier_payment',
      'loan_repayment',
      'wealth_purchase',
      'card_bill',
    ]) {
      assert.ok((kinds.get(kind)?.length ?? 0) > 5, kind);
    }
    const hour = ({ occurred_at: moment }: Row) => Number(moment?.slice(11, 13));
    const at = (from: number, to: number) => contexts.filter((row) => hour(row) >= from && hour(row) < to).length;
    assert.ok(at(17, 21) > 8 * at(1, 5));
  });
});

suite('the people', () => {
  test('have numbers with right check digits in a city there is not, and none twice', () => {
    const persons = parties.filter(({ kind }) => kind === 'person');
    for (const { identifier: number = '', birth_date: born = '', sex } of persons) {
      assert.match(number, /^3699\d{13}[\dX]$/);
      assert.equal(number.slice(6, 14), born.replaceAll('-', ''));
      assert.equal(Number(number[16]) % 2 === 1, sex === 'male');
      assert.equal(identityCheck(number.slice(0, 17)), number[17]);
    }
    for (const { identifier: code = '' } of parties.filter(({ kind }) => kind === 'organisation')) {
      assert.equal(organisationCheck(code.slice(8, 16)), code[16]);
      assert.equal(creditCodeCheck(code.slice(0, 17)), code[17]);
    }
    for (const column of ['identifier', 'mobile', 'external_key']) {
      assert.equal(new Set(parties.map((row) => row[column])).size, parties.length, column);
    }
  });

  test('have numbers of their own also where a district has more people than a birthday has numbers', () => {
    // All of one age, as the worst case.
    const built = buildPopulation({ ...small, customers: 190_000, districts: 1 });
    const population = { ...built, age: new Uint8Array(built.persons).fill(30) };
    const numbers = new Set<string>();
    for (let person = 0; person < population.persons; person += 1) {
      numbers.add(residentNumber(population, person));
    }
    assert.equal(numbers.size, population.persons);
  });

  // The published examples of GB 11643-1999 and the licence of a well-known company.
  test('check digits are those of the standards', () => {
    assert.equal(identityCheck('11010519491231002'), 'X');
    assert.equal(identityCheck('44052418800101001'), '4');
    assert.equal(creditCodeCheck('91440300708461136'), 'T');
    assert.equal(organisationCheck('70846113'), '6');
  });

  test('are called as people are: the commonest surname is Wang or Li', () => {
    const counts = Map.groupBy(
      parties.filter(({ kind }) => kind === 'person'),
      ({ name = '' }) => name[0],
    );
    const [first] = [...counts].toSorted(([, left], [, right]) => right.length - left.length);
    assert.ok(['王', '李', '张'].includes(first?.[0] ?? ''), first?.[0]);
  });

  test('share devices and addresses innocently', () => {
    const persons = parties.filter(({ kind }) => kind === 'person');
    const profiles = rows('profiles').slice(0, persons.length);
    const largest = (rows: Row[], column: string) =>
      Math.max(...[...Map.groupBy(rows, (row) => row[column]).values()].map(({ length }) => length));
    assert.ok(
      largest(persons, 'address') >= 15 && largest(profiles, 'device_id') >= 3 && largest(profiles, 'device_id') <= 12,
    );
  });
});

test('pay days that fall on holidays move to the working day before', () => {
  const dates = (nominal: number) => {
    const bit = 1 << payDays.indexOf(nominal);
    return Array.from({ length: 59 }, (_, index) => dayOf(small, index))
      .filter(({ payDayBits }) => (payDayBits & bit) !== 0)
      .map(({ date }) => date);
  };
  assert.deepEqual(dates(10), ['2025-01-10', '2025-02-10']);
  // 5 January and 26 January 2025 are working Sundays; 28 January to 4 February is the festival; 8 February is a working Saturday.
  assert.deepEqual(dates(8), ['2025-01-08', '2025-02-08']);
  assert.deepEqual(dates(25), ['2025-01-24', '2025-02-25']);
  assert.ok(dayOf(small, 28).peers > 2, 'red envelopes at Spring Festival');
  assert.ok(dayOf(small, 30).isMonthEnd === false && dayOf(small, 58).isMonthEnd);
  assert.ok(dayOf({ ...small, start: small.start }, 314).payments > 1.5, 'Singles’ Day');
});

suite('the truth', () => {
  const patterns: Row[] = parse(readFileSync(join(folder, 'truth/truth_patterns.csv'), 'utf8'), { columns: true });

  test('stands in its own files only', () => {
    assert.deepEqual(readdirSync(join(folder, 'truth')).sort(), [
      'truth_accounts.csv',
      'truth_patterns.csv',
      'truth_transactions.csv',
    ]);
    const names = patterns.map(({ typology }) => typology ?? '');
    for (const file of readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isFile())) {
      const text = readFileSync(join(folder, file.name), 'utf8');
      assert.ok(!names.some((name) => text.includes(name)), file.name);
      assert.ok(!patterns.some(({ pattern_id: id }) => text.includes(id ?? '')), file.name);
    }
  });

  test('has every shape, guilty and innocent', async () => {
    const seen = new Set<string>();
    const parameters = loadParameters(undefined, { customers: 2_000, days: 20, truth: { prevalence: 0.03 } });
    await simulate(parameters, loadTypologies(undefined), [
      {
        open() {},
        day({ begun }) {
          for (const { typology, plannedSteps, members } of begun) {
            assert.ok(plannedSteps > 0 && members.length > 0);
            seen.add(`${typology.truth} ${typology.shape}`);
          }
        },
        close() {},
      },
    ]);
    assert.deepEqual([...seen].sort(), shapes.flatMap((shape) => [`guilty ${shape}`, `innocent ${shape}`]).sort());
  });
});

suite('parameters', () => {
  const file = (value: unknown) => {
    const path = join(scratch, `${createHash('sha256').update(JSON.stringify(value)).digest('hex')}.json`);
    writeFileSync(path, typeof value === 'string' ? value : JSON.stringify(value));
    return path;
  };
  for (const [what, value, detail] of [
    ['an unknown key', { costumers: 1_000 }, /costumers/],
    ['a value out of range', { customers: 3 }, /customers: /],
    ['a date that does not exist', { start: '2025-02-30' }, /start: is not a date/],
    ['no JSON', '{', /is not JSON/],
  ] as const) {
    test(`${what} is refused`, () =>
      assert.throws(() => loadParameters(file(value)), { code: 'simulation_parameters_invalid', message: detail }));
  }

  test('typologies come from a file of one’s own', () => {
    const [one] = loadTypologies(undefined);
    assert.deepEqual(loadTypologies(file([one])), [one]);
    assert.throws(() => loadTypologies(file([one, one])), { code: 'simulation_parameters_invalid' });
    assert.throws(() => loadTypologies(file([{ ...one, shape: 'spiral' }])), { code: 'simulation_parameters_invalid' });
    assert.throws(() => loadTypologies(join(scratch, 'absent.json')), { code: 'simulation_file_missing' });
  });

  test('a folder in use is left alone', () => {
    assert.throws(() => simulateToFiles(small, [], folder), { code: 'simulation_folder_in_use' });
  });
});

test('random numbers are even, and the permutation never repeats', () => {
  const draws = new Draws().seed(1, 2, 3, 4);
  const sums = { unit: 0, square: 0 };
  for (let turn = 0; turn < 100_000; turn += 1) {
    sums.unit += draws.unit();
    sums.square += draws.normal() ** 2;
  }
  assert.ok(Math.abs(sums.unit / 100_000 - 0.5) < 0.005 && Math.abs(sums.square / 100_000 - 1) < 0.02);
  assert.equal(new Set(Array.from({ length: 100_000 }, (_, number) => permute(9, 101, number))).size, 100_000);
  assert.equal(draws.seed(1, 2, 3, 4).word(), new Draws().seed(1, 2, 3, 4).word());
  assert.notEqual(draws.seed(1, 2, 3, 4).word(), draws.seed(1, 2, 3, 5).word());
});
