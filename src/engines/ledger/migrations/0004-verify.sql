-- Recomputation of everything that is kept, from the journal alone. Each check returns the rows that do not follow, the
-- first one first.

-- Journal rows whose running day totals do not follow from the rows before them.
create view ledger.verify_running_totals as
select book_id, sequence, transfer_id, account_id, effective_date, day_totals as stored, recomputed
from (
  select e.*, array[sum(debits_pending) over day, sum(credits_pending) over day, sum(debits_posted) over day,
    sum(credits_posted) over day] as recomputed
  from ledger.entry e
  window day as (partition by book_id, account_id, effective_date order by sequence)
) r
where day_totals::numeric[] <> recomputed;

-- Accounts whose counters are not the sum of their journal rows.
create view ledger.verify_counters as
select b.book_id, b.account_id,
  array[b.debits_pending, b.credits_pending, b.debits_posted, b.credits_posted]::numeric[] as stored,
  array[coalesce(s.debits_pending, 0), coalesce(s.credits_pending, 0), coalesce(s.debits_posted, 0),
    coalesce(s.credits_posted, 0)] as recomputed
from ledger.balance b
left join (
  select book_id, account_id, sum(debits_pending) as debits_pending, sum(credits_pending) as credits_pending,
    sum(debits_posted) as debits_posted, sum(credits_posted) as credits_posted
  from ledger.entry group by book_id, account_id
) s using (book_id, account_id)
where b.debits_pending <> coalesce(s.debits_pending, 0) or b.credits_pending <> coalesce(s.credits_pending, 0)
  or b.debits_posted <> coalesce(s.debits_posted, 0) or b.credits_posted <> coalesce(s.credits_posted, 0);

-- Totals per code and day that are not the sum of their journal rows.
create view ledger.verify_code_days as
with recomputed as (
  select book_id, e.currency, a.code, e.effective_date, sum(e.debits_pending) as debits_pending,
    sum(e.credits_pending) as credits_pending, sum(e.debits_posted) as debits_posted,
    sum(e.credits_posted) as credits_posted
  from ledger.entry e join ledger.account a using (book_id, account_id)
  group by book_id, e.currency, a.code, e.effective_date
)
select book_id, currency, code, effective_date,
  array[c.debits_pending, c.credits_pending, c.debits_posted, c.credits_posted] as stored,
  array[r.debits_pending, r.credits_pending, r.debits_posted, r.credits_posted] as recomputed
from ledger.code_day c full join recomputed r using (book_id, currency, code, effective_date)
where array[c.debits_pending, c.credits_pending, c.debits_posted, c.credits_posted]
  is distinct from array[r.debits_pending, r.credits_pending, r.debits_posted, r.credits_posted];

-- Pending transfers whose remainder is not their amount less what was posted and released, or whose end or expiry is
-- another than the journal's; and rows that release another amount than their kind can.
create view ledger.verify_pending as
select coalesce(t.book_id, p.book_id) as book_id, coalesce(t.sequence, p.sequence) as sequence,
  coalesce(t.transfer_id, p.transfer_id) as transfer_id, p.remaining_minor as stored,
  t.amount_minor - coalesce(s.released, 0) as recomputed
from (select * from ledger.transfer where kind = 1) t
full join ledger.pending p on p.book_id = t.book_id and p.transfer_id = t.transfer_id
left join (
  select book_id, related_id as transfer_id, sum(released_minor) as released,
    (array_agg(kind order by sequence desc))[1] as last_kind
  from ledger.transfer where kind in (2, 3, 5) group by book_id, related_id
) s on s.book_id = t.book_id and s.transfer_id = t.transfer_id
where t.sequence is distinct from p.sequence
  or p.remaining_minor is distinct from t.amount_minor - coalesce(s.released, 0)
  or p.ended is distinct from case when p.remaining_minor = 0 then
    case s.last_kind when 2 then 'posted' when 3 then 'voided' when 5 then 'expired' end end
  or p.expires_at is distinct from t.expires_at
union all
select book_id, sequence, transfer_id, released_minor, amount_minor
from ledger.transfer
where case when kind in (3, 5) then released_minor <> amount_minor
  when kind = 2 then released_minor < amount_minor
  else released_minor <> 0 end;

-- Journal rows without their answer, answers without their journal row, and gaps in the journal.
create view ledger.verify_answers as
select coalesce(t.book_id, a.book_id) as book_id, coalesce(t.sequence, a.sequence) as sequence,
  coalesce(t.transfer_id, a.transfer_id) as transfer_id
from ledger.transfer t
full join (select * from ledger.answer where code = 0 or sequence is not null) a
  on a.book_id = t.book_id and a.transfer_id = t.transfer_id and a.sequence = t.sequence
where t.sequence is null or a.sequence is null or a.code <> 0 or a.recorded_at <> t.recorded_at;

-- The rows that stand where none should, are missing, or were recorded before the one in front of them.
create view ledger.verify_sequence as
select book_id, expected as sequence, sequence as stored
from (
  select book_id, sequence, row_number() over (partition by book_id order by sequence) as expected,
    recorded_at < lag(recorded_at) over (partition by book_id order by sequence) as back
  from ledger.transfer
) s
where sequence <> expected or back
union all
select book_id, 1, null
from (select distinct book_id from ledger.transfer) t
where not exists (select from ledger.journal_end e where e.book_id = t.book_id)
union all
select e.book_id, least(e.sequence, t.rows) + 1, e.sequence
from ledger.journal_end e
cross join lateral (
  select count(*) as rows, max(recorded_at) as recorded_at from ledger.transfer where book_id = e.book_id
) t
where e.sequence <> t.rows or e.recorded_at < t.recorded_at;

-- A reversal undoes its original: same amount and currency, sides swapped, once.
create view ledger.verify_reversals as
select coalesce(t.book_id, r.book_id) as book_id, t.sequence, coalesce(t.transfer_id, r.transfer_id) as transfer_id
from (select * from ledger.transfer where kind = 4) t
full join ledger.reversal r on r.book_id = t.book_id and r.transfer_id = t.transfer_id and r.reversed_id = t.related_id
left join ledger.transfer o on o.book_id = t.book_id
  and o.sequence = (select a.sequence from ledger.answer a where a.book_id = t.book_id and a.transfer_id = t.related_id)
where t.sequence is null or r.transfer_id is null or o.sequence is null or o.kind not in (0, 2)
  or o.amount_minor <> t.amount_minor or o.currency <> t.currency or o.debit_account_id <> t.credit_account_id
  or o.credit_account_id <> t.debit_account_id;

-- Members of a chain stand next to each other and were recorded together.
create view ledger.verify_chains as
select t.book_id, t.sequence, t.transfer_id
from ledger.transfer t
left join ledger.transfer n on n.book_id = t.book_id and n.sequence = t.sequence + 1
where t.linked and (n.sequence is null or n.recorded_at <> t.recorded_at);

-- Accounts without a balance, balances that name no account, journal rows in another currency than their accounts, and
-- accounts that are not what the event of their opening says. Limits and states change over time and cannot be recomputed.
create view ledger.verify_accounts as
select coalesce(a.book_id, b.book_id) as book_id, coalesce(a.account_id, b.account_id) as account_id
from ledger.account a full join ledger.balance b using (book_id, account_id)
where a.account_id is null or b.account_id is null
union all
select e.book_id, e.account_id
from ledger.entry e left join ledger.account a using (book_id, account_id)
where a.currency is distinct from e.currency
union all
select a.book_id, a.account_id
from ledger.account a
left join kernel.event o on o.book_id = a.book_id and o.type = 'ledger.account_opened' and o.subject = a.account_id::text
where o.payload ->> 'currency' is distinct from a.currency or o.payload ->> 'code' is distinct from a.code
  or o.payload ->> 'side' is distinct from a.side;

-- The event log tells of the whole journal, piece by piece, and has no gaps itself.
create view ledger.verify_events as
select book_id, first_sequence as sequence, position
from (
  select book_id, position, (payload ->> 'first_sequence')::bigint as first_sequence,
    lag((payload ->> 'last_sequence')::bigint, 1, 0::bigint) over (partition by book_id order by position) as before
  from kernel.event where type = 'ledger.posted'
) e
where first_sequence is distinct from before + 1
union all
select j.book_id, j.sequence, null
from ledger.journal_end j
where j.sequence <> coalesce((select max((payload ->> 'last_sequence')::bigint) from kernel.event e
  where e.book_id = j.book_id and e.type = 'ledger.posted'), 0)
union all
select book_id, null, expected
from (select book_id, position, row_number() over (partition by book_id order by position) as expected from kernel.event) p
where position <> expected;

grant select on ledger.verify_running_totals, ledger.verify_counters, ledger.verify_code_days, ledger.verify_pending,
  ledger.verify_answers, ledger.verify_sequence, ledger.verify_reversals, ledger.verify_chains, ledger.verify_accounts,
  ledger.verify_events to longmen_app;
