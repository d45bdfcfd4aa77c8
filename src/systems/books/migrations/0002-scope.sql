-- Legal entities are known to who works in them; where customers are, and transfers between books, to who sees both.
call kernel.protect('books.entity_book', 'book_id = any ((select kernel.books_in_scope())::int[])');
call kernel.protect('books.entity', $$exists (select from kernel.book b
  where b.legal_entity = entity.code or entity.code = 'main' and b.code = 'main')$$);
call kernel.protect('books.customer', 'book_id = any ((select kernel.whole_books_in_scope())::int[])');
call kernel.protect('books.account', 'book_id = any ((select kernel.whole_books_in_scope())::int[])');
call kernel.protect('books.transfer', $$debit_book_id = any ((select kernel.whole_books_in_scope())::int[])
  and credit_book_id = any ((select kernel.whole_books_in_scope())::int[])$$);
alter view books.member set (security_invoker = true);
