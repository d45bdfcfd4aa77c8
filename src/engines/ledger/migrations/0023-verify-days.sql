-- Running totals, counters and totals of codes in one pass over the journal. Rows are sorted by a hash of account and day,
-- which costs a fraction of sorting by both. Each row must follow from the one before it, and each sum is one of the amounts
-- themselves: no finding rests on another.
create function ledger.verify_days(p_book integer) returns table (check_name text, count bigint, first jsonb)
language sql stable as $$
with entry as (
  select sequence, debit_account_id as account_id, effective_date, currency, true as debit,
    uuid_hash_extended(debit_account_id, effective_date - date '2000-01-01') as hash,
    case when kind = 1 then amount_minor else -greatest(released_minor, -9223372036854775807) end as pending,
    case when kind in (0, 2, 4) then amount_minor else 0 end as posted,
    debit_day_debits_pending as debits_pending, debit_day_credits_pending as credits_pending,
    debit_day_debits_posted as debits_posted, debit_day_credits_posted as credits_posted
  from ledger.transfer where book_id = p_book
  union all
  select sequence, credit_account_id, effective_date, currency, false,
    uuid_hash_extended(credit_account_id, effective_date - date '2000-01-01'),
    case when kind = 1 then amount_minor else -greatest(released_minor, -9223372036854775807) end,
    case when kind in (0, 2, 4) then amount_minor else 0 end,
    credit_day_debits_pending, credit_day_credits_pending, credit_day_debits_posted, credit_day_credits_posted
  from ledger.transfer where book_id = p_book
  union all
  -- A day goes on from the totals carried over, which are no row of the journal themselves.
  select c.sequence, c.account_id, c.effective_date, a.currency, null,
    uuid_hash_extended(c.account_id, c.effective_date - date '2000-01-01'), 0, 0,
    c.debits_pending, c.credits_pending, c.debits_posted, c.credits_posted
  from ledger.carried_day c left join ledger.account a on a.book_id = p_book and a.account_id = c.account_id
  where c.book_id = p_book
),
followed as (
  select *,
    lag(debits_pending, 1, 0::bigint) over day as debits_pending_before,
    lag(credits_pending, 1, 0::bigint) over day as credits_pending_before,
    lag(debits_posted, 1, 0::bigint) over day as debits_posted_before,
    lag(credits_posted, 1, 0::bigint) over day as credits_posted_before
  from entry
  window day as (partition by hash, account_id, effective_date order by sequence)
),
judged as (
  select *,
    debit is not null and case
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
      end as broken
  from followed
),
summed as materialized (
  select grouping(j.account_id) = 0 as of_account, grouping(a.code) = 0 as of_code,
    j.account_id, j.currency, a.code, j.effective_date, j.broken_at,
    sum(case when j.debit then j.pending when j.debit is null then j.debits_pending end) as debits_pending,
    sum(case when not j.debit then j.pending when j.debit is null then j.credits_pending end) as credits_pending,
    sum(case when j.debit then j.posted when j.debit is null then j.debits_posted end) as debits_posted,
    sum(case when not j.debit then j.posted when j.debit is null then j.credits_posted end) as credits_posted,
    bool_or(a.account_id is null or a.currency <> j.currency) as strange,
    (array_agg(to_jsonb(j)) filter (where j.broken_at is not null))[1] as broken
  from (select *, case when broken then sequence end as broken_at from judged) j
  left join ledger.account a on a.book_id = p_book and a.account_id = j.account_id
  group by grouping sets ((j.account_id), (j.currency, a.code, j.effective_date), (j.broken_at))
),
finding as (
  select 'running_totals' as check_name, row_number() over (order by broken_at) as place,
    jsonb_build_object('sequence', broken_at,
      'transfer_id', (select t.transfer_id from ledger.transfer t where t.book_id = p_book and t.sequence = s.broken_at),
      'account_id', broken -> 'account_id', 'effective_date', broken -> 'effective_date',
      'stored', jsonb_build_array(broken -> 'debits_pending', broken -> 'credits_pending', broken -> 'debits_posted',
        broken -> 'credits_posted'),
      'recomputed', jsonb_build_array(
        (broken ->> 'debits_pending_before')::numeric + case when (broken -> 'debit')::boolean then (broken ->> 'pending')::numeric else 0 end,
        (broken ->> 'credits_pending_before')::numeric + case when (broken -> 'debit')::boolean then 0 else (broken ->> 'pending')::numeric end,
        (broken ->> 'debits_posted_before')::numeric + case when (broken -> 'debit')::boolean then (broken ->> 'posted')::numeric else 0 end,
        (broken ->> 'credits_posted_before')::numeric + case when (broken -> 'debit')::boolean then 0 else (broken ->> 'posted')::numeric end
      )) as first
  from summed s where broken_at is not null
  union all
  select 'counters', row_number() over (order by account_id), to_jsonb(f)
  from (
    select b.account_id,
      array[b.debits_pending, b.credits_pending, b.debits_posted, b.credits_posted]::numeric[] as stored,
      array[coalesce(s.debits_pending, 0), coalesce(s.credits_pending, 0), coalesce(s.debits_posted, 0),
        coalesce(s.credits_posted, 0)] as recomputed
    from ledger.balance b left join (select * from summed where of_account) s using (account_id)
    where b.book_id = p_book and (b.debits_pending <> coalesce(s.debits_pending, 0)
      or b.credits_pending <> coalesce(s.credits_pending, 0) or b.debits_posted <> coalesce(s.debits_posted, 0)
      or b.credits_posted <> coalesce(s.credits_posted, 0))
  ) f
  union all
  select 'code_days', row_number() over (order by effective_date, code), to_jsonb(f)
  from (
    select currency, code, effective_date,
      array[c.debits_pending, c.credits_pending, c.debits_posted, c.credits_posted] as stored,
      array[coalesce(r.debits_pending, 0), coalesce(r.credits_pending, 0), coalesce(r.debits_posted, 0),
        coalesce(r.credits_posted, 0)] as recomputed
    from (select * from ledger.code_day where book_id = p_book) c
    full join (select * from summed where of_code and code is not null) r using (currency, code, effective_date)
    where c.book_id is null or c.debits_pending <> coalesce(r.debits_pending, 0)
      or c.credits_pending <> coalesce(r.credits_pending, 0) or c.debits_posted <> coalesce(r.debits_posted, 0)
      or c.credits_posted <> coalesce(r.credits_posted, 0)
  ) f
  union all
  -- Days of accounts that are not there, or in another currency than theirs; accounts without a balance, balances without
  -- an account, and accounts that are not what the event of their opening says. Limits and states change over time and
  -- cannot be recomputed.
  select 'accounts', row_number() over (order by account_id), jsonb_build_object('account_id', account_id)
  from (
    select account_id from summed where of_account and strange
    union
    select coalesce(a.account_id, b.account_id)
    from (select account_id from ledger.account where book_id = p_book) a
    full join (select account_id from ledger.balance where book_id = p_book) b using (account_id)
    where a.account_id is null or b.account_id is null
    union
    select a.account_id
    from ledger.account a
    left join kernel.event o on o.book_id = p_book and o.type = 'ledger.account_opened' and o.subject = a.account_id::text
    where a.book_id = p_book and (o.payload ->> 'currency' is distinct from a.currency
      or o.payload ->> 'code' is distinct from a.code or o.payload ->> 'side' is distinct from a.side)
  ) f
)
select check_name, max(place), (array_agg(first order by place))[1] from finding group by check_name
$$;
grant execute on function ledger.verify_days to longmen_app;

drop view ledger.verify_running_totals;
drop view ledger.verify_counters;
drop view ledger.verify_code_days;
drop view ledger.verify_accounts;
