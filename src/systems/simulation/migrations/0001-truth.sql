-- The hidden truth of a simulated book: what belongs to which pattern, and which patterns were meant. The application may
-- write it while it simulates and may never read it, so that nothing that decides can look. The owner role reads.

create table simulation.truth_pattern (
  book_id integer not null,
  pattern_id uuid not null,
  typology text not null,
  shape text not null,
  truth text not null check (truth in ('guilty', 'innocent')),
  first_day date not null,
  primary key (book_id, pattern_id)
);

create table simulation.truth_account (
  book_id integer not null,
  pattern_id uuid not null,
  account_id uuid not null,
  role text not null check (role in ('hub', 'member', 'source', 'receiver', 'insider', 'victim', 'bystander')),
  primary key (book_id, pattern_id, account_id)
);

create table simulation.truth_transaction (
  book_id integer not null,
  transfer_id uuid not null,
  pattern_id uuid not null,
  occurred_at timestamptz not null,
  primary key (book_id, transfer_id)
);

-- No select, no update, no delete: a row can be added, and then only the owner can look at it. The function keeps that
-- repeatable without a right to read: the same simulation again adds nothing.
create function simulation.tell_truth(
  book integer,
  patterns uuid[], typologies text[], shapes text[], truths text[], first_days date[],
  member_patterns uuid[], accounts uuid[], roles text[],
  transfers uuid[], transfer_patterns uuid[], occurred timestamptz[]
) returns void language sql security definer set search_path = pg_catalog, pg_temp as $$
  insert into simulation.truth_pattern (book_id, pattern_id, typology, shape, truth, first_day)
  select book, p, t, s, h, d from unnest(patterns, typologies, shapes, truths, first_days) as x (p, t, s, h, d)
  on conflict do nothing;
  insert into simulation.truth_account (book_id, pattern_id, account_id, role)
  select book, p, a, r from unnest(member_patterns, accounts, roles) as x (p, a, r)
  on conflict do nothing;
  insert into simulation.truth_transaction (book_id, transfer_id, pattern_id, occurred_at)
  select book, t, p, o from unnest(transfers, transfer_patterns, occurred) as x (t, p, o)
  on conflict do nothing;
$$;

revoke all on function simulation.tell_truth from public;
grant execute on function simulation.tell_truth to longmen_app;
