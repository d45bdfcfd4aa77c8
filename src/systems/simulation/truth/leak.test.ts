/** No leak: a few questions about raw columns must not tell truth from innocence. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type SimulatedDay, type Sink, simulate } from '../bank.ts';
import type { World } from '../business/world.ts';
import { idWord, internetAddress, space } from '../ids.ts';
import { loadParameters, loadTypologies } from '../parameters/load.ts';
import { hash } from '../random.ts';
import { NONE } from '../vocabulary.ts';
import { areaUnderCurve, type Column, heldOutArea, type Rows } from './shallow-tree.ts';

const NAMES = [
  'amount',
  'second',
  'hour',
  'weekday',
  'day',
  'type',
  'text',
  'channel',
  'device',
  'ip',
  'operator',
  'id',
  'debit',
  'credit',
];
const WORDS = new Set(['type', 'text', 'channel', 'weekday', 'hour']);
type Group = 'guilty' | 'innocent' | 'background';

/** Keeps the raw columns of all patterns and of one background row in `every`. */
function columnsOf(every: number): { sink: Sink; groups: Record<Group, number[][]>; counts: Record<Group, number> } {
  const groups: Record<Group, number[][]> = { guilty: [], innocent: [], background: [] };
  const counts: Record<Group, number> = { guilty: 0, innocent: 0, background: 0 };
  const labels: Group[] = [];
  let world: World;
  const sink: Sink = {
    open(given) {
      world = given;
    },
    day({ day, book, begun, firstSerial }: SimulatedDay) {
      for (const { number, typology } of begun) labels[number] = typology.truth;
      const { seed, address, district, customers } = world.population;
      for (let place = 0; place < book.settled; place += 1) {
        const row = book.order[place] ?? 0;
        const pattern = book.pattern[row] ?? NONE;
        const group = pattern === NONE ? 'background' : (labels[pattern] ?? 'background');
        counts[group] += 1;
        const serial = firstSerial + place;
        if (group === 'background' && hash(7, 7, serial) % every !== 0) continue;
        const [second, device] = [book.second[row] ?? 0, book.device[row] ?? NONE];
        const owner = Math.min(device, book.payer[row] ?? 0);
        const ip =
          device === NONE || owner >= customers
            ? 0
            : internetAddress(seed, device, address[owner] ?? 0, district[owner] ?? 0, day.index, second);
        groups[group].push([
          Number(book.amountMinor[row]),
          second,
          Math.floor(second / 3600),
          day.index % 7,
          day.dayOfMonth,
          book.kind[row] ?? 0,
          book.text[row] ?? 0,
          book.channel[row] ?? 0,
          device === NONE ? 0 : idWord(seed, space.device, device, 0),
          ip,
          book.operator[row] === NONE ? 0 : 1 + (book.operator[row] ?? 0),
          idWord(seed, space.transfer, serial, 0),
          idWord(seed, space.account, book.payer[row] ?? 0, 0),
          idWord(seed, space.account, book.payee[row] ?? 0, 0),
        ]);
      }
    },
    close() {},
  };
  return { sink, groups, counts };
}

/** Class 1 against the others, each of them with the same total weight, all classes together as heavy as class 1. */
function against(positive: number[][], ...negatives: number[][][]): Rows {
  const parts = [
    { rows: positive, label: 1, total: 1 },
    ...negatives.map((rows) => ({ rows, label: 0, total: 1 / negatives.length })),
  ];
  const rows = parts.flatMap(({ rows: own, label, total }) =>
    own.map((values) => ({ values, label, weight: total / own.length })),
  );
  // Even rows are learnt from, odd ones judged: mixed, so that both halves hold all days.
  rows.sort((left, right) => hash(3, 1, left.values[11] ?? 0) - hash(3, 1, right.values[11] ?? 0));
  const columns: Column[] = NAMES.map((name, index) => ({
    name,
    values: Float64Array.from(rows, ({ values }) => values[index] ?? 0),
    isWords: WORDS.has(name),
  }));
  return {
    columns,
    labels: Uint8Array.from(rows, ({ label }) => label),
    weights: Float64Array.from(rows, ({ weight }) => weight),
  };
}

function areas(rows: Rows): { name: string; area: number }[] {
  const all = NAMES.map((_, index) => index);
  const choices = [
    all,
    ...all.map((one) => [one]),
    ...all.flatMap((one) => all.slice(one + 1).map((other) => [one, other])),
  ];
  return choices
    .map((columns) => ({
      name: columns.length === all.length ? 'all columns' : columns.map((one) => NAMES[one]).join(' and '),
      area: heldOutArea(rows, columns, 3),
    }))
    .sort((left, right) => right.area - left.area);
}

test('no field and no pair of fields separates truth from innocence', async () => {
  const parameters = loadParameters(undefined, { customers: 8_000, days: 75, truth: { prevalence: 0.004 } });
  const { sink, groups, counts } = columnsOf(150);
  await simulate(parameters, loadTypologies(undefined), [sink]);
  const total = counts.guilty + counts.innocent + counts.background;
  assert.ok(Math.abs(counts.guilty / total - 0.004) < 0.0008, `prevalence ${counts.guilty / total}`);
  assert.ok(counts.innocent > counts.guilty * 0.7 && counts.innocent < counts.guilty * 1.4, 'comparable numbers');
  for (const [name, rows] of [
    ['look-alikes and background', against(groups.guilty, groups.innocent, groups.background)],
    ['look-alikes', against(groups.guilty, groups.innocent)],
    ['background', against(groups.guilty, groups.background)],
  ] as const) {
    const found = areas(rows);
    if (process.env.SHOW_AREAS)
      console.log(
        name,
        counts,
        found.slice(0, 6).map((one) => `${one.name} ${one.area.toFixed(3)}`),
      );
    assert.ok((found[0]?.area ?? 1) < 0.6, `truth against ${name}: ${found[0]?.name} reaches ${found[0]?.area}`);
  }
});

test('the tree finds a leak where there is one', () => {
  const rows = (shift: number) =>
    Array.from({ length: 2_000 }, (_, row) =>
      NAMES.map((__, column) => (hash(1, column, row, shift) >>> 4) + (column === 1 ? shift : 0)),
    );
  const leaky = against(rows(2 ** 27), rows(0));
  assert.ok(heldOutArea(leaky, [1], 3) > 0.65);
  assert.ok(heldOutArea(leaky, [2, 5], 3) < 0.56);
  assert.equal(
    areaUnderCurve(Float64Array.of(1, 2, 2, 3), Uint8Array.of(0, 0, 1, 1), Float64Array.of(1, 1, 1, 1)),
    0.875,
  );
});
