-- Posting templates of a book. A draft may be written over; a published version is only ever added, so that what was
-- posted by it can always be read back. The money itself is in the ledger.

create table templates.draft (
  book_id integer not null,
  name text not null check (name ~ '^[a-z][a-z0-9_]{0,62}$'),
  definition jsonb not null,
  saved_at timestamptz not null,
  primary key (book_id, name)
);

create table templates.version (
  book_id integer not null,
  name text not null check (name ~ '^[a-z][a-z0-9_]{0,62}$'),
  version integer not null check (version > 0),
  definition jsonb not null,
  published_at timestamptz not null,
  primary key (book_id, name, version)
);

-- A retired version posts nothing new. Retirement is final.
create table templates.retirement (
  book_id integer not null,
  name text not null,
  version integer not null,
  retired_at timestamptz not null,
  primary key (book_id, name, version),
  foreign key (book_id, name, version) references templates.version (book_id, name, version)
);

-- The one outcome of a caller's posting id. Accepted ones are written with their transfers, which stand one behind the
-- other in the journal.
create table templates.posting (
  book_id integer not null,
  posting_id uuid not null,
  name text not null,
  version integer not null,
  parameters jsonb not null,
  fingerprint text not null check (fingerprint ~ '^[0-9a-f]{64}$'),
  status text not null check (status in ('accepted', 'refused')),
  code text not null,
  looks integer not null check (looks > 0),
  transfers integer not null check (transfers > 0),
  first_transfer_id uuid not null,
  last_transfer_id uuid not null,
  first_sequence bigint,
  last_sequence bigint,
  recorded_at timestamptz not null,
  primary key (book_id, posting_id),
  foreign key (book_id, name, version) references templates.version (book_id, name, version),
  check ((status = 'accepted') = (code = 'accepted')),
  check ((status = 'accepted') = (first_sequence is not null)),
  check ((status = 'accepted') = (last_sequence is not null)),
  check (last_sequence = first_sequence + transfers - 1)
);
create index posting_template on templates.posting (book_id, name, version, recorded_at);

grant select, insert, update, delete on templates.draft to longmen_app;
grant select, insert on templates.version, templates.retirement, templates.posting to longmen_app;
