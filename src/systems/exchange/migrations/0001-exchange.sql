-- Rates, quotes, deals and revaluations. The money itself is in the ledger: a position is the balance of its accounts.

-- Reference data, the same for all books: one unit of `base` is `mid` units of `quote`. A rate of a whole day has no
-- instant. Rates are history: they are added and read, never changed.
create table exchange.rate (
  source text not null check (source ~ '^[a-z0-9][a-z0-9_.-]{0,62}$'),
  base text not null check (base ~ '^[A-Z]{3}$'),
  quote text not null check (quote ~ '^[A-Z]{3}$' and quote <> base),
  rate_date date not null,
  quoted_at timestamptz,
  mid numeric not null check (mid > 0),
  bid numeric check (bid > 0),
  ask numeric check (ask > 0 and ask >= bid),
  recorded_at timestamptz not null,
  unique nulls not distinct (source, base, quote, rate_date, quoted_at)
);

-- How a book trades: one row per book.
create table exchange.desk (
  book_id integer not null primary key,
  functional_currency text not null,
  rate_source text not null,
  spread_basis_points numeric not null check (spread_basis_points >= 0 and spread_basis_points < 10000),
  rounding text not null check (rounding in ('half_even', 'half_up', 'down', 'up')),
  quote_seconds integer not null check (quote_seconds between 1 and 86400),
  maximum_rate_age_days integer not null check (maximum_rate_age_days between 0 and 3660),
  configured_at timestamptz not null
);

-- The currencies a book trades; their accounts have ids that follow from book and currency.
create table exchange.currency (
  book_id integer not null,
  currency text not null,
  opened_at timestamptz not null,
  primary key (book_id, currency),
  foreign key (book_id) references exchange.desk (book_id)
);

-- What a customer was offered: amounts, and their values in the functional currency at mid.
create table exchange.quote (
  book_id integer not null,
  quote_id uuid not null,
  sell_currency text not null,
  sell_minor bigint not null check (sell_minor > 0),
  buy_currency text not null check (buy_currency <> sell_currency),
  buy_minor bigint not null check (buy_minor > 0),
  base text not null,
  quote text not null,
  side text not null check (side in ('bid', 'ask')),
  mid numeric not null check (mid > 0),
  rate numeric not null check (rate > 0),
  spread_basis_points numeric not null,
  rate_date date not null,
  sell_value_minor bigint not null check (sell_value_minor >= 0),
  buy_value_minor bigint not null check (buy_value_minor >= 0),
  quoted_at timestamptz not null,
  expires_at timestamptz not null,
  primary key (book_id, quote_id)
);

-- The one outcome of a caller's deal id. Results are in minor units of the functional currency, gains positive.
create table exchange.deal (
  book_id integer not null,
  deal_id uuid not null,
  quote_id uuid not null,
  sell_account_id uuid not null,
  buy_account_id uuid not null,
  status text not null check (status in ('accepted', 'refused')),
  code text not null,
  effective_date date not null,
  spread_minor bigint not null,
  sell_realised_minor bigint not null,
  buy_realised_minor bigint not null,
  first_sequence bigint,
  last_sequence bigint,
  recorded_at timestamptz not null,
  primary key (book_id, deal_id),
  foreign key (book_id, quote_id) references exchange.quote (book_id, quote_id),
  check ((status = 'accepted') = (code = 'accepted')),
  check ((status = 'accepted') = (first_sequence is not null)),
  check ((status = 'accepted') = (last_sequence is not null))
);
-- A quote is taken once.
create unique index deal_quote on exchange.deal (book_id, quote_id) where status = 'accepted';
create index deal_date on exchange.deal (book_id, effective_date);

-- What a revaluation found and posted. A run that finds the same as the run before adds nothing.
create table exchange.revaluation (
  book_id integer not null,
  revaluation_date date not null,
  currency text not null,
  run integer not null check (run > 0),
  quantity_minor bigint not null,
  cost_minor bigint not null,
  rate numeric,
  rate_date date,
  value_minor bigint not null,
  change_minor bigint not null,
  transfer_id uuid check ((transfer_id is null) = (change_minor = 0)),
  recorded_at timestamptz not null,
  primary key (book_id, revaluation_date, currency, run)
);

grant select, insert on exchange.rate, exchange.currency, exchange.quote, exchange.deal, exchange.revaluation
  to longmen_app;
grant select, insert, update on exchange.desk to longmen_app;
