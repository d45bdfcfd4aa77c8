-- The event log of a book tells of all its accounts.
call kernel.protect('kernel.event', 'book_id = any ((select kernel.whole_books_in_scope())::int[])');
