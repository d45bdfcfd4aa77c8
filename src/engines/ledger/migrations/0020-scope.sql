-- Whose accounts are whose: an account belongs to a unit of the organisation, and what hangs on it is seen with it. Sums
-- over a whole book are for those who may see all of it. See kernel/access for the procedure and the functions.

alter table ledger.account add column unit_id integer not null default 1;
create index account_unit on ledger.account (book_id, unit_id, account_id) where unit_id <> 1;
grant update (unit_id) on ledger.account to longmen_app;

call kernel.protect('ledger.account', 'unit_id = any ((select kernel.units_in_scope())::int[])');
call kernel.protect('ledger.balance', $$exists (select from ledger.account a
  where a.book_id = balance.book_id and a.account_id = balance.account_id)$$);
-- A posting is seen by either side.
call kernel.protect('ledger.transfer', $$exists (select from ledger.account a
  where a.book_id = transfer.book_id and a.account_id in (transfer.debit_account_id, transfer.credit_account_id))$$);
call kernel.protect('ledger.answer', $$exists (select from ledger.transfer t
  where t.book_id = answer.book_id and t.sequence = answer.sequence)$$);
call kernel.protect('ledger.pending', $$exists (select from ledger.transfer t
  where t.book_id = pending.book_id and t.sequence = pending.sequence)$$);
call kernel.protect('ledger.reversal', $$exists (select from ledger.answer r
  where r.book_id = reversal.book_id and r.transfer_id = reversal.transfer_id)$$);
call kernel.protect('ledger.group_member', $$exists (select from ledger.account a
  where a.book_id = group_member.book_id and a.account_id = group_member.account_id)$$);

call kernel.protect('ledger.journal_end', 'book_id = any ((select kernel.books_in_scope())::int[])');
call kernel.protect('ledger.closing', 'book_id = any ((select kernel.books_in_scope())::int[])');
do $$ declare one text; begin
  foreach one in array array['code_day', 'account_group', 'group_balance', 'group_day', 'group_limit', 'velocity_window'] loop
    call kernel.protect(('ledger.' || one)::regclass, 'book_id = any ((select kernel.whole_books_in_scope())::int[])');
  end loop;
end $$;

-- Read by requests: with the rights of who asks.
alter view ledger.entry set (security_invoker = true);
alter view ledger.group_cover set (security_invoker = true);
