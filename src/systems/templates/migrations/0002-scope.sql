-- Templates are known throughout a legal entity; what was posted with them to who may see all of the book.
do $$ declare one text; begin
  foreach one in array array['draft', 'version', 'retirement'] loop
    call kernel.protect(('templates.' || one)::regclass, 'book_id = any ((select kernel.books_in_scope())::int[])');
  end loop;
end $$;
call kernel.protect('templates.posting', 'book_id = any ((select kernel.whole_books_in_scope())::int[])');
