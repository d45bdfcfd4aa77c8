/**
 * The process that measures the baseline: the books as a program without a ledger keeps them, in the same PostgreSQL.
 * One transaction per transfer: two account updates and one history insert, prepared, each client on a connection of
 * its own. It checks no limit, knows no id twice, and has one clock.
 */
import pg from 'pg';
import { seededRandom } from './choose.ts';
import { Window } from './window.ts';
import { serve } from './worker.ts';

export interface BaselineShape {
  readonly clients: number;
  readonly warmupMs: number;
  readonly windowMs: number;
  readonly seed: number;
  /** Send the five statements of a transaction at once, instead of each after the answer to the one before. */
  readonly pipelined: boolean;
}

export type BaselineWork = {
  /** Makes the tables, with `accounts` accounts, in the database at `url`. */
  readonly open: {
    readonly input: { readonly url: string; readonly accounts: number };
    readonly output: { readonly seconds: number };
  };
  readonly run: {
    readonly input: BaselineShape;
    readonly output: { readonly perSecond: number; readonly loadCores: number };
  };
  /** Compares the history with the transactions that were answered, and drops the tables. */
  readonly close: { readonly input: null; readonly output: { readonly transactions: number } };
};

// Half of each page is left free, as the ledger does for its balances: an update then stays on its page and touches no
// index. Neither the history nor its accounts are indexed or foreign keys; that could only cost.
const tables = `
  create schema baseline;
  create table baseline.account (account_id integer primary key, balance_minor bigint not null) with (fillfactor = 50);
  create table baseline.history (
    debit_account_id integer not null, credit_account_id integer not null, amount_minor bigint not null,
    recorded_at timestamptz not null
  );`;
const update = {
  name: 'update',
  text: 'update baseline.account set balance_minor = balance_minor + $2 where account_id = $1',
};
const insert = {
  name: 'insert',
  text: 'insert into baseline.history values ($1, $2, $3, current_timestamp)',
};

let url: string;
let accounts: number;
let transactions = 0;

serve<BaselineWork>({ open, run, close });

async function open(input: BaselineWork['open']['input']): Promise<{ seconds: number }> {
  const startedMs = performance.now();
  ({ url, accounts } = input);
  await withClients(1, false, async ([client]) => {
    await client?.query(tables);
    await client?.query('insert into baseline.account select n, 0 from generate_series(0, $1::integer - 1) n', [
      accounts,
    ]);
    await client?.query('vacuum analyze baseline.account');
  });
  return { seconds: (performance.now() - startedMs) / 1000 };
}

async function run(shape: BaselineShape): Promise<BaselineWork['run']['output']> {
  const { clients, warmupMs, windowMs, seed, pipelined } = shape;
  return withClients(clients, pipelined, async (connections) => {
    const random = seededRandom(seed);
    const startedMs = performance.now();
    const startedCpu = process.cpuUsage();
    const window = new Window({ warmupMs, windowMs, leastAnswers: 2 * clients });
    const work = async (client: pg.Client) => {
      while (!window.closed) {
        const statements = transaction(random);
        if (pipelined) await Promise.all(statements.map((statement) => client.query(statement)));
        else for (const statement of statements) await client.query(statement);
        transactions++;
        window.answered(1);
      }
    };
    await Promise.all(connections.map(work));
    const cpu = process.cpuUsage(startedCpu);
    return {
      perSecond: window.perSecond(),
      loadCores: (cpu.user + cpu.system) / 1000 / (performance.now() - startedMs),
    };
  });
}

/** Both accounts are updated in the order of their numbers, so that transactions do not deadlock. */
function transaction(random: () => number): pg.QueryConfig[] {
  const debit = Math.floor(random() * accounts);
  const credit = (debit + 1 + Math.floor(random() * (accounts - 1))) % accounts;
  const amount = 100 + Math.floor(random() * 900);
  const take = { ...update, values: [debit, -amount] };
  const give = { ...update, values: [credit, amount] };
  const updates = debit < credit ? [take, give] : [give, take];
  return [{ text: 'begin' }, ...updates, { ...insert, values: [debit, credit, amount] }, { text: 'commit' }];
}

async function close(): Promise<{ transactions: number }> {
  return withClients(1, false, async ([client]) => {
    const found = await client?.query<{ transactions: string; balance: string }>(
      `select (select count(*) from baseline.history) as transactions,
        (select sum(balance_minor) from baseline.account) as balance`,
    );
    const row = found?.rows[0];
    if (row?.transactions !== String(transactions) || row.balance !== '0') {
      throw new Error(`${transactions} transactions were answered, but the tables hold ${JSON.stringify(row)}`);
    }
    await client?.query('drop schema baseline cascade');
    return { transactions };
  });
}

async function withClients<T>(
  count: number,
  pipelined: boolean,
  work: (clients: readonly pg.Client[]) => Promise<T>,
): Promise<T> {
  const clients = Array.from({ length: count }, () => new pg.Client({ connectionString: url, pipeline: pipelined }));
  try {
    await Promise.all(clients.map((client) => client.connect()));
    return await work(clients);
  } finally {
    await Promise.all(clients.map((client) => client.end()));
  }
}
