-- A batch also writes what groups and windows changed by, and names the closing it was decided on. See 0002-commit-batch.sql.
drop function ledger.commit_batch;

create function ledger.commit_batch(
  p_book integer,
  p_recorded_at timestamptz,
  -- accounts that changed, sorted by id: the version they were decided on and their new counters
  p_account_id uuid[],
  p_account_version bigint[],
  p_debits_pending bigint[],
  p_credits_pending bigint[],
  p_debits_posted bigint[],
  p_credits_posted bigint[],
  -- accounts that were looked at and did not change: a refusal must not rest on an outdated view either
  p_seen_id uuid[],
  p_seen_version bigint[],
  -- journal rows, in order
  p_transfer_id uuid[],
  p_kind smallint[],
  p_debit_account_id uuid[],
  p_credit_account_id uuid[],
  p_amount bigint[],
  p_currency text[],
  p_effective_date date[],
  p_related_id uuid[],
  p_expires_at timestamptz[],
  p_linked boolean[],
  p_type text[],
  p_description text[],
  p_reference text[],
  p_debit_day bigint[],
  p_credit_day bigint[],
  p_released bigint[],
  -- ids answered for the first time; row: index (from 1) of the journal row, or null when refused
  p_answer_id uuid[],
  p_answer_fingerprint bytea[],
  p_answer_code smallint[],
  p_answer_row integer[],
  -- pending transfers that are new or changed
  p_pending_id uuid[],
  p_pending_row integer[],
  p_pending_remaining bigint[],
  p_pending_ended text[],
  p_pending_expires_at timestamptz[],
  -- reversed transfers and the journal rows that undo them
  p_reversed_id uuid[],
  p_reversed_by uuid[],
  -- what each code and day changed by
  p_code_currency text[],
  p_code text[],
  p_code_date date[],
  p_code_debits_pending numeric[],
  p_code_credits_pending numeric[],
  p_code_debits_posted numeric[],
  p_code_credits_posted numeric[],
  -- what periods were closed when the batch was decided
  p_closed_through date,
  p_sealed_through date,
  p_adjustment boolean[],
  -- what the windows of the changed accounts have counted, each as an array's text
  p_usage text[],
  -- within which instants the batch has to be recorded, so that windows count it where it was decided
  p_window_from timestamptz,
  p_window_until timestamptz,
  -- groups with limits or windows that were looked at
  p_guard_id integer[],
  p_guard_currency text[],
  p_guard_version bigint[],
  -- what groups changed by: four deltas each, `wide` only when one of them needs more than 64 bits; currency by its place
  p_currencies text[],
  p_group_id integer[],
  p_group_currency smallint[],
  p_group_delta bigint[],
  p_group_wide numeric[],
  p_group_usage text[],
  -- the same per effective date, for groups that keep it
  p_day_group_id integer[],
  p_day_currency smallint[],
  p_day_date date[],
  p_day_delta bigint[],
  p_day_wide numeric[],
  -- the id of the event that tells of this batch
  p_event_id uuid
) returns jsonb
language plpgsql
set enable_hashjoin = off
set enable_mergejoin = off
set enable_seqscan = off
set plan_cache_mode = force_custom_plan
as $$
declare
  v_rows integer := coalesce(cardinality(p_transfer_id), 0);
  v_written integer;
  v_first bigint;
  v_recorded timestamptz;
  v_closed date;
  v_sealed date;
begin
  -- From here to commit the book is ours: whatever stands before this batch in its journal is committed. Each batch has
  -- an instant of its own, so that no later one can join what was known at that instant.
  loop
    update ledger.journal_end e
    set sequence = e.sequence + v_rows, recorded_at = greatest(e.recorded_at + interval '1 microsecond', p_recorded_at)
    where e.book_id = p_book
    returning e.sequence - v_rows + 1, e.recorded_at, e.closed_through, e.sealed_through
    into v_first, v_recorded, v_closed, v_sealed;
    exit when v_first is not null;
    -- The first batch of a book.
    insert into ledger.journal_end (book_id) values (p_book) on conflict do nothing;
  end loop;
  if v_closed is distinct from p_closed_through or v_sealed is distinct from p_sealed_through then
    raise exception 'a period was closed or opened since the batch was decided' using errcode = 'serialization_failure';
  end if;
  if v_recorded < p_window_from or v_recorded >= p_window_until then
    raise exception 'the batch was decided in another window than it is recorded in' using errcode = 'serialization_failure';
  end if;

  update ledger.balance b
  set version = b.version + 1,
      debits_pending = u.debits_pending,
      credits_pending = u.credits_pending,
      debits_posted = u.debits_posted,
      credits_posted = u.credits_posted,
      usage = coalesce(u.usage::bigint[], b.usage)
  from unnest(p_account_id, p_account_version, p_debits_pending, p_credits_pending, p_debits_posted, p_credits_posted,
      p_usage)
    as u (account_id, version, debits_pending, credits_pending, debits_posted, credits_posted, usage)
  where b.book_id = p_book and b.account_id = u.account_id and b.version = u.version;
  get diagnostics v_written = row_count;
  if v_written <> coalesce(cardinality(p_account_id), 0) then
    raise exception 'accounts changed since the batch was decided' using errcode = 'serialization_failure';
  end if;
  if p_seen_id is not null and exists (
    select from unnest(p_seen_id, p_seen_version) as u (account_id, version)
    join ledger.balance b on b.book_id = p_book and b.account_id = u.account_id
    where b.version <> u.version
  ) then
    raise exception 'accounts changed since the batch was decided' using errcode = 'serialization_failure';
  end if;

  if p_guard_id is not null and exists (
    select from unnest(p_guard_id, p_guard_currency, p_guard_version) as u (group_id, currency, version)
    left join lateral (
      select b.version from ledger.group_balance b
      where b.book_id = p_book and b.group_id = u.group_id and b.currency = u.currency limit 1
    ) g on true
    where coalesce(g.version, 0) <> u.version
  ) then
    raise exception 'groups changed since the batch was decided' using errcode = 'serialization_failure';
  end if;

  insert into ledger.answer (book_id, transfer_id, fingerprint, code, sequence, recorded_at)
  select p_book, u.id, u.fingerprint, u.code, v_first + u.row_number - 1, v_recorded
  from unnest(p_answer_id, p_answer_fingerprint, p_answer_code, p_answer_row) as u (id, fingerprint, code, row_number)
  on conflict (book_id, transfer_id) do nothing;
  get diagnostics v_written = row_count;
  if v_written <> coalesce(cardinality(p_answer_id), 0) then
    raise exception 'an id was answered since the batch was decided' using errcode = 'serialization_failure';
  end if;

  if v_rows > 0 then
    insert into ledger.transfer
    select p_book, v_first + u.n - 1, u.id, u.kind, u.debit, u.credit, u.amount, u.currency, u.effective_date, v_recorded,
      u.related, u.expires_at, coalesce(u.linked, false), u.type, u.description, u.reference,
      p_debit_day[4 * u.n - 3], p_debit_day[4 * u.n - 2], p_debit_day[4 * u.n - 1], p_debit_day[4 * u.n],
      p_credit_day[4 * u.n - 3], p_credit_day[4 * u.n - 2], p_credit_day[4 * u.n - 1], p_credit_day[4 * u.n],
      coalesce(u.released, 0), coalesce(u.adjustment, false)
    from unnest(p_transfer_id, p_kind, p_debit_account_id, p_credit_account_id, p_amount, p_currency, p_effective_date,
        p_related_id, p_expires_at, p_linked, p_type, p_description, p_reference, p_released, p_adjustment)
      with ordinality as u (id, kind, debit, credit, amount, currency, effective_date, related, expires_at, linked, type,
        description, reference, released, adjustment, n);

    insert into ledger.code_day as c
    select p_book, u.* from unnest(p_code_currency, p_code, p_code_date, p_code_debits_pending, p_code_credits_pending,
      p_code_debits_posted, p_code_credits_posted) as u
    on conflict (book_id, currency, code, effective_date) do update
    set debits_pending = c.debits_pending + excluded.debits_pending,
        credits_pending = c.credits_pending + excluded.credits_pending,
        debits_posted = c.debits_posted + excluded.debits_posted,
        credits_posted = c.credits_posted + excluded.credits_posted;

    if p_group_id is not null then
      -- Each is looked up by its key: left to itself the planner, which knows nothing of how many groups a book has, would
      -- walk all of them once for each. The book is ours, so no row moves in between.
      update ledger.group_balance g
      set version = g.version + 1,
          debits_pending = g.debits_pending + coalesce(p_group_wide[4 * u.n - 3], p_group_delta[4 * u.n - 3]),
          credits_pending = g.credits_pending + coalesce(p_group_wide[4 * u.n - 2], p_group_delta[4 * u.n - 2]),
          debits_posted = g.debits_posted + coalesce(p_group_wide[4 * u.n - 1], p_group_delta[4 * u.n - 1]),
          credits_posted = g.credits_posted + coalesce(p_group_wide[4 * u.n], p_group_delta[4 * u.n]),
          usage = coalesce(u.usage::bigint[], g.usage)
      from (
        select b.ctid, k.usage, k.n
        from unnest(p_group_id, p_group_currency, p_group_usage) with ordinality as k (group_id, currency, usage, n)
        cross join lateral (
          select b.ctid from ledger.group_balance b
          where b.book_id = p_book and b.group_id = k.group_id and b.currency = p_currencies[k.currency] limit 1
        ) b
      ) u
      where g.ctid = u.ctid;
      get diagnostics v_written = row_count;
      if v_written <> cardinality(p_group_id) then
        raise exception 'a group has no balance in a currency of its accounts';
      end if;
    end if;

    if p_day_group_id is not null then
      insert into ledger.group_day as g
      select p_book, u.group_id, p_currencies[u.currency], u.effective_date,
        coalesce(p_day_wide[4 * u.n - 3], p_day_delta[4 * u.n - 3]),
        coalesce(p_day_wide[4 * u.n - 2], p_day_delta[4 * u.n - 2]),
        coalesce(p_day_wide[4 * u.n - 1], p_day_delta[4 * u.n - 1]),
        coalesce(p_day_wide[4 * u.n], p_day_delta[4 * u.n])
      from unnest(p_day_group_id, p_day_currency, p_day_date) with ordinality as u (group_id, currency, effective_date, n)
      on conflict (book_id, group_id, currency, effective_date) do update
      set debits_pending = g.debits_pending + excluded.debits_pending,
          credits_pending = g.credits_pending + excluded.credits_pending,
          debits_posted = g.debits_posted + excluded.debits_posted,
          credits_posted = g.credits_posted + excluded.credits_posted;
    end if;

    if p_pending_id is not null then
      insert into ledger.pending as p (book_id, transfer_id, sequence, remaining_minor, ended, expires_at)
      select p_book, u.id, coalesce(v_first + u.row_number - 1, 0), u.remaining, u.ended, u.expires_at
      from unnest(p_pending_id, p_pending_row, p_pending_remaining, p_pending_ended, p_pending_expires_at)
        as u (id, row_number, remaining, ended, expires_at)
      on conflict (book_id, transfer_id) do update
      set remaining_minor = excluded.remaining_minor, ended = excluded.ended;
    end if;

    if p_reversed_id is not null then
      insert into ledger.reversal (book_id, reversed_id, transfer_id)
      select p_book, u.reversed, u.by from unnest(p_reversed_id, p_reversed_by) as u (reversed, by);
    end if;

    perform kernel.append_events(p_book, v_recorded, array[p_event_id], array['ledger.posted'],
      array[v_first::text],
      array[json_build_object('first_sequence', v_first::text, 'last_sequence', (v_first + v_rows - 1)::text,
        'transfers', v_rows)::text]);
  end if;

  -- One value, not a row: a function in the select list is what Citus hands to the node that holds the book.
  return jsonb_build_object(
    'first_sequence', v_first::text,
    'recorded_at', to_char(v_recorded at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')
  );
end;
$$;

grant execute on function ledger.commit_batch to longmen_app;
