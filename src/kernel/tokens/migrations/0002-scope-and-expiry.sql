-- What a token may do, where, and until when. Those that are there go on as they were: everything, everywhere, for ever.
alter table kernel.token
  add column permissions text[] not null default '{*:*}' check (cardinality(permissions) between 1 and 100),
  add column unit_id int not null default 1 check (unit_id > 0),
  add column expires_at timestamptz;
alter table kernel.token alter column permissions drop default, alter column unit_id drop default;

-- Tokens are seen and revoked by those whose permission reaches their unit. Their digests help nobody.
call kernel.protect('kernel.token', 'unit_id = any ((select kernel.units_in_scope())::int[])');
