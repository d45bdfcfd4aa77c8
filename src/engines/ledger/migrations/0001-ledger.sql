-- The books. Every table leads with book_id: the book is the unit of order and of distribution, and nothing here
-- points across books. All writes of a batch happen in one call of ledger.commit_batch.

-- What an account is. Its limits and state change rarely; what it holds is in ledger.balance.
create table ledger.account (
  book_id integer not null,
  account_id uuid not null,
  currency text not null,
  code text not null,
  side text not null check (side in ('debit', 'credit')),
  name text not null,
  minimum_minor bigint,
  maximum_minor bigint,
  state text not null default 'open' check (state in ('open', 'outgoing_frozen', 'frozen', 'closed')),
  opened_at timestamptz not null,
  primary key (book_id, account_id)
);
create index account_code on ledger.account (book_id, code, account_id);

-- What an account holds: four counters in minor units. The version grows with every change of the account, its limits
-- and its state included; a writer names the version it decided on. Narrow and with room on each page, so that an
-- update stays on its page and touches no index.
create table ledger.balance (
  book_id integer not null,
  account_id uuid not null,
  version bigint not null default 0,
  debits_pending bigint not null default 0 check (debits_pending >= 0),
  credits_pending bigint not null default 0 check (credits_pending >= 0),
  debits_posted bigint not null default 0 check (debits_posted >= 0),
  credits_posted bigint not null default 0 check (credits_posted >= 0),
  primary key (book_id, account_id),
  foreign key (book_id, account_id) references ledger.account (book_id, account_id)
) with (fillfactor = 50);

-- The end of each book's journal, and the book's lock: who writes balances holds this row until commit, so sequence order
-- is commit order, without gaps.
create table ledger.journal_end (
  book_id integer primary key,
  sequence bigint not null default 0,
  recorded_at timestamptz not null default '-infinity'
) with (fillfactor = 10);

-- The journal (分录簿), append-only: one row per accepted transfer. The eight running totals say what both accounts'
-- counters changed by on this effective date up to and including this row; they make any past balance a sum over days
-- and let a verifier name the first row that does not follow from the ones before it. Accounts are not foreign keys:
-- the versioned update of both balances in the same call has already found them.
create table ledger.transfer (
  book_id integer not null,
  sequence bigint not null,
  transfer_id uuid not null,
  kind smallint not null,
  debit_account_id uuid not null,
  credit_account_id uuid not null,
  amount_minor bigint not null check (amount_minor > 0),
  currency text not null,
  effective_date date not null,
  recorded_at timestamptz not null,
  related_id uuid,
  expires_at timestamptz,
  linked boolean not null,
  type text,
  description text,
  reference text,
  debit_day_debits_pending bigint not null,
  debit_day_credits_pending bigint not null,
  debit_day_debits_posted bigint not null,
  debit_day_credits_posted bigint not null,
  credit_day_debits_pending bigint not null,
  credit_day_credits_pending bigint not null,
  credit_day_debits_posted bigint not null,
  credit_day_credits_posted bigint not null,
  released_minor bigint not null default 0,
  primary key (book_id, sequence)
);
create index transfer_debit on ledger.transfer (book_id, debit_account_id, effective_date, sequence);
create index transfer_credit on ledger.transfer (book_id, credit_account_id, effective_date, sequence);

-- Every id ever answered, accepted or refused, with the fingerprint of its content: the first answer is the answer.
create table ledger.answer (
  book_id integer not null,
  transfer_id uuid not null,
  fingerprint bytea not null,
  code smallint not null,
  sequence bigint,
  recorded_at timestamptz not null,
  primary key (book_id, transfer_id)
);

-- The present state of each pending transfer. `ended` is null while something is still held.
create table ledger.pending (
  book_id integer not null,
  transfer_id uuid not null,
  sequence bigint not null,
  remaining_minor bigint not null check (remaining_minor >= 0),
  ended text check (ended in ('posted', 'voided', 'expired')),
  expires_at timestamptz,
  primary key (book_id, transfer_id)
);
create index pending_expiry on ledger.pending (book_id, expires_at) where ended is null and expires_at is not null;

-- Which transfer undid which: the primary key allows one reversal of a transfer, whoever races.
create table ledger.reversal (
  book_id integer not null,
  reversed_id uuid not null,
  transfer_id uuid not null,
  primary key (book_id, reversed_id)
);

-- Totals per chart-of-accounts code and effective date, so that a trial balance is a sum over codes and days. A code
-- can hold more than one account can, hence numeric.
create table ledger.code_day (
  book_id integer not null,
  currency text not null,
  code text not null,
  effective_date date not null,
  debits_pending numeric not null,
  credits_pending numeric not null,
  debits_posted numeric not null,
  credits_posted numeric not null,
  primary key (book_id, currency, code, effective_date)
) with (fillfactor = 50);

-- Without statistics of book_id the planner takes every book for a two-hundredth of its table. With them it would take a
-- book that is newer than the last ANALYZE for empty, and read all of it wherever the book alone is an index condition.
alter table ledger.account alter column book_id set statistics 0;
alter table ledger.balance alter column book_id set statistics 0;
alter table ledger.transfer alter column book_id set statistics 0;
alter table ledger.answer alter column book_id set statistics 0;
alter table ledger.pending alter column book_id set statistics 0;
alter table ledger.reversal alter column book_id set statistics 0;
alter table ledger.code_day alter column book_id set statistics 0;

grant select, insert on ledger.account, ledger.balance, ledger.journal_end, ledger.transfer, ledger.answer,
  ledger.pending, ledger.reversal, ledger.code_day to longmen_app;
grant update on ledger.balance, ledger.journal_end, ledger.pending, ledger.code_day to longmen_app;
grant update (minimum_minor, maximum_minor, state) on ledger.account to longmen_app;
