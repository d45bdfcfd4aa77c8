-- Layouts and consolidations as they were given, each version once. What the shipped ones say stands in files.
create table reports.definition (
  kind text not null check (kind in ('layout', 'consolidation')),
  code text not null,
  version integer not null check (version > 0),
  content jsonb not null,
  created_at timestamptz not null,
  primary key (kind, code, version)
);
grant select, insert on reports.definition to longmen_app;

-- Rows that carry a year's result into equity are few among very many: an index of their own finds them at once.
create index transfer_year_end_close on ledger.transfer (book_id, effective_date, sequence)
  where type = 'year_end_close';

-- The rows that carry a year's result into equity, and the reversals that take them back. Kinds as in the ledger:
-- 0 transfer, 2 post, 4 reverse.
create view reports.year_end_transfer as
select t.book_id, t.sequence, t.debit_account_id, t.credit_account_id, t.amount_minor, t.effective_date, t.adjustment
from ledger.transfer t
where t.type = 'year_end_close' and t.kind in (0, 2, 4)
union all
select t.book_id, t.sequence, t.debit_account_id, t.credit_account_id, t.amount_minor, t.effective_date, t.adjustment
from ledger.transfer c
join ledger.reversal r on r.book_id = c.book_id and r.reversed_id = c.transfer_id
join ledger.answer n on n.book_id = r.book_id and n.transfer_id = r.transfer_id
join ledger.transfer t on t.book_id = n.book_id and t.sequence = n.sequence
where c.type = 'year_end_close' and t.type is distinct from 'year_end_close';

grant select on reports.year_end_transfer to longmen_app;
