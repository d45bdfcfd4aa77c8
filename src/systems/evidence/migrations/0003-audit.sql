-- The audit trail as a log of its own: book 0, log `audit`. Its leaves hold what can name people as salted hashes.

-- Random salts: 48 bytes per entry from first_sequence on, 16 each for who acted, for the subjects, and for the reason and the
-- digest of the request. One row per appended batch.
create table evidence.audit_salt (
  first_sequence bigint primary key,
  last_sequence bigint not null,
  salts bytea not null,
  check (octet_length(salts) = 48 * (last_sequence - first_sequence + 1))
);
alter table evidence.audit_salt alter column salts set storage external;

-- Entries parts of which were erased, with what the leaf holds in their place.
create table evidence.audit_erasure (
  sequence bigint primary key,
  who_hash bytea,
  subjects_hash bytea,
  words_hash bytea,
  reason text not null check (reason <> ''),
  erased_at timestamptz not null
);

grant select, insert on evidence.audit_salt to longmen_app;
grant select on evidence.audit_erasure to longmen_app;

-- A text behind its length in two bytes, big-endian; an absent one is the length 0xffff alone.
create function evidence.leaf_text(p_text text) returns bytea language sql immutable parallel safe as $$
  select coalesce(
    substring(int4send(octet_length(convert_to(p_text, 'UTF8'))) from 3) || convert_to(p_text, 'UTF8'), '\xffff')
$$;

create function evidence.leaf_texts(p_texts text[]) returns bytea language sql immutable parallel safe as $$
  select coalesce((select string_agg(evidence.leaf_text(t), ''::bytea order by n)
                     from unnest(p_texts) with ordinality as u (t, n)), ''::bytea)
$$;

create function evidence.leaf_list(p_texts text[]) returns bytea language sql immutable parallel safe as $$
  select substring(int4send(octet_length(evidence.leaf_texts(p_texts))) from 3) || evidence.leaf_texts(p_texts)
$$;

-- What stands behind the three hashes of a leaf.
create function evidence.audit_who(e kernel.audit_entry) returns bytea language sql immutable parallel safe as $$
  select evidence.leaf_text(e.actor_name) || evidence.leaf_text(e.behalf_name) || evidence.leaf_text(e.address)
$$;
create function evidence.audit_words(e kernel.audit_entry) returns bytea language sql immutable parallel safe as $$
  select evidence.leaf_text(e.reason) || coalesce('\x0020'::bytea || e.request_digest, '\xffff')
$$;

-- The leaf of an entry: the byte 02, then field by field as README.md lists them.
create function evidence.audit_leaf(e kernel.audit_entry, p_who bytea, p_subjects bytea, p_words bytea)
returns bytea
language sql immutable parallel safe as $$
  select '\x02'::bytea
    || '\x0008'::bytea || int8send(e.sequence)
    || '\x0008'::bytea || timestamptz_send(e.recorded_at)
    || evidence.leaf_text(e.actor_kind)
    || '\x0010'::bytea || uuid_send(e.actor_id)
    || evidence.leaf_text(e.behalf_kind)
    || coalesce('\x0010'::bytea || uuid_send(e.behalf_id), '\xffff')
    || '\x0020'::bytea || p_who
    || evidence.leaf_text(e.action)
    || evidence.leaf_text(e.effect)
    || evidence.leaf_text(e.method)
    || evidence.leaf_text(e.route)
    || '\x0002'::bytea || int2send(e.status)
    || evidence.leaf_text(e.code)
    || '\x0020'::bytea || p_subjects
    || evidence.leaf_list(e.fields)
    || '\x0004'::bytea || int4send(e.unit_id)
    || evidence.leaf_text(e.trace_id)
    || coalesce('\x0010'::bytea || uuid_send(e.approval_id), '\xffff')
    || '\x0020'::bytea || p_words
$$;

-- Takes parts of an entry back for good: what is left is its leaf, with hashes nobody can test a guess against. The one way in
-- which the application changes an entry. False: there was nothing left to erase.
create function evidence.erase_audit(p_sequence bigint, p_parts text[], p_reason text, p_erased_at timestamptz)
returns boolean
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_entry kernel.audit_entry;
  v_erased evidence.audit_erasure;
  v_first bigint;
  v_salts bytea;
  v_offset integer;
  v_who boolean;
  v_subjects boolean;
  v_words boolean;
begin
  if not exists (select from evidence.log l where l.book_id = 0 and l.log = 'audit' and l.size >= p_sequence) then
    raise exception 'entry % is not in the log yet', p_sequence using errcode = 'no_data_found';
  end if;
  select * into strict v_entry from kernel.audit_entry e where e.sequence = p_sequence for update;
  select * into v_erased from evidence.audit_erasure x where x.sequence = p_sequence;
  v_who := 'who' = any (p_parts) and v_erased.who_hash is null;
  v_subjects := 'subjects' = any (p_parts) and v_erased.subjects_hash is null;
  v_words := 'words' = any (p_parts) and v_erased.words_hash is null;
  if not (v_who or v_subjects or v_words) then
    return false;
  end if;
  select s.first_sequence, s.salts into strict v_first, v_salts
  from evidence.audit_salt s where s.first_sequence <= p_sequence order by s.first_sequence desc limit 1 for update;
  v_offset := (48 * (p_sequence - v_first))::integer;
  insert into evidence.audit_erasure as x (sequence, who_hash, subjects_hash, words_hash, reason, erased_at)
  values (
    p_sequence,
    case when v_who then sha256(substring(v_salts from v_offset + 1 for 16) || evidence.audit_who(v_entry)) end,
    case when v_subjects then sha256(substring(v_salts from v_offset + 17 for 16) || evidence.leaf_texts(v_entry.subjects)) end,
    case when v_words then sha256(substring(v_salts from v_offset + 33 for 16) || evidence.audit_words(v_entry)) end,
    p_reason, p_erased_at
  )
  on conflict (sequence) do update set
    who_hash = coalesce(x.who_hash, excluded.who_hash),
    subjects_hash = coalesce(x.subjects_hash, excluded.subjects_hash),
    words_hash = coalesce(x.words_hash, excluded.words_hash),
    reason = excluded.reason, erased_at = excluded.erased_at;
  if v_who then v_salts := overlay(v_salts placing decode(repeat('00', 16), 'hex') from v_offset + 1 for 16); end if;
  if v_subjects then v_salts := overlay(v_salts placing decode(repeat('00', 16), 'hex') from v_offset + 17 for 16); end if;
  if v_words then v_salts := overlay(v_salts placing decode(repeat('00', 16), 'hex') from v_offset + 33 for 16); end if;
  update evidence.audit_salt s set salts = v_salts where s.first_sequence = v_first;
  update kernel.audit_entry e set
    actor_name = case when v_who then null else e.actor_name end,
    behalf_name = case when v_who then null else e.behalf_name end,
    address = case when v_who then null else e.address end,
    subjects = case when v_subjects then '{}' else e.subjects end,
    reason = case when v_words then null else e.reason end,
    request_digest = case when v_words then null else e.request_digest end
  where e.sequence = p_sequence;
  return true;
end;
$$;
revoke execute on function evidence.erase_audit from public;
grant execute on function evidence.erase_audit to longmen_app;
