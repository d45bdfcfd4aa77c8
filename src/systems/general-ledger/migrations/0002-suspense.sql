-- Suspense accounts (挂账): which they are, how their items age, and what was matched by hand. What clears what by
-- reversal, reference or age is not stored: it follows from the journal.

-- Says of an account that it is a suspense account, or no longer is; the latest word counts, and goes before the mark of
-- its code. Append-only.
create table general_ledger.suspense_mark (
  book_id integer not null,
  account_id uuid not null,
  number integer not null,
  marked boolean not null,
  actor text not null,
  reason text,
  recorded_at timestamptz not null,
  primary key (book_id, account_id, number)
);

-- How items age, per chart-of-accounts code; '' for all codes without a rule of their own.
create table general_ledger.suspense_rule (
  book_id integer not null,
  code text not null,
  bucket_days integer[] not null,
  limit_days integer not null check (limit_days >= 0),
  changed_at timestamptz not null,
  changed_by text not null,
  primary key (book_id, code)
);

-- Matches made by hand, and their ends. Append-only, both.
create table general_ledger.suspense_match (
  book_id integer not null,
  match_id uuid not null,
  account_id uuid not null,
  item_id uuid not null,
  clearing_id uuid not null,
  amount_minor bigint not null check (amount_minor > 0),
  actor text not null,
  reason text,
  recorded_at timestamptz not null,
  primary key (book_id, match_id)
);
create index suspense_match_account on general_ledger.suspense_match (book_id, account_id, recorded_at);

create table general_ledger.suspense_match_end (
  book_id integer not null,
  match_id uuid not null,
  actor text not null,
  reason text not null,
  recorded_at timestamptz not null,
  primary key (book_id, match_id),
  foreign key (book_id, match_id) references general_ledger.suspense_match (book_id, match_id)
);

grant select, insert on general_ledger.suspense_mark, general_ledger.suspense_rule, general_ledger.suspense_match,
  general_ledger.suspense_match_end to longmen_app;
grant update (bucket_days, limit_days, changed_at, changed_by) on general_ledger.suspense_rule to longmen_app;
