-- Who sees what is carried over from archived rows: as with the rows themselves. See 0020-scope.sql.
call kernel.protect('ledger.archive_end', 'book_id = any ((select kernel.books_in_scope())::int[])');
call kernel.protect('ledger.carried_day', $$exists (select from ledger.account a
  where a.book_id = carried_day.book_id and a.account_id = carried_day.account_id)$$);
call kernel.protect('ledger.carried_transfer', $$exists (select from ledger.account a
  where a.book_id = carried_transfer.book_id
    and a.account_id in (carried_transfer.debit_account_id, carried_transfer.credit_account_id))$$);
alter view ledger.journal set (security_invoker = true);

-- Answers and holds of archived rows belong to no account any more that could be looked up: they are for those who may see
-- all of a book, and where the row was carried over, for those who see that.
create policy archived_in_scope on ledger.answer for select to longmen_staff using (
  book_id = any ((select kernel.whole_books_in_scope())::int[])
  or exists (select from ledger.carried_transfer t where t.book_id = answer.book_id and t.sequence = answer.sequence));
create policy archived_in_scope on ledger.pending for select to longmen_staff using (
  book_id = any ((select kernel.whole_books_in_scope())::int[])
  or exists (select from ledger.carried_transfer t where t.book_id = pending.book_id and t.sequence = pending.sequence));
