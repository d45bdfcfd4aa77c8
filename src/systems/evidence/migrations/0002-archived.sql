-- When postings are archived, their salts go with them: what was erased there must not be guessed with what stays here.
create function evidence.forget_salts(p_book integer) returns void
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_through bigint;
begin
  select x.through_sequence into v_through from ledger.archive_end x where x.book_id = p_book;
  delete from evidence.salt s where s.book_id = p_book and s.last_sequence <= v_through;
  -- One row of salts may reach over the cut.
  update evidence.salt s
  set salts = substring(s.salts from (1 + 32 * (v_through + 1 - s.first_sequence))::integer), first_sequence = v_through + 1
  where s.book_id = p_book and s.first_sequence <= v_through;
end;
$$;
revoke execute on function evidence.forget_salts from public;
grant execute on function evidence.forget_salts to longmen_app;
