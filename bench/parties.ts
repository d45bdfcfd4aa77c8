/**
 * `npm run bench parties`: checks of uniqueness a second of new parties against a million, each check asked by itself by
 * callers at the same time, and how long one takes; beside looking up the exact name and birth date, and beside reading all
 * names. Half of those checked are nobody known, half are known people with a mistake (bench/parties/people.ts) and
 * without a document; how many of these are found, and how many strangers are taken for somebody, is measured as well.
 * Everything runs in this one process beside the embedded PostgreSQL. Each rate is the best of its rounds.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { connect, type Database, openDatabase, useEmbeddedServer } from '#kernel/database';
import { checkUniqueness, type PartyFacts, searchKey } from '#systems/parties';
import { percentile } from './ledger/results.ts';
import type { BenchOptions, Result } from './lib/contract.ts';
import { fill, idOf, peopleOf } from './parties/fill.ts';
import { again, MISTAKES, person, randomFrom } from './parties/people.ts';

const CALLERS = 8;
const BATCH = 100;

interface Probe {
  readonly facts: PartyFacts;
  /** Who it is; null for a stranger. */
  readonly of: string | null;
  readonly mistake: string;
}

export async function run({ log, progress, args }: BenchOptions): Promise<readonly Result[]> {
  const option = { type: 'string' } as const;
  const { values } = parseArgs({
    args: [...args],
    options: { parties: option, seconds: option, rounds: option, probes: option, quick: { type: 'boolean' } },
  });
  const quick = values.quick === true;
  const parties = Number(values.parties ?? (quick ? 2_000 : 1_000_000));
  const windowMs = Number(values.seconds ?? (quick ? 0.3 : 10)) * 1000;
  const rounds = Number(values.rounds ?? (quick ? 1 : 3));
  const count = Number(values.probes ?? (quick ? 200 : 4_000));
  const folder = mkdtempSync(join(tmpdir(), 'longmen-bench-'));
  const server = await useEmbeddedServer(join(folder, 'server'));
  const db = await openDatabase({
    dataFolder: folder,
    databaseUrl: server.ownerUrl,
    appDatabaseUrl: server.appUrl,
    databasePool: CALLERS,
  });
  try {
    const startedMs = performance.now();
    await fill(db, parties, (done) => progress(done, parties, 'parties'));
    log(`${parties} parties in ${Math.round((performance.now() - startedMs) / 1000)} s`);
    // What the server does by itself in the minutes after such a load, it does before the clock runs.
    const owner = await connect(server.ownerUrl);
    await owner.query('vacuum (analyze)').finally(() => owner.end());
    const probes = probesOf(parties, count);
    await atOnce(windowMs / 2, probes, (probe) => checkUniqueness(db, [probe.facts]));
    const checks: Window[] = [];
    const batches: Window[] = [];
    const exact: Window[] = [];
    for (let round = 0; round < rounds; round += 1) {
      progress(round, rounds, 'checks');
      checks.push(await atOnce(windowMs, probes, (probe) => checkUniqueness(db, [probe.facts])));
      exact.push(await atOnce(windowMs, probes, (probe) => exactName(db, probe.facts)));
      batches.push(await inBatches(db, windowMs, probes));
      log(
        `round ${round + 1}: ${checks.at(-1)?.perSecond.toFixed(0)} checks/s, ${exact.at(-1)?.perSecond.toFixed(0)} names/s`,
      );
    }
    const scans = await scanRate(db, probes.slice(0, quick ? 2 : 10));
    const quality = await measureQuality(db, probes, log);
    const best = (windows: readonly Window[]) => Math.max(...windows.map(({ perSecond }) => perSecond));
    const p99 = (windows: readonly Window[]) =>
      Math.min(...windows.map(({ latenciesMs }) => percentile(latenciesMs, 99)));
    const rate = best(checks);
    const baseline = 'exact_name_rate';
    return [
      { name: 'match_rate', value: rate, unit: 'checks/s', baseline, ratio: rate / best(exact) },
      {
        name: 'match_p99_ms',
        value: p99(checks),
        unit: 'ms',
        baseline: 'exact_name_p99_ms',
        ratio: p99(checks) / p99(exact),
      },
      {
        name: 'match_batch_rate',
        value: best(batches),
        unit: 'checks/s',
        baseline: 'match_rate',
        ratio: best(batches) / rate,
      },
      { name: baseline, value: best(exact), unit: 'lookups/s' },
      { name: 'exact_name_p99_ms', value: p99(exact), unit: 'ms' },
      { name: 'match_over_scan', value: rate / scans, unit: 'x', baseline: 'scan_rate', ratio: rate / scans },
      { name: 'scan_rate', value: scans, unit: 'scans/s' },
      ...quality,
      { name: 'parties', value: parties, unit: 'parties' },
    ];
  } finally {
    await db.close();
    await server.release();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Strangers and known people with each mistake in turn, mixed. */
function probesOf(parties: number, count: number): Probe[] {
  const random = randomFrom(7);
  const mistakes = Object.entries(MISTAKES);
  const probes: Probe[] = [];
  const stride = Math.max(Math.floor(parties / Math.ceil(count / 2)), 1);
  let place = 0;
  for (const known of peopleOf(parties)) {
    const [name, mistake] = mistakes[probes.length % mistakes.length] ?? [];
    if (place % stride === 0 && name !== undefined && mistake !== undefined) {
      probes.push({ facts: again(known, mistake, random), of: idOf(place), mistake: name });
    }
    place += 1;
  }
  const strangers = probes.map(
    (): Probe => ({ facts: { ...person(random), identifiers: [] }, of: null, mistake: 'stranger' }),
  );
  return probes.flatMap((probe, at) => [probe, strangers[at] ?? probe]);
}

interface Window {
  readonly perSecond: number;
  readonly latenciesMs: readonly number[];
}

/** As many as can be asked by {@link CALLERS} callers, each one after the other. */
async function atOnce(
  windowMs: number,
  probes: readonly Probe[],
  ask: (probe: Probe) => Promise<unknown>,
): Promise<Window> {
  const latenciesMs: number[] = [];
  let next = 0;
  const started = performance.now();
  await Promise.all(
    Array.from({ length: CALLERS }, async () => {
      while (performance.now() - started < windowMs) {
        const probe = probes[next++ % probes.length];
        if (probe === undefined) return;
        const asked = performance.now();
        await ask(probe);
        latenciesMs.push(performance.now() - asked);
      }
    }),
  );
  return { perSecond: (latenciesMs.length * 1000) / (performance.now() - started), latenciesMs };
}

async function inBatches(db: Database, windowMs: number, probes: readonly Probe[]): Promise<Window> {
  let at = 0;
  const { perSecond, latenciesMs } = await atOnce(windowMs, probes, () => {
    const batch = Array.from({ length: BATCH }, (_, place) => probes[(at + place) % probes.length]?.facts);
    at += BATCH;
    return checkUniqueness(
      db,
      batch.filter((facts) => facts !== undefined),
    );
  });
  return { perSecond: perSecond * BATCH, latenciesMs };
}

/** What a program does that looks for the name as it is written and the birth date. */
async function exactName(db: Database, facts: PartyFacts): Promise<string[]> {
  const { rows } = await db.query<{ id: string }>(
    `select p.party_id as id from parties.party_name n join parties.party p on p.party_id = n.party_id
      where n.search_key = $1 and n.ended_at is null and p.birth_date = $2`,
    [searchKey(facts.names[0] ?? ''), facts.birthDate ?? null],
    { prepare: true },
  );
  return rows.map(({ id }) => id);
}

/** What a program does that has no index: reads all names for one like it. */
async function scanRate(db: Database, probes: readonly Probe[]): Promise<number> {
  const started = performance.now();
  for (const { facts } of probes) {
    await db.query("select party_id from parties.party_name where value like '%' || $1 || '%'", [facts.names[0]]);
  }
  return (probes.length * 1000) / (performance.now() - started);
}

async function measureQuality(db: Database, probes: readonly Probe[], log: (text: string) => void): Promise<Result[]> {
  const found = new Map<string, { asked: number; found: number; proposed: number }>();
  let exactFound = 0;
  let known = 0;
  let candidates = 0;
  for (let start = 0; start < probes.length; start += BATCH) {
    const batch = probes.slice(start, start + BATCH);
    const results = await checkUniqueness(
      db,
      batch.map(({ facts }) => facts),
    );
    for (const [place, { of, mistake, facts }] of batch.entries()) {
      const { matches = [], compared = 0 } = results[place] ?? {};
      candidates += compared;
      const sum = found.get(mistake) ?? { asked: 0, found: 0, proposed: 0 };
      found.set(mistake, sum);
      sum.asked += 1;
      const wanted = of === null ? matches : matches.filter(({ partyId }) => partyId === of);
      if (wanted.length > 0) sum.found += 1;
      if (wanted.some(({ verdict }) => verdict !== 'unsure')) sum.proposed += 1;
      if (of === null) continue;
      known += 1;
      if ((await exactName(db, facts)).includes(of)) exactFound += 1;
    }
  }
  for (const [mistake, { asked, found: some, proposed }] of found) {
    log(`${mistake}: ${asked} asked, ${some} found, of these ${proposed} proposed`);
  }
  const strangers = found.get('stranger') ?? { asked: 1, found: 0, proposed: 0 };
  const all = [...found].filter(([mistake]) => mistake !== 'stranger').map(([, sum]) => sum);
  const share = (part: 'found' | 'proposed') => all.reduce((sum, each) => sum + each[part], 0) / Math.max(known, 1);
  return [
    {
      name: 'found_rate',
      value: share('found'),
      unit: 'of known',
      baseline: 'exact_name_found_rate',
      ratio: share('found') / Math.max(exactFound / Math.max(known, 1), Number.MIN_VALUE),
    },
    { name: 'exact_name_found_rate', value: exactFound / Math.max(known, 1), unit: 'of known' },
    { name: 'proposed_rate', value: share('proposed'), unit: 'of known' },
    { name: 'false_proposed_rate', value: strangers.proposed / strangers.asked, unit: 'of strangers' },
    {
      name: 'false_unsure_rate',
      value: (strangers.found - strangers.proposed) / strangers.asked,
      unit: 'of strangers',
    },
    { name: 'candidates_mean', value: candidates / Math.max(probes.length, 1), unit: 'parties' },
  ];
}
