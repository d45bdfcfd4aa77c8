-- Which facts become leaves, and the texts in them that can be taken back. The logs themselves are the engine's.

-- Random salts of the personal texts of postings: 32 bytes per posting from first_sequence on, 16 for its description
-- and 16 for its reference. One row per appended batch.
create table evidence.salt (
  book_id integer not null,
  first_sequence bigint not null,
  last_sequence bigint not null,
  salts bytea not null,
  primary key (book_id, first_sequence),
  check (octet_length(salts) = 32 * (last_sequence - first_sequence + 1))
);
alter table evidence.salt alter column salts set storage external;

-- Postings whose texts were erased, with what the leaf holds in their place. Without the salt nobody can test a guess.
create table evidence.erasure (
  book_id integer not null,
  sequence bigint not null,
  description_hash bytea,
  reference_hash bytea,
  reason text not null check (reason <> ''),
  erased_at timestamptz not null,
  primary key (book_id, sequence)
);

grant select, insert on evidence.salt to longmen_app;
grant select on evidence.erasure to longmen_app;

-- The leaf of a posting, version 1: field by field in README.md. Every field stands behind its length in two bytes,
-- big-endian; an absent one is the length 0xffff alone.
create function evidence.posting_leaf(p_book bytea, t ledger.transfer, p_description_hash bytea, p_reference_hash bytea)
returns bytea
language sql stable parallel safe as $$
  select '\x01'::bytea
    || p_book
    || '\x0008'::bytea || int8send(t.sequence)
    || '\x0010'::bytea || uuid_send(t.transfer_id)
    || '\x0002'::bytea || int2send(t.kind)
    || '\x0010'::bytea || uuid_send(t.debit_account_id)
    || '\x0010'::bytea || uuid_send(t.credit_account_id)
    || '\x0008'::bytea || int8send(t.amount_minor)
    || int2send(octet_length(convert_to(t.currency, 'UTF8'))::smallint) || convert_to(t.currency, 'UTF8')
    || '\x0004'::bytea || date_send(t.effective_date)
    || '\x0008'::bytea || timestamptz_send(t.recorded_at)
    || coalesce('\x0010'::bytea || uuid_send(t.related_id), '\xffff')
    || coalesce('\x0008'::bytea || timestamptz_send(t.expires_at), '\xffff')
    || '\x0001'::bytea || boolsend(t.linked)
    || '\x0001'::bytea || boolsend(t.adjustment)
    || coalesce(int2send(octet_length(convert_to(t.type, 'UTF8'))::smallint) || convert_to(t.type, 'UTF8'), '\xffff')
    || coalesce('\x0020'::bytea || p_description_hash, '\xffff')
    || coalesce('\x0020'::bytea || p_reference_hash, '\xffff')
    || '\x0008'::bytea || int8send(t.released_minor)
    || '\x0040'::bytea
    || int8send(t.debit_day_debits_pending) || int8send(t.debit_day_credits_pending)
    || int8send(t.debit_day_debits_posted) || int8send(t.debit_day_credits_posted)
    || int8send(t.credit_day_debits_pending) || int8send(t.credit_day_credits_pending)
    || int8send(t.credit_day_debits_posted) || int8send(t.credit_day_credits_posted)
$$;

-- Takes the texts of a posting back: what is left is its leaf, with hashes nobody can test a guess against. The one way in
-- which the application changes a journal row. False: there was nothing to erase.
create function evidence.erase_texts(p_book integer, p_sequence bigint, p_reason text, p_erased_at timestamptz)
returns boolean
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_description text;
  v_reference text;
  v_first bigint;
  v_salts bytea;
  v_offset integer;
begin
  -- Before that the leaf would be made without the texts.
  if not exists (select from evidence.log l where l.book_id = p_book and l.log = 'postings' and l.size >= p_sequence) then
    raise exception 'posting % is not in the log yet', p_sequence using errcode = 'no_data_found';
  end if;
  select t.description, t.reference into v_description, v_reference
  from ledger.transfer t where t.book_id = p_book and t.sequence = p_sequence for update;
  if v_description is null and v_reference is null then
    return false;
  end if;
  select s.first_sequence, s.salts into strict v_first, v_salts
  from evidence.salt s where s.book_id = p_book and s.first_sequence <= p_sequence
  order by s.first_sequence desc limit 1 for update;
  v_offset := (32 * (p_sequence - v_first))::integer;
  insert into evidence.erasure (book_id, sequence, description_hash, reference_hash, reason, erased_at)
  values (
    p_book, p_sequence,
    sha256(substring(v_salts from v_offset + 1 for 16) || convert_to(v_description, 'UTF8')),
    sha256(substring(v_salts from v_offset + 17 for 16) || convert_to(v_reference, 'UTF8')),
    p_reason, p_erased_at
  );
  update evidence.salt s
  set salts = overlay(v_salts placing decode(repeat('00', 32), 'hex') from v_offset + 1 for 32)
  where s.book_id = p_book and s.first_sequence = v_first;
  update ledger.transfer t set description = null, reference = null
  where t.book_id = p_book and t.sequence = p_sequence;
  return true;
end;
$$;
revoke execute on function evidence.erase_texts from public;
grant execute on function evidence.erase_texts to longmen_app;
