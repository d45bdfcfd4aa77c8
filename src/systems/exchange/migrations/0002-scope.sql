-- Rates and how a book trades are known throughout its legal entity; what it traded to who may see all of it.
call kernel.protect('exchange.rate', 'true');
call kernel.protect('exchange.desk', 'book_id = any ((select kernel.books_in_scope())::int[])');
call kernel.protect('exchange.currency', 'book_id = any ((select kernel.books_in_scope())::int[])');
do $$ declare one text; begin
  foreach one in array array['quote', 'deal', 'revaluation'] loop
    call kernel.protect(('exchange.' || one)::regclass, 'book_id = any ((select kernel.whole_books_in_scope())::int[])');
  end loop;
end $$;
