/** What a manifest allows: which base and log for which time, and what retention leaves. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { LongmenError } from '#kernel/errors';
import type { Entry } from './manifest.ts';
import { archivedFrom, openChain, planRestore, recoverable, retained, thinned, walUpTo } from './plan.ts';
import { positionText } from './positions.ts';

const segmentBytes = 256;
const stored = { size: 1, sha256: '0'.repeat(64) };

/** The `n`th minute of a day; the tests' time. */
function at(n: number): string {
  return `2026-03-${String(2 + Math.floor(n / 1440)).padStart(2, '0')}T${String(Math.floor(n / 60) % 24).padStart(2, '0')}:${String(n % 60).padStart(2, '0')}:00.000000Z`;
}

function chain(name: string): Entry {
  return {
    ...{ kind: 'chain', chain: name, system: '1', timeline: 1, postgres: 180_004, segment_bytes: segmentBytes },
    ...{ slot: 's', embedded: true, from: '0/100', started_at: at(0) },
  };
}
/** The `n`th segment of a chain, whole. */
function segment(name: string, n: number): Entry {
  const from = BigInt(n * segmentBytes);
  return {
    ...{ kind: 'wal', chain: name, file: `wal/${name}/${n}`, ...stored },
    ...{ from: positionText(from), to: positionText(from + BigInt(segmentBytes)) },
  };
}
/** Bytes `from` to `to` of the `n`th segment. */
function piece(name: string, n: number, from: number, to: number): Entry {
  const start = BigInt(n * segmentBytes);
  return {
    ...{ kind: 'wal', chain: name, file: `wal/${name}/${n}.${from}`, ...stored },
    ...{ from: positionText(start + BigInt(from)), to: positionText(start + BigInt(to)) },
  };
}
/** Everything up to minute `time` lies before the end of segment `n`. */
function point(name: string, n: number, time: number): Entry {
  return { kind: 'point', chain: name, at: positionText(BigInt((n + 1) * segmentBytes)), time: at(time) };
}
function base(name: string, n: number, time: number, id = `${name}-${time}`): Entry {
  return {
    ...{
      kind: 'base',
      base: id,
      chain: name,
      started_at: at(time),
      ended_at: at(time),
      bytes: 1,
      new_bytes: 1,
      parts: 1,
    },
    from: positionText(BigInt(n * segmentBytes + 40)),
    to: positionText(BigInt(n * segmentBytes + 90)),
    index: { file: `parts/${id}`, ...stored },
  };
}

const plain = [
  chain('a'),
  segment('a', 1),
  segment('a', 2),
  point('a', 2, 20),
  base('a', 2, 10),
  segment('a', 3),
  point('a', 3, 30),
];
const two = [...plain, base('a', 4, 35), segment('a', 4), segment('a', 5), point('a', 5, 50)];
const broken = two.filter((entry) => entry.kind !== 'wal' || entry.file !== 'wal/a/3');
const lost: Entry[] = [
  ...plain,
  { kind: 'end', chain: 'a', reason: 'slot_lost' },
  chain('b'),
  segment('b', 9),
  base('b', 9, 100),
  point('b', 9, 110),
];
const pieces = [
  chain('a'),
  segment('a', 1),
  base('a', 1, 10),
  piece('a', 2, 0, 100),
  piece('a', 2, 100, 256),
  point('a', 2, 20),
];

test('the base and the log for a time', () => {
  const cases: [what: string, entries: Entry[], time: number | undefined, got: string][] = [
    ['the end', plain, undefined, 'a-10 4'],
    ['a time within', plain, 25, 'a-10 4'],
    ['a time within, less log', plain, 15, 'a-10 3'],
    ['the very first', plain, 10, 'a-10 3'],
    ['the very last', plain, 30, 'a-10 4'],
    ['before the first', plain, 9, `backup_time_unreachable ${at(10)} ${at(30)}`],
    ['after the last', plain, 31, `backup_time_unreachable ${at(10)} ${at(30)}`],
    ['the newer base', two, 40, 'a-35 6'],
    ['the older base', two, 34, 'a-10 6'],
    ['a gap behind the older base', broken, 25, `backup_wal_missing ${at(20)}`],
    ['a gap that does not matter', broken, 15, 'a-10 3'],
    ['a gap before the newer base', broken, 45, 'a-35 6'],
    ['no gap for the newest', broken, undefined, 'a-35 6'],
    ['a chain that was lost', lost, 25, 'a-10 4'],
    ['between two chains', lost, 50, `backup_time_unreachable ${at(10)} ${at(110)}`],
    ['the new chain', lost, undefined, 'b-100 10'],
    ['pieces of a segment', pieces, 20, 'a-10 3'],
    [
      'pieces, the first is missing',
      pieces.filter((_, index) => index !== 3),
      undefined,
      `backup_wal_missing ${at(10)}`,
    ],
    ['no base', [chain('a'), segment('a', 1)], undefined, 'backup_not_found'],
  ];
  for (const [what, entries, minute, expected] of cases) {
    const time = minute === undefined ? undefined : at(minute);
    let got: string;
    try {
      const plan = planRestore(entries, { time });
      got = `${plan.base.base} ${Number(walUpTo(plan, entries, time)) / segmentBytes}`;
    } catch (error) {
      if (!(error instanceof LongmenError)) throw error;
      const { earliest, latest } = error.meta;
      got = [error.code, earliest, latest].filter((part) => part !== undefined).join(' ');
    }
    assert.equal(got, expected, what);
  }
});

test('a missing segment is named as PostgreSQL names it', () => {
  assert.throws(() => planRestore(broken, { time: at(25) }), {
    code: 'backup_wal_missing',
    meta: { segment: '000000010000000000000003', latest: at(20) },
  });
});

test('pieces go when their segment is whole, points but the last of a segment as well', () => {
  const entries = [...pieces, segment('a', 2), point('a', 2, 21)];
  assert.deepEqual(
    thinned(entries).map((entry) => ('file' in entry ? entry.file : entry.kind)),
    ['chain', 'wal/a/1', 'base', 'wal/a/2', 'point'],
  );
  assert.equal(openChain(entries)?.chain, 'a');
  assert.equal(openChain(lost)?.chain, 'b');
  assert.equal(openChain(lost.slice(0, 8)), undefined);
  const [first] = entries;
  assert.ok(first?.kind === 'chain');
  assert.equal(Number(archivedFrom(entries, first)) / segmentBytes, 3);
});

test('retention keeps every time it promises, and the newest base', () => {
  /** Hours between base backups, 2 segments each; a chain ends when told so. */
  const step = fc.record({ hours: fc.integer({ min: 1, max: 40 }), ends: fc.boolean() });
  fc.assert(
    fc.property(
      fc.array(step, { minLength: 1, maxLength: 8 }),
      fc.integer({ min: 1, max: 4 }),
      fc.integer({ min: 0, max: 3 }),
      (steps, bases, days) => {
        const entries: Entry[] = [];
        let [minute, n, number] = [0, 1, 0];
        entries.push(chain('c0'));
        for (const { hours, ends } of steps) {
          const name = `c${number}`;
          entries.push(segment(name, n), base(name, n, minute), point(name, n, minute + 1), segment(name, n + 1));
          minute += hours * 60;
          entries.push(point(name, n + 1, minute - 1));
          n += 2;
          if (!ends) continue;
          entries.push({ kind: 'end', chain: name, reason: 'slot_lost' }, chain(`c${++number}`));
        }
        const kept = retained(entries, { bases, days }, at(minute));
        const before = recoverable(entries);
        const after = recoverable(kept);
        assert.equal(after.at(-1)?.base.base, before.at(-1)?.base.base);
        assert.ok(after.length >= Math.min(bases, before.length));
        for (const one of after)
          assert.equal(one.latest, before.find(({ base: same }) => same.base === one.base.base)?.latest);
        for (let time = Math.max(0, minute - days * 1440); time < minute; time += 97) {
          const reach = (list: Entry[]) => {
            try {
              return planRestore(list, { time: at(time) }).base.base;
            } catch {
              return null;
            }
          };
          assert.equal(reach(kept), reach(entries), at(time));
        }
        assert.equal(openChain(kept)?.chain, openChain(entries)?.chain);
      },
    ),
    { numRuns: 200 },
  );
});
