-- What was imported and where it came from. Every table leads with book_id; the money itself is in the ledger.

-- One row per file or folder whose import is complete, by the fingerprint of its content: the same content again has
-- nothing left to do.
create table imports.import_run (
  book_id integer not null,
  kind text not null check (kind in ('berka', 'transfers')),
  fingerprint text not null check (fingerprint ~ '^[0-9a-f]{64}$'),
  files jsonb not null,
  counts jsonb not null,
  started_at timestamptz not null,
  finished_at timestamptz not null,
  primary key (book_id, kind, fingerprint)
);

create table imports.berka_district (
  book_id integer not null,
  district_id integer not null,
  name text not null,
  region text not null,
  inhabitants numeric,
  municipalities_below_500 numeric,
  municipalities_500_to_1999 numeric,
  municipalities_2000_to_9999 numeric,
  municipalities_from_10000 numeric,
  cities numeric,
  urban_inhabitants_percent numeric,
  average_salary_czk numeric,
  unemployment_1995_percent numeric,
  unemployment_1996_percent numeric,
  entrepreneurs_per_1000 numeric,
  crimes_1995 numeric,
  crimes_1996 numeric,
  primary key (book_id, district_id)
);

create table imports.berka_client (
  book_id integer not null,
  client_id integer not null,
  birth_date date not null,
  sex text not null check (sex in ('female', 'male')),
  district_id integer not null,
  primary key (book_id, client_id),
  foreign key (book_id, district_id) references imports.berka_district (book_id, district_id)
);

create table imports.berka_account (
  book_id integer not null,
  account_id integer not null,
  district_id integer not null,
  statement_frequency text not null check (statement_frequency in ('monthly', 'weekly', 'after_transaction')),
  opened_on date not null,
  ledger_account_id uuid not null,
  primary key (book_id, account_id),
  foreign key (book_id, district_id) references imports.berka_district (book_id, district_id)
);
create unique index berka_account_ledger_account on imports.berka_account (book_id, ledger_account_id);

-- Who may use which account.
create table imports.berka_right (
  book_id integer not null,
  right_id integer not null,
  client_id integer not null,
  account_id integer not null,
  role text not null check (role in ('owner', 'authorised_signatory')),
  primary key (book_id, right_id),
  foreign key (book_id, client_id) references imports.berka_client (book_id, client_id),
  foreign key (book_id, account_id) references imports.berka_account (book_id, account_id)
);

create table imports.berka_standing_order (
  book_id integer not null,
  order_id integer not null,
  account_id integer not null,
  bank_to text,
  account_to text,
  amount_minor bigint not null check (amount_minor >= 0),
  purpose text check (purpose in ('household', 'insurance', 'loan_payment', 'leasing')),
  primary key (book_id, order_id),
  foreign key (book_id, account_id) references imports.berka_account (book_id, account_id)
);

create table imports.berka_card (
  book_id integer not null,
  card_id integer not null,
  right_id integer not null,
  kind text not null check (kind in ('junior', 'classic', 'gold')),
  issued_on date not null,
  primary key (book_id, card_id),
  foreign key (book_id, right_id) references imports.berka_right (book_id, right_id)
);

create table imports.berka_loan (
  book_id integer not null,
  loan_id integer not null,
  account_id integer not null,
  granted_on date not null,
  amount_minor bigint not null check (amount_minor >= 0),
  duration_months integer not null,
  payment_minor bigint not null check (payment_minor >= 0),
  state text not null check (state in ('finished_paid', 'finished_unpaid', 'running', 'running_in_debt')),
  primary key (book_id, loan_id),
  foreign key (book_id, account_id) references imports.berka_account (book_id, account_id)
);

-- One row per transaction of the bank and the transfers it became. A transaction of amount zero moves nothing: it has
-- no transfer. `difference_minor` is the stated balance minus the computed one, posted by its own transfer.
create table imports.berka_transaction (
  book_id integer not null,
  transaction_id integer not null,
  account_id integer not null,
  effective_date date not null,
  place_in_day integer not null check (place_in_day > 0),
  direction text not null check (direction in ('credit', 'debit')),
  operation text,
  purpose text,
  amount_minor bigint not null check (amount_minor >= 0),
  stated_balance_minor bigint not null,
  bank text,
  account_number text,
  difference_minor bigint not null,
  transfer_id uuid check ((transfer_id is null) = (amount_minor = 0)),
  difference_transfer_id uuid check ((difference_transfer_id is null) = (difference_minor = 0)),
  primary key (book_id, transaction_id),
  foreign key (book_id, account_id) references imports.berka_account (book_id, account_id)
);
create index berka_transaction_account on imports.berka_transaction (book_id, account_id, effective_date, place_in_day);

-- Imported rows are history: they are added and read, never changed.
grant select, insert on imports.import_run, imports.berka_district, imports.berka_client, imports.berka_account,
  imports.berka_right, imports.berka_standing_order, imports.berka_card, imports.berka_loan, imports.berka_transaction
  to longmen_app;
