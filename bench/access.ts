/**
 * `npm run bench access`: what asking for permission costs per request. The same route, with the same work (one small query),
 * is served by the house (token, permission, visibility, context, row-level security) and by a bare Fastify that knows none
 * of it, on the same database in the same process. Requests to both are made in turn, one at a time; the overhead is
 * the difference. `docs/benchmarks.md` says what each result means.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Fastify from 'fastify';
import { createUnit } from '#kernel/access';
import { systemClock } from '#kernel/clock';
import { openDatabase } from '#kernel/database';
import { buildHttp, type RouteModule } from '#kernel/http';
import { createLog } from '#kernel/log';
import { createMetrics } from '#kernel/metrics';
import { createToken, createTokenVerifier } from '#kernel/tokens';
import type { BenchOptions, Result } from './lib/contract.ts';

/** Units that the scoped actor sees: a large branch with its teams. */
const TEAMS = 30;
const ROUNDS = 20;
const URL = '/api/v1/work';

interface Served {
  readonly name: string;
  request(): Promise<void>;
  /** Milliseconds of every request, by round. */
  readonly rounds: number[][];
}

export async function run({ progress, args }: BenchOptions): Promise<readonly Result[]> {
  const perRound = args.includes('--quick') ? 20 : 500;
  const folder = mkdtempSync(join(tmpdir(), 'longmen-bench-access-'));
  const clock = systemClock();
  const log = createLog('silent');
  const db = await openDatabase({
    dataFolder: folder,
    databaseUrl: undefined,
    appDatabaseUrl: undefined,
    databasePool: 1,
  });
  try {
    const branch = await db.transaction(async (tx) => {
      const made = await createUnit(tx, { code: 'branch', name: 'Branch', kind: 'branch' }, clock);
      for (let team = 0; team < TEAMS; team += 1) {
        await createUnit(tx, { code: `team-${team}`, name: 'Team', kind: 'team', parent: 'branch' }, clock);
      }
      return made;
    });
    const permissions = ['ledger.*:read', 'account_centre:*', 'party:*', 'bench.work:read'];
    const everywhere = await createToken(db, 'everywhere', clock, { permissions });
    const scoped = await createToken(db, 'scoped', clock, { permissions, unitId: branch.unitId });
    const tokens = createTokenVerifier({ db, clock });

    const answer = async () => (await db.query<{ one: number }>('select 1 as one', [], { prepare: true })).rows[0];
    const work: RouteModule = (app) => {
      app.get('/work', { config: { permission: 'bench.work:read' } }, answer);
    };
    const options = { config: { bodyLimitMib: 1 }, db, clock, log, metrics: createMetrics(), tokens };
    const house = await buildHttp(options, [work]);
    const bare = Fastify();
    bare.get(URL, answer);
    await bare.ready();

    const served = (
      name: string,
      inject: (headers: Record<string, string>) => Promise<number>,
      secret = '',
    ): Served => ({
      name,
      rounds: [],
      async request() {
        const status = await inject(secret === '' ? {} : { authorization: `Bearer ${secret}` });
        if (status !== 200) throw new Error(`${name}: ${status}`);
      },
    });
    const ofHouse = async (headers: Record<string, string>) => (await house.inject({ url: URL, headers })).statusCode;
    const ofBare = async (headers: Record<string, string>) => (await bare.inject({ url: URL, headers })).statusCode;
    const houses = {
      bare: served('bare', ofBare),
      everywhere: served('everywhere', ofHouse, everywhere.secret),
      scoped: served('scoped', ofHouse, scoped.secret),
      switched: served('switched', ofHouse, scoped.secret),
    };
    for (let round = -1; round < ROUNDS; round += 1) {
      for (const one of Object.values(houses)) one.rounds.push([]);
      for (const one of [houses.bare, houses.everywhere, houses.scoped]) {
        for (let turn = 0; turn < perRound; turn += 1) await measure(one);
      }
      // On the one connection there is, somebody else's visibility was used just before.
      for (let turn = 0; turn < perRound / 2; turn += 1) {
        await houses.everywhere.request();
        await measure(houses.switched);
      }
      // The first round is for the compiler.
      if (round < 0) for (const one of Object.values(houses)) one.rounds.length = 0;
      progress(round + 1, ROUNDS);
    }
    await Promise.all([house.close(), bare.close()]);
    return results(houses);
  } finally {
    await db.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function measure(one: Served): Promise<void> {
  const started = performance.now();
  await one.request();
  one.rounds.at(-1)?.push(performance.now() - started);
}

function results(houses: Readonly<Record<'bare' | 'everywhere' | 'scoped' | 'switched', Served>>): Result[] {
  // Of the rounds the best: what slows a shared machine down for a while costs single rounds, on either side.
  const at = ({ rounds }: Served, share: number) =>
    Math.min(
      ...rounds.map((took_ms) => {
        const sorted = took_ms.toSorted((left, right) => left - right);
        return sorted[Math.floor(share * (sorted.length - 1))] ?? 0;
      }),
    );
  return (
    [
      ['p50', 0.5],
      ['p99', 0.99],
    ] as const
  ).flatMap(([share, of]) => {
    const baseline = `bare_request_${share}_ms`;
    const bare = at(houses.bare, of);
    return [
      ...(['everywhere', 'scoped', 'switched'] as const).flatMap((name) => {
        const value = at(houses[name], of);
        return [
          { name: `overhead_${name}_${share}_ms`, value: value - bare, unit: 'ms' },
          { name: `${name}_request_${share}_ms`, value, unit: 'ms', baseline, ratio: value / bare },
        ];
      }),
      { name: baseline, value: bare, unit: 'ms' },
    ];
  });
}
