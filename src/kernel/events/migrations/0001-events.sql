-- The book and its event log.
--
-- On Citus kernel.book is a reference table; kernel.book_position, kernel.event and kernel.consumer_checkpoint are
-- distributed by book_id, so that one book's log and everything written together with it live on one node.

-- The identifier is given out by createBook under an advisory lock: books are few, and an int identity column cannot
-- become a Citus table.
create table kernel.book (
  book_id      int primary key check (book_id > 0),
  code         text not null unique check (code ~ '^[a-z0-9][a-z0-9_-]{0,31}$'),
  name         text not null check (name <> ''),
  legal_entity text not null default '',
  created_at   timestamptz not null
);

-- The head of one book's log. Its row lock is what makes commit order and position order the same.
-- recorded_at is null until something is recorded, so that a book can also be filled on a clock of the past.
create table kernel.book_position (
  book_id     int primary key references kernel.book (book_id),
  position    bigint not null default 0 check (position >= 0),
  recorded_at timestamptz
);

-- The log. There is no unique index on event_id: the identifiers are UUIDv7 made by the server, and a second index
-- would be paid for by every posting. There is no foreign key to the book either: append_events refuses an unknown one.
create table kernel.event (
  book_id     int not null,
  position    bigint not null check (position > 0),
  event_id    uuid not null,
  type        text not null check (length(type) between 1 and 128),
  subject     text not null check (length(subject) <= 256),
  recorded_at timestamptz not null,
  payload     jsonb not null,
  primary key (book_id, position)
);

-- How far one consumer has read one book. `failed` waits for an operator; `position` is the last event handled.
create table kernel.consumer_checkpoint (
  book_id       int not null references kernel.book (book_id),
  consumer      text not null check (length(consumer) between 1 and 128),
  position      bigint not null default 0 check (position >= 0),
  state         text not null default 'running' check (state in ('running', 'failed')),
  failure_count int not null default 0 check (failure_count >= 0),
  error         text,
  updated_at    timestamptz not null,
  primary key (book_id, consumer)
);

-- Appends events to a book and returns the last position and the instant they were recorded at.
--
-- The arrays run in parallel, one element per event, in order. The update locks the book's position row until the
-- caller commits: the next writer of the book gets its positions only after this transaction has become visible (or has
-- rolled back and given its positions back). So positions have no gaps, commit order is position order, and a reader
-- who sees position n sees every position below it. recorded_at never runs backwards within a book, even when the clocks
-- of two servers differ.
--
-- Call it as late in a transaction as possible: everything after it keeps the other writers of the book waiting.
-- Unknown book: SQLSTATE P0002 (no_data_found).
create function kernel.append_events(
  p_book int, p_recorded timestamptz, p_ids uuid[], p_types text[], p_subjects text[], p_payloads text[],
  out last_position bigint, out recorded_at timestamptz
) language plpgsql as $$
#variable_conflict use_column
declare
  event_count int := cardinality(p_ids);
begin
  update kernel.book_position as head
     set position = head.position + event_count,
         recorded_at = greatest(head.recorded_at, p_recorded)
   where head.book_id = p_book
  returning head.position, head.recorded_at into append_events.last_position, append_events.recorded_at;
  if not found then
    raise exception 'book % not found', p_book using errcode = 'no_data_found';
  end if;

  insert into kernel.event (book_id, position, event_id, type, subject, recorded_at, payload)
  select p_book, append_events.last_position - event_count + given.ordinality, given.id, given.type, given.subject,
         append_events.recorded_at, given.payload::jsonb
    from unnest(p_ids, p_types, p_subjects, p_payloads) with ordinality as given (id, type, subject, payload, ordinality);
end
$$;

-- The application may add to the log and never change it.
revoke all on function kernel.append_events(int, timestamptz, uuid[], text[], text[], text[]) from public;
grant execute on function kernel.append_events(int, timestamptz, uuid[], text[], text[], text[]) to longmen_app;
grant select, insert on kernel.event to longmen_app;
grant select, insert on kernel.book to longmen_app;
grant select, insert on kernel.book_position to longmen_app;
grant update (position, recorded_at) on kernel.book_position to longmen_app;
grant select, insert on kernel.consumer_checkpoint to longmen_app;
grant update (position, state, failure_count, error, updated_at) on kernel.consumer_checkpoint to longmen_app;
