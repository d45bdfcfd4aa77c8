call kernel.protect('archive.archive', 'book_id = any ((select kernel.whole_books_in_scope())::int[])');
