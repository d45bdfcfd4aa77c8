-- The people who work for the institution (员工). The id is that of better-auth's user, which holds the same login,
-- name and address for its own use.
create table kernel.staff (
  staff_id   uuid primary key,
  login      text not null unique check (login ~ '^[a-z0-9][a-z0-9._-]{1,62}$'),
  name       text not null check (name <> ''),
  email      text not null unique check (email = lower(email)),
  locale     text not null check (locale in ('zh-CN', 'en')),
  unit_id    int not null check (unit_id > 0),
  state      text not null check (state in ('invited', 'active', 'suspended', 'left')),
  created_at timestamptz not null
);
create index staff_unit on kernel.staff (unit_id);

-- One-time links (一次性链接): only the SHA-256 of what the link holds. A new link of a person ends those before it.
create table kernel.staff_link (
  link_id          uuid primary key,
  staff_id         uuid not null references kernel.staff (staff_id),
  digest           bytea not null unique check (octet_length(digest) = 32),
  -- Whether using it takes away the second factors: for somebody who has lost them.
  resets_factors   boolean not null,
  created_at       timestamptz not null,
  expires_at       timestamptz not null,
  used_at          timestamptz
);
create index staff_link_staff on kernel.staff_link (staff_id);

-- What passwords were, so that they are not used again.
create table kernel.staff_password (
  staff_id uuid not null references kernel.staff (staff_id),
  hash     text not null,
  set_at   timestamptz not null,
  primary key (staff_id, hash)
);

-- Codes of second factors that were accepted: each opens the door once.
create table kernel.staff_code (
  staff_id uuid not null,
  digest   bytea not null check (octet_length(digest) = 32),
  used_at  timestamptz not null,
  primary key (staff_id, digest)
);

-- Failed sign-ins in a row, per login (known or not) and per network address.
create table kernel.sign_in_failure (
  scope          text not null check (scope in ('account', 'address')),
  key            text not null,
  failures       int not null check (failures >= 0),
  last_failed_at timestamptz not null,
  locked_until   timestamptz,
  primary key (scope, key)
);
create index sign_in_failure_last on kernel.sign_in_failure (last_failed_at);

grant select, insert on kernel.staff, kernel.staff_link, kernel.staff_password to longmen_app;
grant update (name, email, locale, unit_id, state) on kernel.staff to longmen_app;
grant update (used_at) on kernel.staff_link to longmen_app;
grant select, insert, delete on kernel.staff_code to longmen_app;
grant select, insert, update, delete on kernel.sign_in_failure to longmen_app;


-- Seen and changed by those whose permission reaches the home unit. Nothing else here is for requests themselves.
call kernel.protect('kernel.staff', 'unit_id = any ((select kernel.units_in_scope())::int[])');
