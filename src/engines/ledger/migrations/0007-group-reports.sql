-- Reading groups at both clocks, and recomputing all that is kept of groups, windows and closings.

-- Which accounts a group counts, and since when: its own members and those of the groups below it.
create view ledger.group_cover as
select m.book_id, n.group_id, m.account_id, m.joined_at, m.left_at
from ledger.group_member m
join ledger.account_group g on g.book_id = m.book_id and g.group_id = m.group_id
cross join lateral unnest(g.path) as n (group_id);

-- What the present members of groups hold together as of an effective date, as known at a journal position (null: at
-- present; then groups that keep totals per date are not summed over their members).
create function ledger.group_balances(
  p_book integer, p_dimension text, p_code text, p_effective_date date, p_sequence bigint
) returns table (
  code text, currency text,
  debits_pending numeric, credits_pending numeric, debits_posted numeric, credits_posted numeric
)
language sql stable as $$
  with wanted as (
    select g.group_id, g.code, g.daily and p_sequence is null as kept
    from ledger.account_group g
    where g.book_id = p_book and g.dimension = p_dimension and (p_code is null or g.code = p_code)
  ),
  counted as (
    select w.code, b.currency, b.debits_pending, b.credits_pending, b.debits_posted, b.credits_posted
    from wanted w join ledger.group_balance b on b.book_id = p_book and b.group_id = w.group_id
    where w.kept or p_effective_date is null and p_sequence is null
    union all
    select w.code, d.currency, -d.debits_pending, -d.credits_pending, -d.debits_posted, -d.credits_posted
    from wanted w join ledger.group_day d on d.book_id = p_book and d.group_id = w.group_id
    where w.kept and d.effective_date > p_effective_date
    union all
    select w.code, a.currency, d.debits_pending, d.credits_pending, d.debits_posted, d.credits_posted
    from wanted w
    join (select distinct group_id, account_id from ledger.group_cover where book_id = p_book and left_at is null) c
      on c.group_id = w.group_id
    join ledger.account a on a.book_id = p_book and a.account_id = c.account_id
    cross join lateral ledger.balance_as_of(p_book, c.account_id, coalesce(p_effective_date, '9999-12-31'), p_sequence) d
    where not w.kept and (p_effective_date is not null or p_sequence is not null)
  )
  select c.code, c.currency, sum(c.debits_pending), sum(c.credits_pending), sum(c.debits_posted), sum(c.credits_posted)
  from counted c group by c.code, c.currency order by c.code, c.currency;
$$;

-- As ledger.trial_balance, over the present members of one group only.
create function ledger.trial_balance_of_group(p_book integer, p_group integer, p_effective_date date, p_sequence bigint)
returns table (
  currency text, code text,
  debits_pending numeric, credits_pending numeric, debits_posted numeric, credits_posted numeric
)
language sql stable as $$
  select a.currency, a.code, sum(d.debits_pending), sum(d.credits_pending), sum(d.debits_posted), sum(d.credits_posted)
  from (select distinct account_id from ledger.group_cover
    where book_id = p_book and group_id = p_group and left_at is null) c
  join ledger.account a on a.book_id = p_book and a.account_id = c.account_id
  cross join lateral ledger.balance_as_of(p_book, c.account_id, p_effective_date, p_sequence) d
  group by a.currency, a.code
  having sum(d.debits_pending) <> 0 or sum(d.credits_pending) <> 0 or sum(d.debits_posted) <> 0
    or sum(d.credits_posted) <> 0
  order by a.currency, a.code;
$$;

-- The hour, day or month of an instant in a zone, as a number that grows with time: hours and days since 1970-01-01
-- there, months since year 0. Must be what bucketOf says (guards.ts).
create function ledger.bucket(p_period text, p_time_zone text, p_at timestamptz) returns bigint
language sql stable as $$
  select case p_period
    when 'hour' then floor(extract(epoch from (p_at at time zone p_time_zone)) / 3600)
    when 'day' then floor(extract(epoch from (p_at at time zone p_time_zone)) / 86400)
    else 12 * extract(year from (p_at at time zone p_time_zone)) + extract(month from (p_at at time zone p_time_zone)) - 1
  end::bigint;
$$;

-- Groups whose balance is not the sum of their members' counters.
create view ledger.verify_groups as
with recomputed as (
  select c.book_id, c.group_id, a.currency, sum(b.debits_pending) as debits_pending,
    sum(b.credits_pending) as credits_pending, sum(b.debits_posted) as debits_posted, sum(b.credits_posted) as credits_posted
  from (select distinct book_id, group_id, account_id from ledger.group_cover where left_at is null) c
  join ledger.account a using (book_id, account_id)
  join ledger.balance b using (book_id, account_id)
  group by c.book_id, c.group_id, a.currency
)
select book_id, group_id, n.dimension, n.code, currency,
  array[g.debits_pending, g.credits_pending, g.debits_posted, g.credits_posted] as stored,
  array[r.debits_pending, r.credits_pending, r.debits_posted, r.credits_posted] as recomputed
from ledger.group_balance g
full join recomputed r using (book_id, group_id, currency)
left join ledger.account_group n using (book_id, group_id)
where coalesce(g.debits_pending, 0) <> coalesce(r.debits_pending, 0)
  or coalesce(g.credits_pending, 0) <> coalesce(r.credits_pending, 0)
  or coalesce(g.debits_posted, 0) <> coalesce(r.debits_posted, 0)
  or coalesce(g.credits_posted, 0) <> coalesce(r.credits_posted, 0)
  or n.group_id is null;

-- Totals of groups per date that are not the sums of their members' journal rows.
create view ledger.verify_group_days as
with recomputed as (
  select c.book_id, c.group_id, e.currency, e.effective_date, sum(e.debits_pending) as debits_pending,
    sum(e.credits_pending) as credits_pending, sum(e.debits_posted) as debits_posted, sum(e.credits_posted) as credits_posted
  from (select distinct book_id, group_id, account_id from ledger.group_cover where left_at is null) c
  join ledger.account_group n on n.book_id = c.book_id and n.group_id = c.group_id and n.daily
  join ledger.entry e on e.book_id = c.book_id and e.account_id = c.account_id
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

-- Windows that have counted other than the journal says, in the last bucket the journal or the window knows.
create view ledger.verify_windows as
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
  and (s.bucket is distinct from r.bucket or s.count is distinct from r.count or s.amount is distinct from r.amount);

-- Journal rows that a closing in force at their instant does not let through, and a present that is not the last closing.
create view ledger.verify_closing as
select t.book_id, t.sequence, t.transfer_id, t.effective_date, c.closed_through, c.sealed_through
from ledger.transfer t
cross join lateral (
  select closed_through, sealed_through from ledger.closing c
  where c.book_id = t.book_id and c.recorded_at < t.recorded_at order by c.recorded_at desc limit 1
) c
where t.kind <> 5 and (t.effective_date <= c.sealed_through or t.effective_date <= c.closed_through and not t.adjustment)
union all
select j.book_id, null, null, null, j.closed_through, j.sealed_through
from ledger.journal_end j
left join lateral (
  select closed_through, sealed_through from ledger.closing c where c.book_id = j.book_id order by recorded_at desc limit 1
) c on true
where j.closed_through is distinct from c.closed_through or j.sealed_through is distinct from c.sealed_through;

grant select on ledger.group_cover, ledger.verify_groups, ledger.verify_group_days, ledger.verify_windows,
  ledger.verify_closing to longmen_app;
grant execute on all functions in schema ledger to longmen_app;
