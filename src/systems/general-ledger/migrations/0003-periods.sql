-- Periods (会计期间) and year ends. Up to which dates a book is closed and sealed is a fact of the ledger, which decides
-- by it; here is who did it, when and why. All append-only.

create table general_ledger.period_action (
  book_id integer not null,
  number integer not null,
  period text not null check (period ~ '^\d{4}(-\d{2})?$'),
  action text not null check (action in ('close', 'seal', 'reopen')),
  actor text not null,
  reason text,
  -- What the action left behind.
  closed_through date,
  sealed_through date,
  -- The checks that were made before closing, as they came out.
  checks jsonb not null,
  recorded_at timestamptz not null,
  primary key (book_id, number)
);

create table general_ledger.year_end_action (
  book_id integer not null,
  number integer not null,
  year integer not null,
  action text not null check (action in ('close', 'undo')),
  actor text not null,
  reason text,
  recorded_at timestamptz not null,
  primary key (book_id, number)
);

-- The transfers of year ends: from each account of profit and loss to the profit of the year, from there to retained
-- earnings, and what undid them. An income statement leaves these out.
create table general_ledger.year_end_transfer (
  book_id integer not null,
  transfer_id uuid not null,
  year integer not null,
  action_number integer not null,
  step text not null check (step in ('profit_and_loss', 'appropriation')),
  -- The account that was emptied.
  account_id uuid not null,
  debit_code text not null,
  credit_code text not null,
  currency text not null,
  amount_minor bigint not null check (amount_minor > 0),
  effective_date date not null,
  reverses uuid,
  recorded_at timestamptz not null,
  primary key (book_id, transfer_id)
);
create index year_end_transfer_year on general_ledger.year_end_transfer (book_id, year, account_id);

grant select, insert on general_ledger.period_action, general_ledger.year_end_action, general_ledger.year_end_transfer
  to longmen_app;
