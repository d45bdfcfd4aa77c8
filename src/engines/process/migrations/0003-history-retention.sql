-- History is append-only for the application but for this: steps of instances that ended before an instant, at most
-- p_limit instances at a time. Instances, their tasks and who did what to them stay.
create index instance_ended on process.instance (book_id, ended_at) where ended_at is not null;

create function process.forget_history(p_book integer, p_before timestamptz, p_limit integer) returns bigint
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_rows bigint;
begin
  delete from process.history h where h.book_id = p_book and h.instance_id in (
    select i.instance_id from process.instance i
    where i.book_id = p_book and i.ended_at < p_before
      and exists (select from process.history x where x.book_id = p_book and x.instance_id = i.instance_id)
    order by i.ended_at limit p_limit);
  get diagnostics v_rows = row_count;
  return v_rows;
end;
$$;
revoke execute on function process.forget_history from public;
grant execute on function process.forget_history to longmen_app;
