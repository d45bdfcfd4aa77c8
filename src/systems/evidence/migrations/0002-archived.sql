-- When postings are archived, their salts go with them: what was erased there must not be guessed with what stays here.
create function evidence.forget_salts(p_book integer) returns void
language sql security definer
set search_path = pg_catalog, pg_temp
as $$
  delete from evidence.salt s using ledger.archive_end x
  where x.book_id = p_book and s.book_id = p_book and s.last_sequence <= x.through_sequence
$$;
revoke execute on function evidence.forget_salts from public;
grant execute on function evidence.forget_salts to longmen_app;
