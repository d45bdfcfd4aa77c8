-- The same checks as before, made for journals of millions of rows: no sums in windows, no look-up per row, and every
-- condition on the book reaches both sides of each full join (for that the join names them in the order of `coalesce`).

-- The two entries of each journal row, as before; the one number that has no opposite, which only a hand can have written,
-- must become a finding of the checks that read them, not an error.
create or replace view ledger.entry as
select t.book_id, t.sequence, t.transfer_id, t.currency, t.effective_date, t.debit_account_id as account_id,
  m.pending as debits_pending, 0::bigint as credits_pending,
  m.posted as debits_posted, 0::bigint as credits_posted,
  array[t.debit_day_debits_pending, t.debit_day_credits_pending, t.debit_day_debits_posted, t.debit_day_credits_posted] as day_totals
from ledger.transfer t
cross join lateral (select
  case when t.kind = 1 then t.amount_minor else -greatest(t.released_minor, -9223372036854775807) end as pending,
  case when t.kind in (0, 2, 4) then t.amount_minor else 0 end as posted) m
union all
select t.book_id, t.sequence, t.transfer_id, t.currency, t.effective_date, t.credit_account_id as account_id,
  0::bigint as debits_pending, m.pending as credits_pending,
  0::bigint as debits_posted, m.posted as credits_posted,
  array[t.credit_day_debits_pending, t.credit_day_credits_pending, t.credit_day_debits_posted, t.credit_day_credits_posted] as day_totals
from ledger.transfer t
cross join lateral (select
  case when t.kind = 1 then t.amount_minor else -greatest(t.released_minor, -9223372036854775807) end as pending,
  case when t.kind in (0, 2, 4) then t.amount_minor else 0 end as posted) m;

-- Journal rows whose running day totals are not those of the row before them, of the same account and day, plus what the
-- row itself moves. The hash of account and day is sorted by first, as integers compare much faster than both of them.
drop view ledger.verify_running_totals;
create view ledger.verify_running_totals as
with entry as (
  select book_id, sequence, debit_account_id as account_id, effective_date, true as debit,
    uuid_hash_extended(debit_account_id, effective_date - date '2000-01-01') as hash,
    case when kind = 1 then amount_minor else -greatest(released_minor, -9223372036854775807) end as pending,
    case when kind in (0, 2, 4) then amount_minor else 0 end as posted,
    debit_day_debits_pending as debits_pending, debit_day_credits_pending as credits_pending,
    debit_day_debits_posted as debits_posted, debit_day_credits_posted as credits_posted
  from ledger.transfer
  union all
  select book_id, sequence, credit_account_id, effective_date, false,
    uuid_hash_extended(credit_account_id, effective_date - date '2000-01-01'),
    case when kind = 1 then amount_minor else -greatest(released_minor, -9223372036854775807) end,
    case when kind in (0, 2, 4) then amount_minor else 0 end,
    credit_day_debits_pending, credit_day_credits_pending, credit_day_debits_posted, credit_day_credits_posted
  from ledger.transfer
),
followed as (
  select *,
    lag(debits_pending, 1, 0::bigint) over day as debits_pending_before,
    lag(credits_pending, 1, 0::bigint) over day as credits_pending_before,
    lag(debits_posted, 1, 0::bigint) over day as debits_posted_before,
    lag(credits_posted, 1, 0::bigint) over day as credits_posted_before
  from entry
  window day as (partition by book_id, hash, account_id, effective_date order by sequence)
)
select book_id, sequence,
  (select t.transfer_id from ledger.transfer t where t.book_id = f.book_id and t.sequence = f.sequence) as transfer_id,
  account_id, effective_date,
  array[debits_pending, credits_pending, debits_posted, credits_posted] as stored,
  array[
    debits_pending_before::numeric + case when debit then pending else 0 end,
    credits_pending_before::numeric + case when debit then 0 else pending end,
    debits_posted_before::numeric + case when debit then posted else 0 end,
    credits_posted_before::numeric + case when debit then 0 else posted end
  ] as recomputed
from followed f
where case
  -- Below 2^62 no sum of two overflows; above, numbers of any size are compared.
  when greatest(debits_pending_before, credits_pending_before, debits_posted_before, credits_posted_before, pending, posted)
      < 4611686018427387904
    and least(debits_pending_before, credits_pending_before, debits_posted_before, credits_posted_before, pending)
      > -4611686018427387904
  then debits_pending <> debits_pending_before + case when debit then pending else 0 end
    or credits_pending <> credits_pending_before + case when debit then 0 else pending end
    or debits_posted <> debits_posted_before + case when debit then posted else 0 end
    or credits_posted <> credits_posted_before + case when debit then 0 else posted end
  else debits_pending <> debits_pending_before::numeric + case when debit then pending else 0 end
    or credits_pending <> credits_pending_before::numeric + case when debit then 0 else pending end
    or debits_posted <> debits_posted_before::numeric + case when debit then posted else 0 end
    or credits_posted <> credits_posted_before::numeric + case when debit then 0 else posted end
  end;

-- Accounts whose counters are not the sum of their journal rows. Debits come from rows that debit it only, and the other
-- way round, so that each side is summed by itself.
create or replace view ledger.verify_counters as
select b.book_id, b.account_id,
  array[b.debits_pending, b.credits_pending, b.debits_posted, b.credits_posted]::numeric[] as stored,
  array[coalesce(d.pending, 0), coalesce(c.pending, 0), coalesce(d.posted, 0), coalesce(c.posted, 0)] as recomputed
from ledger.balance b
left join (
  select book_id, debit_account_id as account_id,
    coalesce(sum(amount_minor) filter (where kind = 1), 0) - coalesce(sum(released_minor) filter (where kind <> 1), 0) as pending,
    coalesce(sum(amount_minor) filter (where kind in (0, 2, 4)), 0) as posted
  from ledger.transfer group by book_id, debit_account_id
) d using (book_id, account_id)
left join (
  select book_id, credit_account_id as account_id,
    coalesce(sum(amount_minor) filter (where kind = 1), 0) - coalesce(sum(released_minor) filter (where kind <> 1), 0) as pending,
    coalesce(sum(amount_minor) filter (where kind in (0, 2, 4)), 0) as posted
  from ledger.transfer group by book_id, credit_account_id
) c using (book_id, account_id)
where b.debits_pending <> coalesce(d.pending, 0) or b.credits_pending <> coalesce(c.pending, 0)
  or b.debits_posted <> coalesce(d.posted, 0) or b.credits_posted <> coalesce(c.posted, 0);

-- Accounts without a balance, balances that name no account, journal rows in another currency than their accounts, and
-- accounts that are not what the event of their opening says. Limits and states change over time and cannot be recomputed.
create or replace view ledger.verify_accounts as
select coalesce(a.book_id, b.book_id) as book_id, coalesce(a.account_id, b.account_id) as account_id
from ledger.account a full join ledger.balance b using (book_id, account_id)
where a.account_id is null or b.account_id is null
union all
select t.book_id, t.account_id
from (
  select book_id, debit_account_id as account_id, currency from ledger.transfer
  group by book_id, debit_account_id, currency
  union all
  select book_id, credit_account_id, currency from ledger.transfer
  group by book_id, credit_account_id, currency
) t
where not exists (select from ledger.account a
  where a.book_id = t.book_id and a.account_id = t.account_id and a.currency = t.currency)
union all
select a.book_id, a.account_id
from ledger.account a
left join kernel.event o on o.book_id = a.book_id and o.type = 'ledger.account_opened' and o.subject = a.account_id::text
where o.payload ->> 'currency' is distinct from a.currency or o.payload ->> 'code' is distinct from a.code
  or o.payload ->> 'side' is distinct from a.side;

-- The rows that stand where none should, are missing, or were recorded before the one in front of them. Where none of
-- these is found, the last row says how many there are and when the journal ends.
create or replace view ledger.verify_sequence as
select book_id, expected as sequence, sequence as stored
from (
  select book_id, sequence, row_number() over journal as expected,
    recorded_at < lag(recorded_at) over journal as back
  from ledger.transfer window journal as (partition by book_id order by sequence)
) s
where sequence <> expected or back
union all
select b.book_id, 1, null
from kernel.book b
where not exists (select from ledger.journal_end e where e.book_id = b.book_id)
  and exists (select from ledger.transfer t where t.book_id = b.book_id)
union all
select e.book_id, least(e.sequence, coalesce(t.sequence, 0)) + 1, e.sequence
from ledger.journal_end e
left join lateral (
  select l.sequence, l.recorded_at from ledger.transfer l where l.book_id = e.book_id order by l.sequence desc limit 1
) t on true
where e.sequence <> coalesce(t.sequence, 0) or e.recorded_at < t.recorded_at;

-- Journal rows without their answer, answers without their journal row, and gaps in the journal.
create or replace view ledger.verify_answers as
select coalesce(t.book_id, a.book_id) as book_id, coalesce(t.sequence, a.sequence) as sequence,
  coalesce(t.transfer_id, a.transfer_id) as transfer_id
from ledger.transfer t
full join (select * from ledger.answer where code = 0 or sequence is not null) a
  on t.book_id = a.book_id and t.transfer_id = a.transfer_id and t.sequence = a.sequence
where t.sequence is null or a.sequence is null or a.code <> 0 or a.recorded_at <> t.recorded_at;

-- Pending transfers whose remainder is not their amount less what was posted and released, or whose end or expiry is
-- another than the journal's; and rows that release another amount than their kind can.
create or replace view ledger.verify_pending as
select coalesce(t.book_id, p.book_id) as book_id, coalesce(t.sequence, p.sequence) as sequence,
  coalesce(t.transfer_id, p.transfer_id) as transfer_id, p.remaining_minor as stored,
  t.amount_minor - coalesce(t.released, 0) as recomputed
from (
  select h.book_id, h.transfer_id, h.sequence, h.amount_minor, h.expires_at, s.released, s.last_kind
  from ledger.transfer h
  left join (
    select book_id, related_id as transfer_id, sum(released_minor) as released,
      (array_agg(kind order by sequence desc))[1] as last_kind
    from ledger.transfer where kind in (2, 3, 5) group by book_id, related_id
  ) s using (book_id, transfer_id)
  where h.kind = 1
) t
full join ledger.pending p on t.book_id = p.book_id and t.transfer_id = p.transfer_id
where t.sequence is distinct from p.sequence
  or p.remaining_minor is distinct from t.amount_minor - coalesce(t.released, 0)
  or p.ended is distinct from case when p.remaining_minor = 0 then
    case t.last_kind when 2 then 'posted' when 3 then 'voided' when 5 then 'expired' end end
  or p.expires_at is distinct from t.expires_at
union all
select book_id, sequence, transfer_id, released_minor, amount_minor
from ledger.transfer
where case when kind in (3, 5) then released_minor <> amount_minor
  when kind = 2 then released_minor < amount_minor
  else released_minor <> 0 end;

-- A reversal undoes its original: same amount and currency, sides swapped, once.
create or replace view ledger.verify_reversals as
select coalesce(t.book_id, r.book_id) as book_id, t.sequence, coalesce(t.transfer_id, r.transfer_id) as transfer_id
from (select * from ledger.transfer where kind = 4) t
full join ledger.reversal r on t.book_id = r.book_id and t.transfer_id = r.transfer_id and t.related_id = r.reversed_id
left join ledger.transfer o on o.book_id = t.book_id
  and o.sequence = (select a.sequence from ledger.answer a where a.book_id = t.book_id and a.transfer_id = t.related_id)
where t.sequence is null or r.transfer_id is null or o.sequence is null or o.kind not in (0, 2)
  or o.amount_minor <> t.amount_minor or o.currency <> t.currency or o.debit_account_id <> t.credit_account_id
  or o.credit_account_id <> t.debit_account_id;

-- Journal rows that a closing in force at their instant does not let through, and a present that is not the last closing.
-- What was recorded at one instant meets one closing: the earliest dates of each instant say whether its rows need a look.
create or replace view ledger.verify_closing as
select t.book_id, t.sequence, t.transfer_id, t.effective_date, c.closed_through, c.sealed_through
from (
  select book_id, recorded_at, min(effective_date) as earliest,
    min(effective_date) filter (where not adjustment) as earliest_ordinary
  from ledger.transfer t
  where kind <> 5 and exists (select from ledger.closing c where c.book_id = t.book_id)
  group by book_id, recorded_at
) i
cross join lateral (
  select closed_through, sealed_through from ledger.closing c
  where c.book_id = i.book_id and c.recorded_at < i.recorded_at order by c.recorded_at desc limit 1
) c
join ledger.transfer t on t.book_id = i.book_id and t.recorded_at = i.recorded_at and t.kind <> 5
  and (t.effective_date <= c.sealed_through or t.effective_date <= c.closed_through and not t.adjustment)
where i.earliest <= c.sealed_through or i.earliest_ordinary <= c.closed_through
union all
select j.book_id, null, null, null, j.closed_through, j.sealed_through
from ledger.journal_end j
left join lateral (
  select closed_through, sealed_through from ledger.closing c where c.book_id = j.book_id order by recorded_at desc limit 1
) c on true
where j.closed_through is distinct from c.closed_through or j.sealed_through is distinct from c.sealed_through;

grant select on ledger.verify_running_totals to longmen_app;
