-- As in 0001-reports.sql, over all rows at hand: rows that carry a year's result are kept when the journal around them is
-- archived, as are their reversals.
create index carried_year_end_close on ledger.carried_transfer (book_id, effective_date, sequence)
  where type = 'year_end_close';

create or replace view reports.year_end_transfer as
select t.book_id, t.sequence, t.debit_account_id, t.credit_account_id, t.amount_minor, t.effective_date, t.adjustment
from ledger.journal t
where t.type = 'year_end_close' and t.kind in (0, 2, 4)
union all
select t.book_id, t.sequence, t.debit_account_id, t.credit_account_id, t.amount_minor, t.effective_date, t.adjustment
from ledger.journal c
join ledger.reversal r on r.book_id = c.book_id and r.reversed_id = c.transfer_id
join ledger.answer n on n.book_id = r.book_id and n.transfer_id = r.transfer_id
join ledger.journal t on t.book_id = n.book_id and t.sequence = n.sequence
where c.type = 'year_end_close' and t.type is distinct from 'year_end_close';
