-- A customer's tree belongs to the unit that keeps the customer; everything in it is seen with it.
alter table account_centre.customer add column unit_id integer not null default 1;
call kernel.protect('account_centre.customer', 'unit_id = any ((select kernel.units_in_scope())::int[])');
do $$ declare one text; begin
  foreach one in array array['node', 'account', 'action', 'earmark', 'alert_rule', 'alert'] loop
    call kernel.protect(('account_centre.' || one)::regclass, format($p$exists (select from account_centre.customer c
      where c.book_id = %1$I.book_id and c.customer_key = %1$I.customer_key)$p$, one));
  end loop;
end $$;
call kernel.protect('account_centre.earmark_step', $$exists (select from account_centre.earmark e
  where e.book_id = earmark_step.book_id and e.earmark_id = earmark_step.earmark_id)$$);
