-- Groups of accounts with maintained balances and limits, velocity windows, and the closing of periods.

-- A group is one node of a tree of its dimension (chart, customer, branch, product …). An account may be in any number of
-- groups; it counts once in every group on the paths to them. A path holds the group itself and all above it.
create table ledger.account_group (
  book_id integer not null,
  group_id integer not null,
  dimension text not null,
  code text not null,
  name text not null,
  path integer[] not null,
  -- whether totals per effective date are kept too
  daily boolean not null,
  -- accounts opened with this chart-of-accounts code join by themselves
  account_code text,
  -- whether it has or had limits or windows of its own, in any currency: then the lane must know what it holds
  guarded boolean not null default false,
  created_at timestamptz not null,
  primary key (book_id, group_id),
  unique (book_id, dimension, code)
);
create index account_group_code on ledger.account_group (book_id, account_code) where account_code is not null;

-- Who is and was a member, at instants of the journal's own clock.
create table ledger.group_member (
  book_id integer not null,
  group_id integer not null,
  account_id uuid not null,
  joined_at timestamptz not null,
  left_at timestamptz,
  primary key (book_id, group_id, account_id, joined_at)
);
create unique index group_member_account on ledger.group_member (book_id, account_id, group_id) where left_at is null;

-- What the accounts of a group hold together; a group can hold more than one account can, hence numeric. `usage` is what
-- its windows have counted: (window, bucket, count, amount) one after the other.
create table ledger.group_balance (
  book_id integer not null,
  group_id integer not null,
  currency text not null,
  version bigint not null default 0,
  debits_pending numeric not null default 0,
  credits_pending numeric not null default 0,
  debits_posted numeric not null default 0,
  credits_posted numeric not null default 0,
  usage bigint[],
  primary key (book_id, group_id, currency)
) with (fillfactor = 50);

create table ledger.group_day (
  book_id integer not null,
  group_id integer not null,
  currency text not null,
  effective_date date not null,
  debits_pending numeric not null,
  credits_pending numeric not null,
  debits_posted numeric not null,
  credits_posted numeric not null,
  primary key (book_id, group_id, currency, effective_date)
) with (fillfactor = 50);

create table ledger.group_limit (
  book_id integer not null,
  group_id integer not null,
  currency text not null,
  side text not null check (side in ('debit', 'credit')),
  minimum_minor bigint,
  maximum_minor bigint,
  primary key (book_id, group_id, currency)
);

-- How much and how often in an hour, a day or a month: for one account, for each account of a group, or for a group.
create table ledger.velocity_window (
  book_id integer not null,
  window_id integer not null,
  code text not null,
  name text not null,
  account_id uuid,
  group_id integer,
  per text not null check (per in ('account', 'group')),
  direction text not null check (direction in ('out', 'in')),
  period text not null check (period in ('hour', 'day', 'month')),
  currency text not null,
  time_zone text not null,
  maximum_count bigint,
  maximum_minor bigint,
  created_at timestamptz not null,
  retired_at timestamptz,
  primary key (book_id, window_id),
  unique (book_id, code),
  check ((account_id is null) <> (group_id is null)),
  check (per = 'account' or group_id is not null)
);
create index velocity_window_account on ledger.velocity_window (book_id, account_id) where account_id is not null;
create index velocity_window_group on ledger.velocity_window (book_id, group_id) where group_id is not null;

-- What an account's windows have counted, beside its counters, so that counting costs no row of its own.
alter table ledger.balance add column usage bigint[];

-- Nothing that counts from these dates or before is taken any more; the row is locked by every writer of the book, so a
-- decision can name what it was made on. The history says what held at any instant.
alter table ledger.journal_end add column closed_through date, add column sealed_through date;
create table ledger.closing (
  book_id integer not null,
  recorded_at timestamptz not null,
  closed_through date,
  sealed_through date,
  primary key (book_id, recorded_at)
);

-- Posted into a closed period on purpose.
alter table ledger.transfer add column adjustment boolean not null default false;
create index transfer_adjustment on ledger.transfer (book_id, effective_date, sequence) where adjustment;

alter table ledger.account_group alter column book_id set statistics 0;
alter table ledger.group_member alter column book_id set statistics 0;
alter table ledger.group_balance alter column book_id set statistics 0;
alter table ledger.group_day alter column book_id set statistics 0;

-- An instant of its own in the journal's clock, for changes that must stand clearly before or after each batch.
create function ledger.next_instant(p_book integer, p_now timestamptz) returns timestamptz
language plpgsql as $$
declare v_recorded timestamptz;
begin
  insert into ledger.journal_end (book_id) values (p_book) on conflict do nothing;
  update ledger.journal_end e set recorded_at = greatest(e.recorded_at + interval '1 microsecond', p_now)
  where e.book_id = p_book returning e.recorded_at into v_recorded;
  return v_recorded;
end;
$$;

-- Adds (sign 1) or takes off (sign -1) what accounts hold, and held on each day, for pairs of (account, group).
create function ledger.move_group_totals(p_book integer, p_account uuid[], p_group integer[], p_sign integer) returns void
language plpgsql as $$
begin
  insert into ledger.group_balance as g (book_id, group_id, currency, debits_pending, credits_pending, debits_posted, credits_posted)
  select p_book, u.group_id, a.currency, p_sign * sum(b.debits_pending), p_sign * sum(b.credits_pending),
    p_sign * sum(b.debits_posted), p_sign * sum(b.credits_posted)
  from unnest(p_account, p_group) as u (account_id, group_id)
  join ledger.account a on a.book_id = p_book and a.account_id = u.account_id
  join ledger.balance b on b.book_id = p_book and b.account_id = u.account_id
  group by u.group_id, a.currency
  on conflict (book_id, group_id, currency) do update
  set version = g.version + 1,
      debits_pending = g.debits_pending + excluded.debits_pending,
      credits_pending = g.credits_pending + excluded.credits_pending,
      debits_posted = g.debits_posted + excluded.debits_posted,
      credits_posted = g.credits_posted + excluded.credits_posted;

  insert into ledger.group_day as g
  select p_book, u.group_id, a.currency, d.effective_date, p_sign * sum(d.debits_pending), p_sign * sum(d.credits_pending),
    p_sign * sum(d.debits_posted), p_sign * sum(d.credits_posted)
  from unnest(p_account, p_group) as u (account_id, group_id)
  join ledger.account_group n on n.book_id = p_book and n.group_id = u.group_id and n.daily
  join ledger.account a on a.book_id = p_book and a.account_id = u.account_id
  cross join lateral ledger.account_days(p_book, u.account_id, '0001-01-01', '9999-12-31', 9223372036854775807) d
  group by u.group_id, a.currency, d.effective_date
  on conflict (book_id, group_id, currency, effective_date) do update
  set debits_pending = g.debits_pending + excluded.debits_pending,
      credits_pending = g.credits_pending + excluded.credits_pending,
      debits_posted = g.debits_posted + excluded.debits_posted,
      credits_posted = g.credits_posted + excluded.credits_posted;
end;
$$;

-- Lets accounts join a group, with their history; the caller holds the book. Returns how many were no members before.
create function ledger.join_group(p_book integer, p_group integer, p_account uuid[], p_now timestamptz) returns integer
language plpgsql as $$
declare
  v_joining uuid[];
  v_account uuid[];
  v_group integer[];
begin
  select array_agg(a.account_id) into v_joining
  from unnest(p_account) as u (account_id) join ledger.account a on a.book_id = p_book and a.account_id = u.account_id
  where not exists (select from ledger.group_member m
    where m.book_id = p_book and m.account_id = u.account_id and m.group_id = p_group and m.left_at is null);
  if v_joining is null then return 0; end if;
  -- In which groups on the path they have not been counted yet.
  select array_agg(u.account_id), array_agg(p.group_id) into v_account, v_group
  from unnest(v_joining) as u (account_id)
  cross join (select unnest(path) as group_id from ledger.account_group where book_id = p_book and group_id = p_group) p
  where not exists (select from ledger.group_member m join ledger.account_group g using (book_id, group_id)
    where m.book_id = p_book and m.account_id = u.account_id and m.left_at is null and p.group_id = any (g.path));
  insert into ledger.group_member (book_id, group_id, account_id, joined_at)
  select p_book, p_group, u.account_id, i.instant
  from unnest(v_joining) as u (account_id), (select ledger.next_instant(p_book, p_now) as instant) i;
  if v_account is not null then perform ledger.move_group_totals(p_book, v_account, v_group, 1); end if;
  update ledger.balance set version = version + 1 where book_id = p_book and account_id = any (v_joining);
  return cardinality(v_joining);
end;
$$;

-- The reverse of ledger.join_group.
create function ledger.leave_group(p_book integer, p_group integer, p_account uuid[], p_now timestamptz) returns integer
language plpgsql as $$
declare
  v_leaving uuid[];
  v_account uuid[];
  v_group integer[];
begin
  with instant as (select ledger.next_instant(p_book, p_now) as at),
  left_now as (
    update ledger.group_member m set left_at = instant.at from instant
    where m.book_id = p_book and m.group_id = p_group and m.account_id = any (p_account) and m.left_at is null
    returning m.account_id
  )
  select array_agg(account_id) into v_leaving from left_now;
  if v_leaving is null then return 0; end if;
  select array_agg(u.account_id), array_agg(p.group_id) into v_account, v_group
  from unnest(v_leaving) as u (account_id)
  cross join (select unnest(path) as group_id from ledger.account_group where book_id = p_book and group_id = p_group) p
  where not exists (select from ledger.group_member m join ledger.account_group g using (book_id, group_id)
    where m.book_id = p_book and m.account_id = u.account_id and m.left_at is null and p.group_id = any (g.path));
  if v_account is not null then perform ledger.move_group_totals(p_book, v_account, v_group, -1); end if;
  update ledger.balance set version = version + 1 where book_id = p_book and account_id = any (v_leaving);
  return cardinality(v_leaving);
end;
$$;

-- Lets every batch that was decided on these accounts be decided again: what they must obey has changed.
create function ledger.touch_group_members(p_book integer, p_group integer) returns void
language sql as $$
  update ledger.balance b set version = version + 1
  where b.book_id = p_book and b.account_id in (
    select m.account_id from ledger.group_member m join ledger.account_group g using (book_id, group_id)
    where m.book_id = p_book and m.left_at is null and p_group = any (g.path));
$$;

grant select, insert on ledger.account_group, ledger.group_member, ledger.group_balance, ledger.group_day,
  ledger.group_limit, ledger.velocity_window, ledger.closing to longmen_app;
grant update on ledger.group_balance, ledger.group_day, ledger.group_limit to longmen_app;
grant update (left_at) on ledger.group_member to longmen_app;
grant update (guarded) on ledger.account_group to longmen_app;
grant update (maximum_count, maximum_minor, retired_at) on ledger.velocity_window to longmen_app;
