-- The beginning of a journal can be taken out of the database, once it is in an archive. What is left of it are totals of
-- each account and day, so that every balance known since is what it was, and the rows that others still need.

-- How far each book's journal has been taken out: up to which row, recorded when, and the latest day any of them counts from.
create table ledger.archive_end (
  book_id integer primary key,
  through_sequence bigint not null check (through_sequence > 0),
  recorded_at timestamptz not null,
  through_date date not null
);

-- What the rows taken out changed the counters of an account by, per effective date: the running totals of the last of
-- them, and where it stood. The journal's next row of that day goes on from here.
create table ledger.carried_day (
  book_id integer not null,
  account_id uuid not null,
  effective_date date not null,
  sequence bigint not null,
  debits_pending bigint not null,
  credits_pending bigint not null,
  debits_posted bigint not null,
  credits_posted bigint not null,
  -- The first bytes of a SHA-256 over the row, so that a changed one is named.
  digest bytea not null,
  primary key (book_id, account_id, effective_date)
);

-- Rows taken out of the journal that are still needed one by one, as they were: pending transfers that had not ended,
-- adjustments, and what the caller of ledger.take_out names.
create table ledger.carried_transfer (
  like ledger.transfer including defaults,
  -- What of a pending transfer was posted or released by rows taken out.
  released_before bigint not null default 0,
  digest bytea not null,
  primary key (book_id, sequence)
);
create index carried_transfer_id on ledger.carried_transfer (book_id, transfer_id);

alter table ledger.carried_day alter column book_id set statistics 0;
alter table ledger.carried_transfer alter column book_id set statistics 0;

-- All rows at hand: the journal, and what was carried over from its part taken out.
create view ledger.journal as
select * from ledger.transfer
union all
select book_id, sequence, transfer_id, kind, debit_account_id, credit_account_id, amount_minor, currency, effective_date,
  recorded_at, related_id, expires_at, linked, type, description, reference,
  debit_day_debits_pending, debit_day_credits_pending, debit_day_debits_posted, debit_day_credits_posted,
  credit_day_debits_pending, credit_day_credits_pending, credit_day_debits_posted, credit_day_credits_posted,
  released_minor, adjustment
from ledger.carried_transfer;

grant select on ledger.archive_end, ledger.carried_day, ledger.carried_transfer, ledger.journal to longmen_app;

-- What the digest of a carried row is made of: all of it but the digest.
create function ledger.digest_of(c ledger.carried_day) returns bytea
language sql immutable as $$
  select substring(sha256(record_send(row(c.book_id, c.account_id, c.effective_date, c.sequence, c.debits_pending,
    c.credits_pending, c.debits_posted, c.credits_posted))) for 8)
$$;
create function ledger.digest_of(c ledger.carried_transfer) returns bytea
language sql immutable as $$
  select substring(sha256(record_send(row(c.book_id, c.sequence, c.transfer_id, c.kind, c.debit_account_id, c.credit_account_id,
    c.amount_minor, c.currency, c.effective_date, c.recorded_at, c.related_id, c.expires_at, c.linked, c.type,
    c.description, c.reference, c.debit_day_debits_pending, c.debit_day_credits_pending, c.debit_day_debits_posted,
    c.debit_day_credits_posted, c.credit_day_debits_pending, c.credit_day_credits_pending, c.credit_day_debits_posted,
    c.credit_day_credits_posted, c.released_minor, c.adjustment, c.released_before))) for 8)
$$;

-- Takes the journal's rows up to a sequence out of the database, and leaves what is carried over. The only way in which
-- the application removes rows of the journal, and whole: all of it or nothing. Rows of p_accounts, of p_types and what
-- reversed the latter are carried over one by one. Nothing that writers wait for is locked.
create function ledger.take_out(
  p_book integer, p_through bigint, p_accounts uuid[], p_types text[]
) returns bigint
language plpgsql security definer
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set plan_cache_mode = force_custom_plan
as $$
declare
  v_from bigint;
  v_rows bigint;
  v_last ledger.transfer;
  v_date date;
  v_sealed date;
begin
  -- One at a time per book.
  perform pg_advisory_xact_lock(hashtextextended('ledger.take_out', p_book));
  select coalesce((select e.through_sequence from ledger.archive_end e where e.book_id = p_book), 0) into v_from;
  select t.* into v_last from ledger.transfer t where t.book_id = p_book and t.sequence = p_through;
  if v_last.sequence is null or p_through <= v_from then
    raise exception 'the journal has no row % behind %', p_through, v_from using errcode = 'invalid_parameter_value';
  end if;
  if exists (select from ledger.transfer t
    where t.book_id = p_book and t.sequence = p_through + 1 and t.recorded_at = v_last.recorded_at) then
    raise exception 'row % is not the last of its batch', p_through using errcode = 'invalid_parameter_value';
  end if;
  select max(t.effective_date), count(*) into v_date, v_rows
  from ledger.transfer t where t.book_id = p_book and t.sequence > v_from and t.sequence <= p_through;
  select e.sealed_through into v_sealed from ledger.journal_end e where e.book_id = p_book;
  if v_sealed is null or v_date > v_sealed then
    raise exception 'not all days up to % are sealed', v_date using errcode = 'invalid_parameter_value';
  end if;
  if v_rows <> p_through - v_from then
    raise exception 'the journal has a gap between % and %', v_from, p_through using errcode = 'invalid_parameter_value';
  end if;

  insert into ledger.carried_day as c
  select distinct on (e.account_id, e.effective_date) p_book, e.account_id, e.effective_date, e.sequence,
    e.day_totals[1], e.day_totals[2], e.day_totals[3], e.day_totals[4], ''::bytea
  from ledger.entry e where e.book_id = p_book and e.sequence > v_from and e.sequence <= p_through
  order by e.account_id, e.effective_date, e.sequence desc
  on conflict (book_id, account_id, effective_date) do update
  set sequence = excluded.sequence, debits_pending = excluded.debits_pending, credits_pending = excluded.credits_pending,
    debits_posted = excluded.debits_posted, credits_posted = excluded.credits_posted, digest = ''::bytea;
  update ledger.carried_day c set digest = ledger.digest_of(c)
  where c.book_id = p_book and (c.account_id, c.effective_date) in (
    select e.account_id, e.effective_date from ledger.entry e
    where e.book_id = p_book and e.sequence > v_from and e.sequence <= p_through);

  insert into ledger.carried_transfer
  select t.*, 0, ''::bytea from ledger.transfer t
  where t.book_id = p_book and t.sequence > v_from and t.sequence <= p_through
    and (t.kind = 1 or t.adjustment or t.type = any (p_types) or t.debit_account_id = any (p_accounts)
      or t.credit_account_id = any (p_accounts)
      or t.kind = 4 and exists (
        select from ledger.answer a join ledger.journal o on o.book_id = p_book and o.sequence = a.sequence
        where a.book_id = p_book and a.transfer_id = t.related_id and o.type = any (p_types)));
  update ledger.carried_transfer c set released_before = c.released_before + s.released
  from (
    select t.related_id, sum(t.released_minor) as released from ledger.transfer t
    where t.book_id = p_book and t.sequence > v_from and t.sequence <= p_through and t.kind in (2, 3, 5)
    group by t.related_id
  ) s
  where c.book_id = p_book and c.transfer_id = s.related_id;
  delete from ledger.carried_transfer c
  where c.book_id = p_book and c.kind = 1 and c.released_before = c.amount_minor and not c.adjustment
    and not coalesce(c.type = any (p_types), false) and not coalesce(c.debit_account_id = any (p_accounts), false)
    and not coalesce(c.credit_account_id = any (p_accounts), false);
  update ledger.carried_transfer c set digest = ledger.digest_of(c)
  where c.book_id = p_book and c.digest is distinct from ledger.digest_of(c);

  delete from ledger.transfer t where t.book_id = p_book and t.sequence > v_from and t.sequence <= p_through;
  insert into ledger.archive_end as e (book_id, through_sequence, recorded_at, through_date)
  values (p_book, p_through, v_last.recorded_at, v_date)
  on conflict (book_id) do update
  set through_sequence = excluded.through_sequence, recorded_at = excluded.recorded_at,
    through_date = greatest(e.through_date, excluded.through_date);
  return v_rows;
end;
$$;
revoke execute on function ledger.take_out from public;
grant execute on function ledger.take_out, ledger.digest_of(ledger.carried_day),
  ledger.digest_of(ledger.carried_transfer) to longmen_app;

-- As in 0003-as-of.sql; null where the instant lies before the last row taken out.
create or replace function ledger.sequence_at(p_book integer, p_recorded_at timestamptz) returns bigint
language plpgsql stable
set enable_seqscan = off
as $$
declare
  v_low bigint;
  v_high bigint;
  v_middle bigint;
  v_recorded timestamptz;
begin
  select through_sequence, recorded_at into v_low, v_recorded from ledger.archive_end where book_id = p_book;
  if p_recorded_at < v_recorded then return null; end if;
  v_low := coalesce(v_low, 0);
  select sequence into v_high from ledger.journal_end where book_id = p_book;
  v_high := coalesce(v_high, 0);
  while v_low < v_high loop
    v_middle := (v_low + v_high + 1) / 2;
    select recorded_at into v_recorded from ledger.transfer where book_id = p_book and sequence = v_middle;
    if v_recorded <= p_recorded_at then
      v_low := v_middle;
    else
      v_high := v_middle - 1;
    end if;
  end loop;
  return v_low;
end;
$$;

-- What is at hand of an account's days, as in 0003-as-of.sql, and the days carried over beside it: where the journal has rows
-- of a day, their running totals go on from what was carried over. What was known at a position among the rows taken out
-- is not known any more, and never guessed. Books nothing was taken out of pay one look.
alter function ledger.account_days(integer, uuid, date, date, bigint) rename to journal_days;
create function ledger.account_days(
  p_book integer, p_account uuid, p_from date, p_to date, p_sequence bigint
) returns table (
  effective_date date, sequence bigint,
  debits_pending bigint, credits_pending bigint, debits_posted bigint, credits_posted bigint
)
language plpgsql stable
set enable_seqscan = off
as $$
begin
  if not exists (select from ledger.archive_end x where x.book_id = p_book) then
    return query select * from ledger.journal_days(p_book, p_account, p_from, p_to, p_sequence);
    return;
  end if;
  if exists (
    select from ledger.carried_day c
    where c.book_id = p_book and c.account_id = p_account and c.effective_date between p_from and p_to
      and c.sequence > p_sequence
  ) then
    raise exception 'what was known at position % is archived', p_sequence using errcode = 'invalid_parameter_value';
  end if;
  return query
    select coalesce(j.effective_date, c.effective_date), coalesce(j.sequence, c.sequence),
      coalesce(j.debits_pending, c.debits_pending), coalesce(j.credits_pending, c.credits_pending),
      coalesce(j.debits_posted, c.debits_posted), coalesce(j.credits_posted, c.credits_posted)
    from ledger.journal_days(p_book, p_account, p_from, p_to, p_sequence) j
    full join (
      select * from ledger.carried_day d
      where d.book_id = p_book and d.account_id = p_account and d.effective_date between p_from and p_to
    ) c on c.effective_date = j.effective_date
    order by 1 desc;
end;
$$;
grant execute on function ledger.account_days to longmen_app;
