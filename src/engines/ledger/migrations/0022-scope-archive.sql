-- What was carried over from the part of a journal taken out is seen as the journal is.
call kernel.protect('ledger.archive_end', 'book_id = any ((select kernel.books_in_scope())::int[])');
call kernel.protect('ledger.carried_day', $$exists (select from ledger.account a
  where a.book_id = carried_day.book_id and a.account_id = carried_day.account_id)$$);
call kernel.protect('ledger.carried_transfer', $$exists (select from ledger.account a
  where a.book_id = carried_transfer.book_id
    and a.account_id in (carried_transfer.debit_account_id, carried_transfer.credit_account_id))$$);
alter view ledger.journal set (security_invoker = true);
alter policy in_scope on ledger.answer using (exists (select from ledger.journal t
  where t.book_id = answer.book_id and t.sequence = answer.sequence));
alter policy in_scope on ledger.pending using (exists (select from ledger.journal t
  where t.book_id = pending.book_id and t.sequence = pending.sequence));
