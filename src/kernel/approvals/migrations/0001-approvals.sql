-- Four eyes (双人复核): what somebody asked for and somebody else approved. On Citus a reference table.
create table kernel.approval_request (
  request_id    uuid primary key,
  command       text not null,
  -- What the checker must hold, in the unit.
  permission    text not null,
  unit_id       int not null references kernel.unit (unit_id),
  title         jsonb not null,
  before        jsonb not null,
  after         jsonb not null,
  input         jsonb not null,
  maker_kind    text not null check (maker_kind in ('staff', 'token')),
  maker_id      uuid not null,
  maker_name    text not null,
  -- The colleague in whose name the maker asked.
  maker_for     uuid,
  maker_permission text not null,
  maker_visibility jsonb not null,
  reason        text not null default '',
  state         text not null default 'waiting' check (state in ('waiting', 'approved', 'refused', 'withdrawn', 'expired')),
  created_at    timestamptz not null,
  expires_at    timestamptz not null,
  checker_id    uuid,
  checker_name  text,
  checker_for   uuid,
  decided_at    timestamptz,
  decision_note text,
  -- What carrying it out answered.
  status        smallint,
  outcome       jsonb,
  check (expires_at > created_at),
  check ((state = 'waiting') = (decided_at is null)),
  check ((state in ('approved', 'refused')) = (checker_id is not null)),
  -- Nobody is both pairs of eyes, neither in person nor through a colleague who stands in for them.
  constraint maker_is_not_checker check (
    checker_id is null or (
      checker_id <> maker_id
      and (maker_for is null or checker_id <> maker_for)
      and (checker_for is null or checker_for <> maker_id and (maker_for is null or checker_for <> maker_for))
    )
  )
);
create index approval_request_waiting on kernel.approval_request (expires_at) where state = 'waiting';
create index approval_request_list on kernel.approval_request (created_at, request_id);

call kernel.protect('kernel.approval_request', 'unit_id = any ((select kernel.units_in_scope())::int[])');

grant select, insert on kernel.approval_request to longmen_app;
grant update (state, checker_id, checker_name, checker_for, decided_at, decision_note, status, outcome)
  on kernel.approval_request to longmen_app;

-- A decision is made once, and what was asked for does not change under it, whatever a program tries.
create function kernel.approval_is_final() returns trigger language plpgsql as $$
begin
  if old.state <> 'waiting' then
    raise exception 'approval request % is decided', old.request_id using errcode = 'integrity_constraint_violation';
  end if;
  return new;
end
$$;
create trigger approval_is_final before update on kernel.approval_request
  for each row execute function kernel.approval_is_final();
