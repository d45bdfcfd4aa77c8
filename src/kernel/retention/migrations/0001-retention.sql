-- How long each kind of data is kept, and what then becomes of it. Every change is a row; the last one of a kind holds.
-- On Citus a reference table.
create table kernel.retention_policy (
  kind text not null check (kind ~ '^[a-z][a-z_]{0,62}$'),
  number integer not null check (number > 0),
  -- null: for ever
  keep_days integer check (keep_days > 0),
  action text not null check (action in ('archive', 'delete')),
  legal_basis text not null check (legal_basis <> ''),
  actor text not null,
  changed_at timestamptz not null,
  primary key (kind, number)
);
grant select, insert on kernel.retention_policy to longmen_app;

-- How long data is kept is no secret.
call kernel.protect('kernel.retention_policy', 'true');
