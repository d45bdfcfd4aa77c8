-- Chart and periods are known throughout a legal entity; the rest is for who may see all of the book.
do $$ declare one text; begin
  foreach one in array array['chart', 'chart_entry', 'period_action'] loop
    call kernel.protect(('general_ledger.' || one)::regclass, 'book_id = any ((select kernel.books_in_scope())::int[])');
  end loop;
  foreach one in array array['suspense_mark', 'suspense_rule', 'suspense_match', 'suspense_match_end', 'year_end_action',
    'year_end_transfer'] loop
    call kernel.protect(('general_ledger.' || one)::regclass, 'book_id = any ((select kernel.whole_books_in_scope())::int[])');
  end loop;
end $$;
