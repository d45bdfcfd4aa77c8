/** The server: opens the house, serves the API, and keeps its clockwork running until it is closed. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Ledger, openLedger } from '#engines/ledger';
import { openProcesses, type ProcessFunction, runWorker } from '#engines/process';
import { assignRole, createAccess, installStandardRoles } from '#kernel/access';
import { createApprovals } from '#kernel/approvals';
import { openTrail, requestAudit } from '#kernel/audit';
import { backupKeyOf, followBackup } from '#kernel/backup';
import type { Clock } from '#kernel/clock';
import type { Config } from '#kernel/config';
import { type Database, lockDataFolder, openDatabase, openReplicationAccess } from '#kernel/database';
import { type Book, createBook, listBooks } from '#kernel/events';
import { buildHttp } from '#kernel/http';
import { firstAdministrator, type NewLink, openIdentity, purgeAttempts } from '#kernel/identity';
import { openJobs } from '#kernel/jobs';
import type { Log } from '#kernel/log';
import { createMetrics } from '#kernel/metrics';
import { installTemplates, openNotifier } from '#kernel/notifications';
import { applyRetention } from '#kernel/retention';
import { createToken, createTokenVerifier, listTokens } from '#kernel/tokens';
import { loopbackNetworks, openWebhooks } from '#kernel/webhooks';
import { openAlerts } from '#systems/account-centre';
import { openBooks } from '#systems/books';
import { evidenceFolder, openAuditEvidence, openPostingEvidence } from '#systems/evidence';
import { followApprovals } from './approvals.ts';
import { routeModules } from './modules.ts';
import { keepersOf } from './retention.ts';

export interface RunningServer {
  /** Where it answers, such as `http://127.0.0.1:8080`. */
  readonly url: string;
  /** The file with the first machine token, when it is there. */
  readonly tokenFile: string | null;
  /** The one-time link of the first administrator, at the very first start only. */
  readonly administratorLink: string | null;
  /** Stops accepting, lets requests finish, and closes the database. May be called twice. */
  close(): Promise<void>;
}

export interface ServerOptions {
  readonly clock: Clock;
  readonly log: Log;
  /** What service tasks of processes call, by name. */
  readonly functions?: Readonly<Record<string, ProcessFunction>>;
}

/** How often pending transfers are looked through for expiry. */
const EXPIRY_INTERVAL_MS = 1_000;
/** How often transfers between books are looked through for what a killed process left. */
const IN_TRANSIT_INTERVAL_MS = 1_000;
/** How often requests that nobody decided in time are ended. */
const APPROVAL_INTERVAL_MS = 30_000;
/** How often a new book is noticed by what runs beside each book. */
const BOOK_INTERVAL_MS = 5_000;
/** When a loop of its own is begun again that could not be begun. */
const RESTART_INTERVAL_MS = 5_000;
/** When data that is old enough is let go of, in the business time zone. */
const RETENTION_TIME = '17 3 * * *';
/** A first run over many years takes its time; what is left undone is done the next day. */
const RETENTION_LIMIT_SECONDS = 12 * 3_600;

/** Starts the application server on a data folder; errors: `data_folder_in_use` and those of the database. */
export async function startServer(config: Config, options: ServerOptions): Promise<RunningServer> {
  const { clock, log, functions = {} } = options;
  const folder = lockDataFolder(config.dataFolder);
  const closers: (() => Promise<void> | void)[] = [() => folder.release()];
  let closing: Promise<void> | undefined;
  const close = () => {
    closing ??= closeAll(closers);
    return closing;
  };
  try {
    const db = await openDatabase(config, { log });
    closers.push(() => db.close());
    const { tokenFile, administrator } = await firstStart(config, db, clock);
    const metrics = createMetrics();
    const ledger = openLedger({ db, clock, timeZone: config.timeZone, metrics });
    closers.push(() => ledger.close());
    const books = openBooks({ db, clock, ledger });
    const trail = openTrail({ db, log });
    closers.push(() => trail.close());
    const evidenceDeps = { db, clock, folder: evidenceFolder(config), origin: config.evidenceOrigin, log };
    const evidence = openPostingEvidence(evidenceDeps);
    const auditEvidence = openAuditEvidence(evidenceDeps);
    const webhooks = openWebhooks({ db, clock, log, allowedNetworks: loopbackNetworks });

    const processes = openProcesses({ db, clock, timeZone: config.timeZone, functions, log });

    await db.transaction((tx) => installTemplates(tx, clock));
    const notifier = openNotifier({ db, clock, log, smtp: mailServer(config) });
    closers.push(() => notifier.close());

    const stop = new AbortController();
    const loops = [
      notifier.run(stop.signal),
      every(EXPIRY_INTERVAL_MS, stop.signal, log, async () => {
        for (const { code } of await listBooks(db)) await expireAll(ledger, code, log);
      }),
      every(IN_TRANSIT_INTERVAL_MS, stop.signal, log, async () => {
        while ((await books.continueDue()) > 0);
      }),
      besideEachBook(db, 'webhook delivery', stop.signal, log, ({ bookId }) => webhooks.run(bookId, stop.signal)),
      besideEachBook(db, 'process work', stop.signal, log, async ({ code }) =>
        runWorker(await processes.of(code), stop.signal),
      ),
    ];
    const alerts = openAlerts({ db, ledger, clock, log });
    loops.push(besideEachBook(db, 'movement alerts', stop.signal, log, (book) => alerts.run(book, stop.signal)));
    if (config.evidence === 'on') {
      loops.push(besideEachBook(db, 'evidence', stop.signal, log, (book) => evidence.run(book, stop.signal)));
      loops.push(every(RESTART_INTERVAL_MS, stop.signal, log, () => auditEvidence.run(stop.signal)));
    }
    closers.push(async () => {
      stop.abort();
      await Promise.all(loops);
    });

    const archiving = archive(config, clock, log, stop.signal).catch((error: unknown) => {
      log.error({ err: error }, 'backup cannot be started');
    });
    closers.push(async () => {
      stop.abort();
      await archiving;
    });

    const jobs = openJobs({ db, log });
    jobs.define({
      name: 'retention',
      timeLimit_seconds: RETENTION_LIMIT_SECONDS,
      handler: async ({ signal }) => {
        await purgeAttempts(db, clock);
        const keepers = keepersOf({ config, db, clock, webhooks, evidence, signal });
        for (const { kind, records, error } of await applyRetention(db, clock, keepers)) {
          if (error !== null) log.error({ err: error, kind }, 'retention failed; it will be tried again tomorrow');
          else if (records > 0) log.info({ kind, records }, 'old data was let go of');
        }
      },
    });
    await jobs.start();
    closers.push(() => jobs.stop());
    await jobs.unschedule('purge');
    await jobs.schedule('retention', RETENTION_TIME, config.timeZone);

    const tokens = createTokenVerifier({ db, clock });
    const access = createAccess({ db, clock });
    const approvals = createApprovals({ db, clock, access });
    approvals.listen(followApprovals(clock));
    loops.push(every(APPROVAL_INTERVAL_MS, stop.signal, log, async () => void (await approvals.expire())));
    const identity = openIdentity({ db, clock, log, config });
    const audit = requestAudit({ trail, clock });
    const people = { sessions: identity.sessions, doors: [identity.door] };
    const { timeZone } = config;
    const modules = routeModules({
      db,
      clock,
      identity,
      ledger,
      books,
      evidence,
      auditEvidence,
      webhooks,
      processes,
      notifier,
      timeZone,
    });
    const options = { config, db, clock, log, metrics, tokens, access, approvals, audit, ...people };
    const app = await buildHttp(options, modules);
    closers.push(async () => void (await app.close()));
    const url = await app.listen({ host: config.host, port: config.port });
    identity.listensAt(url);
    const administratorLink = administrator === null ? null : identity.linkUrl(administrator);
    return { url, tokenFile, administratorLink, close };
  } catch (error) {
    await close();
    throw error;
  }
}

function mailServer({ smtpUrl, smtpFrom }: Config) {
  return smtpUrl === undefined ? undefined : { url: smtpUrl, from: smtpFrom };
}

async function closeAll(closers: (() => Promise<void> | void)[]): Promise<void> {
  for (let closer = closers.pop(); closer !== undefined; closer = closers.pop()) await closer();
}

/**
 * On an empty database: the book `main`, a machine token in the data folder, readable by its owner only, and the first
 * administrator, who gets a one-time link and no password.
 */
async function firstStart(
  config: Config,
  db: Database,
  clock: Clock,
): Promise<{ tokenFile: string | null; administrator: NewLink | null }> {
  const tokenFile = join(config.dataFolder, 'token');
  const administrator = await db.transaction(async (tx) => {
    // Two servers may start on one database at once.
    await tx.query(`select pg_advisory_xact_lock(hashtextextended('apps.server.first_start', 0))`);
    if ((await listBooks(tx)).length === 0) await createBook(tx, { code: 'main', name: 'Main book' }, clock);
    await installStandardRoles(tx, clock);
    if ((await listTokens(tx)).length === 0) {
      const { secret } = await createToken(tx, 'first start', clock);
      writeFileSync(tokenFile, `${secret}\n`, { mode: 0o600 });
    }
    const made = await firstAdministrator(
      tx,
      {
        linkHours: config.linkHours,
        assignAdministrator: async (inner, { staffId }) => {
          await assignRole(inner, { staffId, role: 'administrator', unit: 'institution' }, clock);
        },
      },
      clock,
    );
    return made?.link ?? null;
  });
  const there = existsSync(tokenFile) && readFileSync(tokenFile, 'utf8') !== '';
  return { tokenFile: there ? tokenFile : null, administrator };
}

/** What goes wrong with one book must not keep the others waiting. */
async function expireAll(ledger: Ledger, book: string, log: Log): Promise<void> {
  try {
    while ((await ledger.expireDue(book)) > 0);
  } catch (error) {
    log.warn({ err: error, book }, 'expiry failed; it will be tried again');
  }
}

/** Runs `work` again and again; what fails is logged and tried again after the interval. */
async function every(interval_ms: number, signal: AbortSignal, log: Log, work: () => Promise<void>): Promise<void> {
  while (!signal.aborted) {
    try {
      await work();
    } catch (error) {
      log.warn({ err: error }, 'background work failed; it will be tried again');
    }
    await sleep(interval_ms, undefined, { signal }).catch(() => undefined);
  }
}

/** Backs the institution up while the server runs, when there is a folder for it. */
async function archive(config: Config, clock: Clock, log: Log, signal: AbortSignal): Promise<void> {
  const { backupFolder: folder, dataFolder, backupBaseHours: baseEveryHours } = config;
  if (folder === undefined) return;
  const access = await openReplicationAccess(config, log);
  try {
    await followBackup({
      folder,
      key: backupKeyOf(config),
      access,
      dataFolder,
      clock,
      log,
      signal,
      baseEveryHours,
      retention: { bases: config.backupKeepBases, days: config.backupKeepDays },
      onRunning: ({ latest }) => log.info({ folder, latest }, 'backup running'),
    });
  } finally {
    await access.close();
  }
}

/** One run of `work` per book, also for books that come later; one that ends in an error is started again. */
async function besideEachBook(
  db: Database,
  name: string,
  signal: AbortSignal,
  log: Log,
  work: (book: Book) => Promise<void>,
): Promise<void> {
  const running = new Map<number, Promise<void>>();
  await every(BOOK_INTERVAL_MS, signal, log, async () => {
    for (const book of await listBooks(db)) {
      if (running.has(book.bookId)) continue;
      const loop = work(book).catch((error: unknown) => {
        log.warn({ err: error }, `${name} stopped; it will be started again`);
        running.delete(book.bookId);
      });
      running.set(book.bookId, loop);
    }
  });
  await Promise.all(running.values());
}
