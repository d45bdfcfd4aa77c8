-- Both clocks. A balance as of (effective date, recorded instant) is the sum, over the days up to the effective date,
-- of each day's running totals as they stood at the recorded instant: O(days of the account x log of its postings),
-- whatever was posted later.

-- The two entries of each journal row: what it changes the counters of its accounts by, and the day totals it states.
-- Kinds: 0 transfer, 1 pending, 2 post, 3 void, 4 reverse, 5 expire (model.ts).
create view ledger.entry as
select t.book_id, t.sequence, t.transfer_id, t.currency, t.effective_date, t.debit_account_id as account_id,
  m.pending as debits_pending, 0::bigint as credits_pending,
  m.posted as debits_posted, 0::bigint as credits_posted,
  array[t.debit_day_debits_pending, t.debit_day_credits_pending, t.debit_day_debits_posted, t.debit_day_credits_posted] as day_totals
from ledger.transfer t
cross join lateral (select
  case when t.kind = 1 then t.amount_minor else -t.released_minor end as pending,
  case when t.kind in (0, 2, 4) then t.amount_minor else 0 end as posted) m
union all
select t.book_id, t.sequence, t.transfer_id, t.currency, t.effective_date, t.credit_account_id as account_id,
  0::bigint as debits_pending, m.pending as credits_pending,
  0::bigint as debits_posted, m.posted as credits_posted,
  array[t.credit_day_debits_pending, t.credit_day_credits_pending, t.credit_day_debits_posted, t.credit_day_credits_posted] as day_totals
from ledger.transfer t
cross join lateral (select
  case when t.kind = 1 then t.amount_minor else -t.released_minor end as pending,
  case when t.kind in (0, 2, 4) then t.amount_minor else 0 end as posted) m;

grant select on ledger.entry to longmen_app;

-- The last journal row recorded at or before an instant; 0 when there is none. recorded_at grows with sequence, so a
-- binary search over the primary key finds it without an index of its own.
create function ledger.sequence_at(p_book integer, p_recorded_at timestamptz) returns bigint
language plpgsql stable
set enable_seqscan = off
as $$
declare
  v_low bigint := 0;
  v_high bigint;
  v_middle bigint;
  v_recorded timestamptz;
begin
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

-- Each effective date of an account between two dates, latest first, with the day's running totals as of a journal
-- position. Two index probes find the next date, two more its last row at or before the position. Each is ordered as
-- only the account's own indexes are, so that no plan can walk the journal instead.
create function ledger.account_days(
  p_book integer, p_account uuid, p_from date, p_to date, p_sequence bigint
) returns table (
  effective_date date, sequence bigint,
  debits_pending bigint, credits_pending bigint, debits_posted bigint, credits_posted bigint
)
language plpgsql stable
set enable_seqscan = off
as $$
declare
  v_date date := p_to;
begin
  loop
    select max(d.effective_date) into v_date from (
      (select t.effective_date from ledger.transfer t
       where t.book_id = p_book and t.debit_account_id = p_account and t.effective_date between p_from and v_date
       order by t.effective_date desc limit 1)
      union all
      (select t.effective_date from ledger.transfer t
       where t.book_id = p_book and t.credit_account_id = p_account and t.effective_date between p_from and v_date
       order by t.effective_date desc limit 1)
    ) d;
    exit when v_date is null;
    return query
      select v_date, r.* from (
        (select t.sequence, t.debit_day_debits_pending, t.debit_day_credits_pending, t.debit_day_debits_posted,
           t.debit_day_credits_posted
         from ledger.transfer t
         where t.book_id = p_book and t.debit_account_id = p_account and t.effective_date >= v_date
           and (t.effective_date, t.sequence) <= (v_date, p_sequence)
         order by t.effective_date desc, t.sequence desc limit 1)
        union all
        (select t.sequence, t.credit_day_debits_pending, t.credit_day_credits_pending, t.credit_day_debits_posted,
           t.credit_day_credits_posted
         from ledger.transfer t
         where t.book_id = p_book and t.credit_account_id = p_account and t.effective_date >= v_date
           and (t.effective_date, t.sequence) <= (v_date, p_sequence)
         order by t.effective_date desc, t.sequence desc limit 1)
      ) r order by 2 desc limit 1;
    v_date := v_date - 1;
  end loop;
end;
$$;

-- The four counters of an account as of an effective date, as known at a journal position (null: at present).
-- At present the days after the date are taken off the present counters, as recent dates are asked for most.
create function ledger.balance_as_of(
  p_book integer, p_account uuid, p_effective_date date, p_sequence bigint
) returns table (debits_pending bigint, credits_pending bigint, debits_posted bigint, credits_posted bigint)
language sql stable as $$
  select
    (coalesce(b.debits_pending, 0) + d.sign * coalesce(d.debits_pending, 0))::bigint,
    (coalesce(b.credits_pending, 0) + d.sign * coalesce(d.credits_pending, 0))::bigint,
    (coalesce(b.debits_posted, 0) + d.sign * coalesce(d.debits_posted, 0))::bigint,
    (coalesce(b.credits_posted, 0) + d.sign * coalesce(d.credits_posted, 0))::bigint
  from (
    select case when p_sequence is null then -1 else 1 end as sign,
      sum(a.debits_pending) as debits_pending, sum(a.credits_pending) as credits_pending,
      sum(a.debits_posted) as debits_posted, sum(a.credits_posted) as credits_posted
    from ledger.account_days(
      p_book, p_account,
      case when p_sequence is null then p_effective_date + 1 else '0001-01-01'::date end,
      case when p_sequence is null then '9999-12-31'::date else p_effective_date end,
      coalesce(p_sequence, 9223372036854775807)
    ) a
  ) d
  left join ledger.balance b on p_sequence is null and b.book_id = p_book and b.account_id = p_account;
$$;

-- Totals per currency and chart-of-accounts code as of an effective date, as known at a journal position (null: at
-- present). The past is the present less what was recorded after the position.
create function ledger.trial_balance(p_book integer, p_effective_date date, p_sequence bigint)
returns table (
  currency text, code text,
  debits_pending numeric, credits_pending numeric, debits_posted numeric, credits_posted numeric
)
language sql stable as $$
  with moved as (
    select c.currency, c.code, c.debits_pending, c.credits_pending, c.debits_posted, c.credits_posted
    from ledger.code_day c where c.book_id = p_book and c.effective_date <= p_effective_date
    union all
    select e.currency, a.code, -e.debits_pending, -e.credits_pending, -e.debits_posted, -e.credits_posted
    from ledger.entry e join ledger.account a using (book_id, account_id)
    where p_sequence is not null and e.book_id = p_book and e.sequence > p_sequence
      and e.effective_date <= p_effective_date
  )
  select m.currency, m.code, sum(m.debits_pending), sum(m.credits_pending), sum(m.debits_posted), sum(m.credits_posted)
  from moved m group by m.currency, m.code
  having sum(m.debits_pending) <> 0 or sum(m.credits_pending) <> 0 or sum(m.debits_posted) <> 0
    or sum(m.credits_posted) <> 0
  order by m.currency, m.code;
$$;

grant execute on all functions in schema ledger to longmen_app;
