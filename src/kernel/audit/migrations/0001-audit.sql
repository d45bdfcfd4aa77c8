-- The audit trail: who read or changed what, when, from where, why, and on whose approval. One trail for the institution.
--
-- On Citus both tables are local to the coordinator or distributed by nothing: the trail has one order.

-- The head of the trail. Its row lock makes commit order and sequence order the same, without gaps. It is taken by the
-- last statement of a transaction.
create table kernel.audit_head (
  trail       text primary key check (trail = 'main'),
  sequence    bigint not null default 0 check (sequence >= 0),
  recorded_at timestamptz
);
insert into kernel.audit_head (trail) values ('main');

-- The texts that can name people (actor_name, behalf_name, address, subjects, reason) can be taken back by erasure; the
-- evidence log holds them as salted hashes.
create table kernel.audit_entry (
  sequence       bigint primary key check (sequence > 0),
  recorded_at    timestamptz not null,
  actor_kind     text not null check (actor_kind in ('staff', 'token', 'system', 'unknown')),
  actor_id       uuid not null,
  actor_name     text,
  behalf_kind    text check (behalf_kind in ('staff', 'token', 'system', 'unknown')),
  behalf_id      uuid,
  behalf_name    text,
  action         text not null check (action <> ''),
  effect         text not null check (effect in ('read', 'change')),
  method         text,
  route          text,
  status         smallint not null check (status between 100 and 599),
  code           text,
  subjects       text[] not null,
  fields         text[] not null,
  unit_id        int not null,
  address        text,
  trace_id       text,
  approval_id    uuid,
  reason         text,
  request_digest bytea check (octet_length(request_digest) = 32)
);
comment on column kernel.audit_entry.actor_kind is 'unknown: a caller who has not said who he is, or not believably.';
comment on column kernel.audit_entry.action is 'The permission that was needed, or what a room calls what it did.';
comment on column kernel.audit_entry.code is 'The stable code of a refusal.';
comment on column kernel.audit_entry.subjects is 'Whom or what it was about, each as kind:id.';
comment on column kernel.audit_entry.fields is 'Names of the fields that were read in plain or changed; never what they held.';
comment on column kernel.audit_entry.request_digest is 'SHA-256 of method, address and body.';

create index audit_entry_recorded_at on kernel.audit_entry (recorded_at);
create index audit_entry_actor on kernel.audit_entry (actor_id, sequence);
create index audit_entry_subjects on kernel.audit_entry using gin (subjects);

call kernel.protect('kernel.audit_entry', 'unit_id = any ((select kernel.units_in_scope())::int[])');

-- Appends entries, given as a JSON array, and returns the sequence of the last one. The update keeps the head locked until the
-- caller commits. recorded_at never runs backwards, even when the clocks of two servers differ.
create function kernel.append_audit(p_entries jsonb) returns bigint
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_count integer := jsonb_array_length(p_entries);
  v_last bigint;
  v_floor timestamptz;
begin
  update kernel.audit_head set sequence = sequence + v_count where trail = 'main' returning sequence, recorded_at into v_last, v_floor;
  insert into kernel.audit_entry (
    sequence, recorded_at, actor_kind, actor_id, actor_name, behalf_kind, behalf_id, behalf_name, action, effect, method, route,
    status, code, subjects, fields, unit_id, address, trace_id, approval_id, reason, request_digest)
  select v_last - v_count + e.n, greatest(v_floor, max(e.at) over (order by e.n)), e.actor_kind, e.actor_id, e.actor_name,
         e.behalf_kind, e.behalf_id, e.behalf_name, e.action, e.effect, e.method, e.route, e.status, e.code, e.subjects, e.fields,
         e.unit_id, e.address, e.trace_id, e.approval_id, e.reason, decode(e.request_digest, 'base64')
    from rows from (jsonb_to_recordset(p_entries) as (
           at timestamptz, actor_kind text, actor_id uuid, actor_name text, behalf_kind text, behalf_id uuid, behalf_name text,
           action text, effect text, method text, route text, status smallint, code text, subjects text[], fields text[], unit_id int,
           address text, trace_id text, approval_id uuid, reason text, request_digest text
         )) with ordinality as e (
           at, actor_kind, actor_id, actor_name, behalf_kind, behalf_id, behalf_name, action, effect, method, route, status, code,
           subjects, fields, unit_id, address, trace_id, approval_id, reason, request_digest, n);
  update kernel.audit_head set recorded_at = (select e.recorded_at from kernel.audit_entry e where e.sequence = v_last)
   where trail = 'main' and v_count > 0;
  return v_last;
end;
$$;
revoke execute on function kernel.append_audit from public;

-- Nobody but the function above adds to the trail, and nobody changes it.
grant execute on function kernel.append_audit to longmen_app;
grant select on kernel.audit_entry, kernel.audit_head to longmen_app;

-- Who may see which fields of whom in plain for a while, and what reason was given.
create table kernel.unmask_grant (
  grant_id   uuid primary key,
  actor_kind text not null,
  actor_id   uuid not null,
  subject    text not null,
  fields     text[] not null check (cardinality(fields) > 0),
  reason     text not null check (reason <> ''),
  granted_at timestamptz not null,
  expires_at timestamptz not null,
  check (expires_at > granted_at)
);
create index unmask_grant_current on kernel.unmask_grant (actor_id, subject, expires_at);

grant select, insert on kernel.unmask_grant to longmen_app;
