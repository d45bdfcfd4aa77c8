/**
 * A book with years of postings, written by SQL as the ledger would have written them one batch after the other: what
 * reading and verifying are measured on. Posting ten million transfers would take longer than all that is measured.
 */
import pg from 'pg';

export interface History {
  readonly accounts: number;
  readonly postings: number;
  readonly days: number;
  /** ISO date of the first day; as many follow each other. */
  readonly from: string;
}

const CODES = 100;
/** Postings with one recorded instant and one event. */
const BATCH = 1000;

/** Numbers of a history of about `postings` postings: whole batches on each day. */
export function historyOf(postings: number): History {
  const days = Math.min(365, Math.max(1, Math.round(postings / BATCH)));
  const perDay = Math.max(BATCH, Math.round(postings / days / BATCH) * BATCH);
  return { accounts: 100_000, postings: perDay * days, days, from: '2025-01-01' };
}

/** The id of the account with this number, from 0. */
export function historyAccount(number: number): string {
  return `a0000000-0000-7000-8000-${number.toString(16).padStart(12, '0')}`;
}

/**
 * Writes the history into the book `code`, which must exist and be empty.
 * @param databaseUrl of the owner role: indexes are built after the rows.
 */
export async function writeHistory(
  databaseUrl: string,
  code: string,
  { accounts, postings, days, from }: History,
  progress: (day: number) => void,
): Promise<void> {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    const { rows } = await client.query<{ book_id: number }>('select book_id from kernel.book where code = $1', [code]);
    const book = rows[0]?.book_id;
    if (book === undefined) throw new Error(`no book ${code}`);
    await client.query(`set synchronous_commit = off; set maintenance_work_mem = '1GB'; set work_mem = '256MB'`);
    await client.query(`
      create function pg_temp.account(n bigint) returns uuid language sql immutable as
        $$ select ('a0000000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid $$;
      create function pg_temp.transfer(n bigint) returns uuid language sql immutable as
        $$ select ('b0000000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid $$;
      create function pg_temp.recorded(n bigint) returns timestamptz language sql immutable as
        $$ select '2025-01-01T00:00:00Z'::timestamptz + (n - 1) / ${BATCH} * interval '100 ms' $$`);
    await client.query(
      `insert into ledger.account (book_id, account_id, currency, code, side, name, opened_at)
       select $1, pg_temp.account(n), 'CNY', (1000 + n % ${CODES})::text, 'credit', '', '2025-01-01T00:00:00Z'
       from generate_series(0, $2::bigint - 1) n`,
      [book, accounts],
    );
    await client.query('drop index ledger.transfer_debit, ledger.transfer_credit');
    const perDay = postings / days;
    for (let day = 0; day < days; day++) {
      await client.query(dayOfHistory, [book, day * perDay + 1, perDay, accounts, from, day]);
      progress(day);
    }
    await client.query(
      `create index transfer_debit on ledger.transfer (book_id, debit_account_id, effective_date, sequence);
       create index transfer_credit on ledger.transfer (book_id, credit_account_id, effective_date, sequence)`,
    );
    await client.query(
      `insert into ledger.answer (book_id, transfer_id, fingerprint, code, sequence, recorded_at)
       select book_id, transfer_id, sha256(uuid_send(transfer_id)), 0, sequence, recorded_at
       from ledger.transfer where book_id = $1 order by sequence`,
      [book],
    );
    await client.query(
      `insert into ledger.balance (book_id, account_id, debits_posted, credits_posted)
       select a.book_id, a.account_id, coalesce(sum(e.debits_posted), 0), coalesce(sum(e.credits_posted), 0)
       from ledger.account a left join ledger.entry e using (book_id, account_id)
       where a.book_id = $1 group by a.book_id, a.account_id`,
      [book],
    );
    await client.query(
      `insert into ledger.code_day
       select book_id, e.currency, a.code, e.effective_date, 0, 0, sum(e.debits_posted), sum(e.credits_posted)
       from ledger.entry e join ledger.account a using (book_id, account_id)
       where book_id = $1 group by book_id, e.currency, a.code, e.effective_date`,
      [book],
    );
    await client.query(
      `insert into ledger.journal_end (book_id, sequence, recorded_at) values ($1, $2, pg_temp.recorded($2))
       on conflict (book_id) do update set sequence = excluded.sequence, recorded_at = excluded.recorded_at`,
      [book, postings],
    );
    await client.query(
      `select kernel.append_events($1, '2025-01-01T00:00:00Z', array_agg(pg_temp.account(n)),
         array_agg('ledger.account_opened'::text), array_agg(pg_temp.account(n)::text),
         array_agg(json_build_object('account_id', pg_temp.account(n), 'currency', 'CNY',
           'code', (1000 + n % ${CODES})::text, 'side', 'credit')::text))
       from generate_series(0, $2::bigint - 1) n`,
      [book, accounts],
    );
    await client.query(
      `select kernel.append_events($1, pg_temp.recorded($2), array_agg(gen_random_uuid() order by n),
         array_agg('ledger.posted'::text order by n), array_agg(n::text order by n),
         array_agg(json_build_object('first_sequence', n::text, 'last_sequence', (n + ${BATCH - 1})::text,
           'transfers', ${BATCH})::text order by n))
       from generate_series(1, $2::bigint, ${BATCH}) n`,
      [book, postings],
    );
    await client.query('vacuum (analyze) ledger.transfer, ledger.answer, ledger.balance, ledger.account, kernel.event');
  } finally {
    await client.end();
  }
}

/** Parameters: book, first sequence, how many, accounts, first date, number of the day. */
const dayOfHistory = `
  with posted as (
    select s, (s * 7919) % $4 as debit, ((s * 7919) % $4 + 1 + (s * 104729) % ($4 - 1)) % $4 as credit, 100 + s % 900 as amount
    from generate_series($2::bigint, $2::bigint + $3::bigint - 1) s
  ),
  entries as (
    select s, account,
      sum(debits) over (partition by account order by s) as debits, sum(credits) over (partition by account order by s) as credits,
      side
    from (
      select s, debit as account, amount as debits, 0 as credits, 'd' as side from posted
      union all
      select s, credit, 0, amount, 'c' from posted
    ) e
  )
  insert into ledger.transfer (book_id, sequence, transfer_id, kind, debit_account_id, credit_account_id, amount_minor,
    currency, effective_date, recorded_at, linked, debit_day_debits_pending, debit_day_credits_pending,
    debit_day_debits_posted, debit_day_credits_posted, credit_day_debits_pending, credit_day_credits_pending,
    credit_day_debits_posted, credit_day_credits_posted)
  select $1, p.s, pg_temp.transfer(p.s), 0, pg_temp.account(p.debit), pg_temp.account(p.credit), p.amount, 'CNY',
    $5::date + $6::integer, pg_temp.recorded(p.s), false, 0, 0, d.debits, d.credits, 0, 0, c.debits, c.credits
  from posted p
  join entries d on d.s = p.s and d.side = 'd'
  join entries c on c.s = p.s and c.side = 'c'
  order by p.s`;
