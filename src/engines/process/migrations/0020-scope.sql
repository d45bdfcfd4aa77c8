-- Models are known throughout a legal entity; what runs is seen by those who may see all of its book.
call kernel.protect('process.definition', 'book_id = any ((select kernel.books_in_scope())::int[])');
call kernel.protect('process.decision_model', 'book_id = any ((select kernel.books_in_scope())::int[])');
do $$ declare one text; begin
  foreach one in array array['instance', 'work', 'task', 'subscription', 'message', 'start_event', 'incident', 'history', 'trail'] loop
    call kernel.protect(('process.' || one)::regclass, 'book_id = any ((select kernel.whole_books_in_scope())::int[])');
  end loop;
end $$;
