-- Logs hold hashes of everything in a book; a proof is for who may see all of it. Keys are public.
call kernel.protect('evidence.signing_key', 'true');
do $$ declare one text; begin
  foreach one in array array['log', 'tile', 'checkpoint'] loop
    call kernel.protect(('evidence.' || one)::regclass, 'book_id = any ((select kernel.whole_books_in_scope())::int[])');
  end loop;
end $$;
