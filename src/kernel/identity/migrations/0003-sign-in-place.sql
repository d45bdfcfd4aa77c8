-- From where people have signed in: a place that is not here is told to whom it concerns.
create table kernel.sign_in_place (
  staff_id     uuid not null,
  -- SHA-256 of network address and device.
  digest       bytea not null check (octet_length(digest) = 32),
  last_used_at timestamptz not null,
  primary key (staff_id, digest)
);
grant select, insert, delete on kernel.sign_in_place to longmen_app;
grant update (last_used_at) on kernel.sign_in_place to longmen_app;
