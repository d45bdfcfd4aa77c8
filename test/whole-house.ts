/** The house with all its doors, as the server opens it, for tests that look at every route. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { openLedger } from '#engines/ledger';
import { openProcesses } from '#engines/process';
import type { UnitInput } from '#kernel/access';
import { createBook } from '#kernel/events';
import type { GuardedRoute } from '#kernel/http';
import { openNotifier } from '#kernel/notifications';
import { createToken } from '#kernel/tokens';
import { loopbackNetworks, openWebhooks } from '#kernel/webhooks';
import { openBooks } from '#systems/books';
import { openAuditEvidence, openPostingEvidence } from '#systems/evidence';
import { routeModules } from '../src/apps/server/modules.ts';
import type { Cleanup } from './database.ts';
import { type Call, caller } from './http.ts';
import { type House, house } from './identity.ts';
import { timeZone } from './ledger.ts';

export interface WholeHouse extends House {
  /** Every route, but for those of HEAD, by address and method. */
  readonly routes: readonly GuardedRoute[];
  /** Calls below /api/v1 with a new token that holds permissions in a unit. */
  as(permissions: readonly string[], unit?: string, name?: string): Promise<Call>;
  /** The headers of such a token. */
  headersOf(permissions: readonly string[], unit?: string, name?: string): Promise<{ authorization: string }>;
  /** Makes a unit of the organisation. */
  unit(input: UnitInput): Promise<void>;
}

export async function wholeHouse(t: Cleanup): Promise<WholeHouse> {
  const routes: GuardedRoute[] = [];
  const built = await house(
    t,
    {},
    {
      audited: true,
      onRoute: (route) => void routes.push(route),
      routes: (identity, folder) => async (app, deps) => {
        const { db, clock, log } = deps;
        const ledger = openLedger({ db, clock, timeZone });
        const evidenceDeps = { db, clock, folder: join(folder, 'evidence'), origin: 'longmen.test', log };
        const notifier = openNotifier({ db, clock, log });
        t.after(async () => notifier.close());
        const rooms = {
          db,
          clock,
          identity,
          ledger,
          books: openBooks({ db, clock, ledger }),
          evidence: openPostingEvidence(evidenceDeps),
          auditEvidence: openAuditEvidence(evidenceDeps),
          notifier,
          webhooks: openWebhooks({ db, clock, log, allowedNetworks: loopbackNetworks }),
          processes: openProcesses({ db, clock, timeZone, functions: {}, log }),
          timeZone,
        };
        t.after(() => ledger.close());
        for (const module of routeModules(rooms)) await app.register(async (scope) => module(scope, deps));
      },
    },
  );
  const { db, clock } = built;
  await db.transaction((tx) => createBook(tx, { code: 'main', name: 'Main' }, clock));
  async function headersOf(permissions: readonly string[], unit = 'institution', name = 'machine') {
    const { rows } = await db.query<{ unitId: number }>('select unit_id as "unitId" from kernel.unit where code = $1', [
      unit,
    ]);
    const { secret } = await createToken(db, name, clock, { permissions, unitId: rows[0]?.unitId });
    return { authorization: `Bearer ${secret}` };
  }
  return {
    ...built,
    routes: routes
      .filter(({ method }) => method !== 'HEAD')
      .sort((left, right) => (orderOf(left) < orderOf(right) ? -1 : 1)),
    headersOf,
    as: async (...of) => caller({ url: built.url, authorized: await headersOf(...of) }, '/api/v1'),
    async unit(input) {
      // Over HTTP, so that the server knows of it at once.
      const { status, body } = await built.call('POST', '/units', input);
      assert.equal(status, 201, JSON.stringify(body));
    },
  };
}

const orderOf = ({ url, method }: GuardedRoute) => `${url} ${method}`;
