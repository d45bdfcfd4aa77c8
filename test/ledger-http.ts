/** The ledger's routes on a running server, and a network between server and database that can be cut. */
import assert from 'node:assert/strict';
import { connect, createServer, type Socket } from 'node:net';
import { ledgerRoutes, openLedger } from '#engines/ledger';
import { type Database, openDatabase } from '#kernel/database';
import { createBook } from '#kernel/events';
import { buildHttp } from '#kernel/http';
import { createLog } from '#kernel/log';
import { createMetrics } from '#kernel/metrics';
import { createTokenVerifier } from '#kernel/tokens';
import type { Cleanup } from './database.ts';
import { type Call, caller, type TestServer, testServer } from './http.ts';
import { timeZone } from './ledger.ts';

export interface LedgerServer extends TestServer {
  /** Calls below /api/v1/ledger with a token; `body` is sent as JSON, or as it is when it is text. */
  readonly call: Call;
}

/** A server with the ledger's routes and the book `main`. */
export async function ledgerServer(t: Cleanup): Promise<LedgerServer> {
  const server = await testServer(t, [
    (app, deps) => ledgerRoutes(openLedger({ db: deps.db, clock: deps.clock, timeZone }))(app, deps),
  ]);
  await server.db.transaction((tx) => createBook(tx, { code: 'main', name: 'Main' }, server.clock));
  return { ...server, call: caller(server, '/api/v1/ledger') };
}

/** A second server on the same database, reached through a connection that can be cut and mended. */
export async function serverBehindCable(t: Cleanup, server: LedgerServer) {
  const { appDatabaseUrl } = server.db.config;
  assert.ok(appDatabaseUrl !== undefined);
  const target = new URL(appDatabaseUrl);
  const sockets = new Set<Socket>();
  const join = (socket: Socket) => {
    const onward = connect(Number(target.port), target.hostname);
    for (const [from, to] of [
      [socket, onward],
      [onward, socket],
    ] as const) {
      sockets.add(from);
      from.on('error', () => to.destroy());
      from.on('close', () => to.destroy());
      from.pipe(to);
    }
  };
  let cable = createServer(join);
  const plug = (port: number) => new Promise<void>((resolve) => cable.listen(port, '127.0.0.1', resolve));
  await plug(0);
  const address = cable.address();
  assert.ok(address !== null && typeof address === 'object');
  const { port } = address;
  const through = new URL(appDatabaseUrl);
  through.port = String(port);
  const db: Database = await openDatabase({ ...server.db.config, appDatabaseUrl: through.href }, { migrate: false });
  const { clock } = server;
  const ledger = openLedger({ db, clock, timeZone });
  const app = await buildHttp(
    {
      config: { bodyLimitMib: 1 },
      db,
      clock,
      log: createLog('silent'),
      metrics: createMetrics(),
      tokens: createTokenVerifier({ db: server.db, clock }),
    },
    [ledgerRoutes(ledger)],
  );
  const url = await app.listen({ host: '127.0.0.1', port: 0 });
  const cut = async () => {
    const closed = new Promise((resolve) => cable.close(resolve));
    for (const socket of sockets) socket.destroy();
    sockets.clear();
    await closed;
  };
  t.after(async () => {
    await app.close();
    await db.close();
    await cut();
  });
  return {
    call: caller({ url, authorized: server.authorized }, '/api/v1/ledger'),
    cut,
    async mend() {
      cable = createServer(join);
      await plug(port);
    },
  };
}
