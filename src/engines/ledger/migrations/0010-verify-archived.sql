-- The checks of a journal whose beginning was taken out: what is carried over stands for it.

-- A day goes on from the totals carried over, which are no row of the journal themselves.
create or replace view ledger.verify_running_totals as
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
  union all
  select book_id, sequence, account_id, effective_date, null,
    uuid_hash_extended(account_id, effective_date - date '2000-01-01'), 0, 0,
    debits_pending, credits_pending, debits_posted, credits_posted
  from ledger.carried_day
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
where f.debit is not null and case
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

create or replace view ledger.verify_counters as
select b.book_id, b.account_id,
  array[b.debits_pending, b.credits_pending, b.debits_posted, b.credits_posted]::numeric[] as stored,
  array[coalesce(d.pending, 0) + coalesce(k.debits_pending, 0), coalesce(c.pending, 0) + coalesce(k.credits_pending, 0),
    coalesce(d.posted, 0) + coalesce(k.debits_posted, 0), coalesce(c.posted, 0) + coalesce(k.credits_posted, 0)] as recomputed
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
left join (
  select book_id, account_id, sum(debits_pending) as debits_pending, sum(credits_pending) as credits_pending,
    sum(debits_posted) as debits_posted, sum(credits_posted) as credits_posted
  from ledger.carried_day group by book_id, account_id
) k using (book_id, account_id)
where b.debits_pending <> coalesce(d.pending, 0) + coalesce(k.debits_pending, 0)
  or b.credits_pending <> coalesce(c.pending, 0) + coalesce(k.credits_pending, 0)
  or b.debits_posted <> coalesce(d.posted, 0) + coalesce(k.debits_posted, 0)
  or b.credits_posted <> coalesce(c.posted, 0) + coalesce(k.credits_posted, 0);

-- What moved the totals of days: the entries of the journal, and what is carried over.
create view ledger.day_entry as
select book_id, account_id, effective_date, currency, debits_pending, credits_pending, debits_posted, credits_posted
from ledger.entry
union all
select c.book_id, c.account_id, c.effective_date, a.currency, c.debits_pending, c.credits_pending, c.debits_posted,
  c.credits_posted
from ledger.carried_day c join ledger.account a using (book_id, account_id);

create or replace view ledger.verify_code_days as
with recomputed as (
  select book_id, e.currency, a.code, e.effective_date, sum(e.debits_pending) as debits_pending,
    sum(e.credits_pending) as credits_pending, sum(e.debits_posted) as debits_posted,
    sum(e.credits_posted) as credits_posted
  from ledger.day_entry e join ledger.account a using (book_id, account_id)
  group by book_id, e.currency, a.code, e.effective_date
)
select book_id, currency, code, effective_date,
  array[c.debits_pending, c.credits_pending, c.debits_posted, c.credits_posted] as stored,
  array[r.debits_pending, r.credits_pending, r.debits_posted, r.credits_posted] as recomputed
from ledger.code_day c full join recomputed r using (book_id, currency, code, effective_date)
where array[c.debits_pending, c.credits_pending, c.debits_posted, c.credits_posted]
  is distinct from array[r.debits_pending, r.credits_pending, r.debits_posted, r.credits_posted];

create or replace view ledger.verify_group_days as
with recomputed as (
  select c.book_id, c.group_id, e.currency, e.effective_date, sum(e.debits_pending) as debits_pending,
    sum(e.credits_pending) as credits_pending, sum(e.debits_posted) as debits_posted, sum(e.credits_posted) as credits_posted
  from (select distinct book_id, group_id, account_id from ledger.group_cover where left_at is null) c
  join ledger.account_group n on n.book_id = c.book_id and n.group_id = c.group_id and n.daily
  join ledger.day_entry e on e.book_id = c.book_id and e.account_id = c.account_id
  group by c.book_id, c.group_id, e.currency, e.effective_date
)
select book_id, group_id, currency, effective_date,
  array[g.debits_pending, g.credits_pending, g.debits_posted, g.credits_posted] as stored,
  array[r.debits_pending, r.credits_pending, r.debits_posted, r.credits_posted] as recomputed
from ledger.group_day g full join recomputed r using (book_id, group_id, currency, effective_date)
where coalesce(g.debits_pending, 0) <> coalesce(r.debits_pending, 0)
  or coalesce(g.credits_pending, 0) <> coalesce(r.credits_pending, 0)
  or coalesce(g.debits_posted, 0) <> coalesce(r.debits_posted, 0)
  or coalesce(g.credits_posted, 0) <> coalesce(r.credits_posted, 0);

create or replace view ledger.verify_sequence as
select book_id, expected as sequence, sequence as stored
from (
  select t.book_id, t.sequence, coalesce(x.through_sequence, 0) + row_number() over journal as expected,
    t.recorded_at < lag(t.recorded_at, 1, x.recorded_at) over journal as back
  from ledger.transfer t left join ledger.archive_end x using (book_id)
  window journal as (partition by t.book_id order by t.sequence)
) s
where sequence <> expected or back
union all
select b.book_id, 1, null
from kernel.book b
where not exists (select from ledger.journal_end e where e.book_id = b.book_id)
  and exists (select from ledger.transfer t where t.book_id = b.book_id)
union all
select e.book_id, least(e.sequence, coalesce(t.sequence, x.through_sequence, 0)) + 1, e.sequence
from ledger.journal_end e
left join lateral (
  select l.sequence, l.recorded_at from ledger.transfer l where l.book_id = e.book_id order by l.sequence desc limit 1
) t on true
left join ledger.archive_end x on x.book_id = e.book_id
where e.sequence <> coalesce(t.sequence, x.through_sequence, 0) or e.recorded_at < coalesce(t.recorded_at, x.recorded_at);

create or replace view ledger.verify_answers as
select coalesce(t.book_id, a.book_id) as book_id, coalesce(t.sequence, a.sequence) as sequence,
  coalesce(t.transfer_id, a.transfer_id) as transfer_id
from ledger.transfer t
full join (
  select n.* from ledger.answer n left join ledger.archive_end x on x.book_id = n.book_id
  where (n.code = 0 or n.sequence is not null)
    and (x.book_id is null or n.code <> 0 or n.sequence is null or n.sequence > x.through_sequence)
) a
  on t.book_id = a.book_id and t.transfer_id = a.transfer_id and t.sequence = a.sequence
where t.sequence is null or a.sequence is null or a.code <> 0 or a.recorded_at <> t.recorded_at;

create or replace view ledger.verify_pending as
select coalesce(t.book_id, p.book_id) as book_id, coalesce(t.sequence, p.sequence) as sequence,
  coalesce(t.transfer_id, p.transfer_id) as transfer_id, p.remaining_minor as stored,
  t.amount_minor - coalesce(t.released, 0) as recomputed
from (
  select h.book_id, h.transfer_id, h.sequence, h.amount_minor, h.expires_at,
    coalesce(s.released, 0) + h.released_before as released, s.last_kind
  from (
    select book_id, transfer_id, sequence, kind, amount_minor, expires_at, 0::bigint as released_before from ledger.transfer
    union all
    select book_id, transfer_id, sequence, kind, amount_minor, expires_at, released_before from ledger.carried_transfer
    -- What had ended before the rest was taken out is kept for other reasons.
    where released_before < amount_minor
  ) h
  left join (
    select book_id, related_id as transfer_id, sum(released_minor) as released,
      (array_agg(kind order by sequence desc))[1] as last_kind
    from ledger.transfer where kind in (2, 3, 5) group by book_id, related_id
  ) s using (book_id, transfer_id)
  where h.kind = 1
) t
full join (
  -- What had ended when it was taken out cannot be recomputed any more.
  select p.* from ledger.pending p left join ledger.archive_end x on x.book_id = p.book_id
  where x.book_id is null or p.ended is null or p.sequence > x.through_sequence
    or exists (select from ledger.carried_transfer c
      where c.book_id = p.book_id and c.sequence = p.sequence and c.released_before < c.amount_minor)
) p on t.book_id = p.book_id and t.transfer_id = p.transfer_id
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

-- Whether the journal's row of an accepted transfer was taken out.
create function ledger.is_taken_out(p_book integer, p_transfer uuid) returns boolean
language plpgsql stable
set enable_seqscan = off
as $$
begin
  return exists (
    select from ledger.archive_end x join ledger.answer a on a.book_id = x.book_id
    where x.book_id = p_book and a.transfer_id = p_transfer and a.code = 0 and a.sequence <= x.through_sequence);
end;
$$;
grant execute on function ledger.is_taken_out to longmen_app;

create or replace view ledger.verify_reversals as
select coalesce(t.book_id, r.book_id) as book_id, t.sequence, coalesce(t.transfer_id, r.transfer_id) as transfer_id
from (select * from ledger.transfer where kind = 4) t
full join ledger.reversal r on t.book_id = r.book_id and t.transfer_id = r.transfer_id and t.related_id = r.reversed_id
left join ledger.transfer o on o.book_id = t.book_id
  and o.sequence = (select a.sequence from ledger.answer a where a.book_id = t.book_id and a.transfer_id = t.related_id)
where r.transfer_id is null
  -- A reversal that was taken out itself is remembered, as what it undid cannot be undone again; what was undone may be
  -- gone as well.
  or t.sequence is null and not ledger.is_taken_out(r.book_id, r.transfer_id)
  or t.sequence is not null and o.sequence is null and not ledger.is_taken_out(t.book_id, t.related_id)
  or o.kind not in (0, 2)
  or o.amount_minor <> t.amount_minor or o.currency <> t.currency or o.debit_account_id <> t.credit_account_id
  or o.credit_account_id <> t.debit_account_id;

create or replace view ledger.verify_windows as
with bound as materialized (
  -- when each window bound an account: for accounts of a group, while they were members
  select w.book_id, w.window_id, c.account_id, a.side,
    range_agg(tstzrange(c.since, greatest(c.since, least(c.until, coalesce(w.retired_at, 'infinity'))), '()')) as spans
  from ledger.velocity_window w
  cross join lateral (
    select w.account_id, w.created_at as since, 'infinity'::timestamptz as until where w.account_id is not null
    union all
    select c.account_id, greatest(w.created_at, c.joined_at), coalesce(c.left_at, 'infinity')
    from ledger.group_cover c where c.book_id = w.book_id and c.group_id = w.group_id
  ) c
  join ledger.account a on a.book_id = w.book_id and a.account_id = c.account_id
  group by w.book_id, w.window_id, c.account_id, a.side
),
moved as materialized (
  -- what counts: transfers and holds, for the account they take from or add to. Materialised, as is what they are joined
  -- with: the planner knows too little of books and windows to find the order itself.
  select t.book_id, t.amount_minor, t.currency, t.recorded_at, t.debit_account_id as account_id,
    t.credit_account_id as other_id, 'debit' as entry
  from ledger.transfer t
  where t.kind in (0, 1) and t.book_id in (select w.book_id from ledger.velocity_window w)
  union all
  select t.book_id, t.amount_minor, t.currency, t.recorded_at, t.credit_account_id, t.debit_account_id, 'credit'
  from ledger.transfer t
  where t.kind in (0, 1) and t.book_id in (select w.book_id from ledger.velocity_window w)
),
held as (
  -- per window and what it counts for: an account, or the group itself when the other side is outside of it
  select w.book_id, w.window_id, w.period, w.time_zone, case w.per when 'account' then m.account_id end as account_id,
    m.recorded_at, m.amount_minor
  from moved m
  join bound b on b.book_id = m.book_id and b.account_id = m.account_id and m.recorded_at <@ b.spans
  join ledger.velocity_window w on w.book_id = b.book_id and w.window_id = b.window_id
    and w.currency = m.currency and w.direction = case when b.side = m.entry then 'in' else 'out' end
  left join bound o on o.book_id = b.book_id and o.window_id = b.window_id
    and o.account_id = case w.per when 'group' then m.other_id end
  where not coalesce(m.recorded_at <@ o.spans, false)
),
recomputed as (
  select distinct on (book_id, window_id, account_id) book_id, window_id, account_id, bucket, count, amount
  from (
    select book_id, window_id, account_id, ledger.bucket(period, time_zone, recorded_at) as bucket, count(*) as count,
      sum(amount_minor) as amount
    from held group by 1, 2, 3, 4
  ) b
  order by book_id, window_id, account_id, bucket desc
),
stored as (
  select b.book_id, u.usage[i] as window_id, b.account_id, u.usage[i + 1] as bucket, u.usage[i + 2] as count, u.usage[i + 3] as amount
  from ledger.balance b cross join lateral (select b.usage) u cross join lateral generate_series(1, cardinality(u.usage), 4) as i
  where b.usage is not null
  union all
  select g.book_id, u.usage[i], null, u.usage[i + 1], u.usage[i + 2], u.usage[i + 3]
  from ledger.group_balance g cross join lateral (select g.usage) u cross join lateral generate_series(1, cardinality(u.usage), 4) as i
  where g.usage is not null
)
select coalesce(s.book_id, r.book_id) as book_id, coalesce(s.window_id, r.window_id) as window_id,
  coalesce(s.account_id, r.account_id) as account_id, array[s.bucket, s.count, s.amount] as stored,
  array[r.bucket, r.count, r.amount] as recomputed
from stored s
full join recomputed r on r.book_id = s.book_id and r.window_id = s.window_id
  and coalesce(r.account_id::text, '') = coalesce(s.account_id::text, '')
-- A window that was looked at for a refusal only, or emptied by an hour that has gone by, says zero of a later bucket.
where not (coalesce(s.count, 0) = 0 and coalesce(s.amount, 0) = 0 and coalesce(r.bucket, 0) <= coalesce(s.bucket, 0)
    and (r.bucket is distinct from s.bucket))
  and (s.bucket is distinct from r.bucket or s.count is distinct from r.count or s.amount is distinct from r.amount)
  -- What was counted before the rows were taken out, or partly before, cannot be counted again.
  and not exists (
    select from ledger.archive_end x join ledger.velocity_window v on v.book_id = x.book_id
    where x.book_id = s.book_id and v.window_id = s.window_id
      and s.bucket <= ledger.bucket(v.period, v.time_zone, x.recorded_at));

-- What was carried over is as it was written, stands where rows were taken out, and every row taken out has its answer.
create view ledger.verify_archived as
select c.book_id, c.sequence, c.account_id, c.effective_date, 'changed' as fault
from ledger.carried_day c where c.digest is distinct from ledger.digest_of(c)
union all
select c.book_id, c.sequence, null, c.effective_date, 'changed'
from ledger.carried_transfer c where c.digest is distinct from ledger.digest_of(c)
union all
select c.book_id, c.sequence, c.account_id, c.effective_date, 'out of place'
from ledger.carried_day c left join ledger.archive_end x using (book_id)
where c.sequence > coalesce(x.through_sequence, 0)
union all
select c.book_id, c.sequence, c.account_id, c.effective_date, 'no such account'
from ledger.carried_day c
where not exists (select from ledger.account a where a.book_id = c.book_id and a.account_id = c.account_id)
union all
select c.book_id, c.sequence, null, c.effective_date, 'out of place'
from ledger.carried_transfer c left join ledger.archive_end x using (book_id)
where c.sequence > coalesce(x.through_sequence, 0)
union all
select x.book_id, x.through_sequence, null, null, 'answers are missing'
from ledger.archive_end x
cross join lateral (
  select count(*) as answers from ledger.answer a
  where a.book_id = x.book_id and a.code = 0 and a.sequence <= x.through_sequence
) n
where n.answers <> x.through_sequence;

grant select on ledger.day_entry, ledger.verify_archived to longmen_app;
