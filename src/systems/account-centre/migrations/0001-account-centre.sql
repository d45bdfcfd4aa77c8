-- The account trees of customers. What accounts hold, and what is set aside of it, is in the ledger only; here is which
-- account belongs to whom, who did what to it, what an earmark is for, and who wants to hear of movements.

create table account_centre.customer (
  book_id integer not null,
  customer_key text not null check (customer_key ~ '^[0-9A-Za-z][0-9A-Za-z._-]{0,39}$'),
  opened_at timestamptz not null,
  primary key (book_id, customer_key)
);

-- The nodes of a tree by their paths, such as 'fund' and 'fund/margin'. Each is a group of the ledger's dimension
-- 'customer' with the code <customer_key>/<path>; the customer is the group above them.
create table account_centre.node (
  book_id integer not null,
  customer_key text not null,
  path text not null check (path ~ '^(fund|asset|right)(/[0-9a-z][0-9a-z_-]*)*$'),
  name text not null,
  opened_at timestamptz not null,
  primary key (book_id, customer_key, path),
  foreign key (book_id, customer_key) references account_centre.customer (book_id, customer_key)
);

-- Which account stands where. The primary key lets an account belong to one customer's tree only.
create table account_centre.account (
  book_id integer not null,
  account_id uuid not null,
  customer_key text not null,
  path text not null,
  attached_at timestamptz not null,
  primary key (book_id, account_id),
  foreign key (book_id, customer_key, path) references account_centre.node (book_id, customer_key, path)
);
create index account_customer on account_centre.account (book_id, customer_key, account_id);

-- The trail: what was done to an account or to a whole tree, when, by whom and why. `changes` names the accounts whose
-- state changed, with the states before and after. The last action about freezing, of the account and of the tree, says
-- how each is frozen.
create table account_centre.action (
  book_id integer not null,
  customer_key text not null,
  number integer not null,
  action text not null check (action in ('open', 'attach', 'freeze_outgoing', 'freeze', 'unfreeze', 'close')),
  -- null: the whole tree
  account_id uuid,
  changes jsonb not null,
  actor text not null,
  reason text,
  recorded_at timestamptz not null,
  primary key (book_id, customer_key, number),
  foreign key (book_id, customer_key) references account_centre.customer (book_id, customer_key)
);
create index action_account on account_centre.action (book_id, customer_key, account_id, number);

-- What an earmark is for. Whether it stands, and how much of it, is what the ledger holds for its latest step.
create table account_centre.earmark (
  book_id integer not null,
  earmark_id uuid not null,
  customer_key text not null,
  account_id uuid not null,
  currency text not null,
  amount_minor bigint not null check (amount_minor > 0),
  purpose text not null,
  expires_at timestamptz,
  actor text not null,
  recorded_at timestamptz not null,
  primary key (book_id, earmark_id)
);
create index earmark_customer on account_centre.earmark (book_id, customer_key, earmark_id);

-- What became of an earmark: one row each time it was set, used or released. `pending_id` is the ledger's pending
-- transfer that holds what is left, null when nothing is.
create table account_centre.earmark_step (
  book_id integer not null,
  earmark_id uuid not null,
  number integer not null,
  action text not null check (action in ('set', 'use', 'release')),
  use_id uuid,
  pending_id uuid,
  transfer_id uuid,
  to_account_id uuid,
  amount_minor bigint not null check (amount_minor > 0),
  actor text not null,
  reason text,
  recorded_at timestamptz not null,
  primary key (book_id, earmark_id, number),
  foreign key (book_id, earmark_id) references account_centre.earmark (book_id, earmark_id),
  check ((action = 'use') = (use_id is not null and transfer_id is not null and to_account_id is not null)),
  check (action <> 'set' or pending_id is not null)
);
create unique index earmark_use on account_centre.earmark_step (book_id, use_id) where use_id is not null;

-- Who wants to hear of which movements. A rule looks at the postings that the event log tells of behind
-- `from_position` and, once retired, before `through_position`: so what it covers does not depend on when one looks.
create table account_centre.alert_rule (
  book_id integer not null,
  rule_id uuid not null,
  customer_key text not null,
  -- null: all nodes
  path text,
  -- null: all accounts
  account_id uuid,
  direction text not null check (direction in ('in', 'out', 'any')),
  type text,
  currency text,
  at_least_minor bigint,
  balance_below_minor bigint,
  balance_above_minor bigint,
  subscribers text[] not null,
  actor text not null,
  created_at timestamptz not null,
  from_position bigint not null,
  retired_at timestamptz,
  retired_by text,
  through_position bigint,
  primary key (book_id, rule_id),
  foreign key (book_id, customer_key) references account_centre.customer (book_id, customer_key),
  check (path is null or account_id is null),
  check (currency is not null
    or at_least_minor is null and balance_below_minor is null and balance_above_minor is null)
);
create index alert_rule_customer on account_centre.alert_rule (book_id, customer_key, rule_id);

-- One alert per rule and movement of an account; the primary key lets none be raised twice.
create table account_centre.alert (
  book_id integer not null,
  sequence bigint not null,
  account_id uuid not null,
  rule_id uuid not null,
  alert_id uuid not null,
  customer_key text not null,
  transfer_id uuid not null,
  direction text not null check (direction in ('in', 'out')),
  amount_minor bigint not null,
  currency text not null,
  -- known where the rule asks for it
  balance_minor bigint,
  subscribers text[] not null,
  raised_at timestamptz not null,
  primary key (book_id, sequence, account_id, rule_id),
  foreign key (book_id, rule_id) references account_centre.alert_rule (book_id, rule_id)
);
create index alert_customer on account_centre.alert (book_id, customer_key, sequence, account_id, rule_id);

-- See the ledger's first migration: a book newer than the last ANALYZE must not be taken for empty.
alter table account_centre.customer alter column book_id set statistics 0;
alter table account_centre.node alter column book_id set statistics 0;
alter table account_centre.account alter column book_id set statistics 0;
alter table account_centre.action alter column book_id set statistics 0;
alter table account_centre.earmark alter column book_id set statistics 0;
alter table account_centre.earmark_step alter column book_id set statistics 0;
alter table account_centre.alert_rule alter column book_id set statistics 0;
alter table account_centre.alert alter column book_id set statistics 0;

grant select, insert on account_centre.customer, account_centre.node, account_centre.account, account_centre.action,
  account_centre.earmark, account_centre.earmark_step, account_centre.alert_rule, account_centre.alert to longmen_app;
grant update (retired_at, retired_by, through_position) on account_centre.alert_rule to longmen_app;
