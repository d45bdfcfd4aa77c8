-- Letting go of old notifications. The program may not delete proofs of delivery by itself; it may ask for this, which takes
-- only what is not on its way any more.
create function kernel.purge_notifications(before timestamptz, at_once integer) returns integer
language sql security definer set search_path = pg_catalog, pg_temp as $$
  with old as (
    select n.notification_id from kernel.notification n
     where n.created_at < before
       and not exists (select from kernel.notification_delivery d
             where d.notification_id = n.notification_id and d.state = 'waiting')
     order by n.created_at limit at_once
  ), delivery as (
    select d.delivery_id from kernel.notification_delivery d join old using (notification_id)
  ), attempts as (
    delete from kernel.notification_attempt a using delivery d where a.delivery_id = d.delivery_id
  ), deliveries as (
    delete from kernel.notification_delivery d using old where d.notification_id = old.notification_id
  ), notifications as (
    delete from kernel.notification n using old where n.notification_id = old.notification_id returning 1
  )
  select count(*)::integer from notifications
$$;
revoke all on function kernel.purge_notifications from public;
grant execute on function kernel.purge_notifications to longmen_app;
