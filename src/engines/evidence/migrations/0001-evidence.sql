-- Merkle logs: what was recorded, in tiles of hashes, and the signed checkpoints that state it to the world. The entries
-- themselves stay where they are; whoever owns a log can rebuild them.

-- One row per log. It is also the log's lock: who appends holds it until commit, so the leaves stand in commit order.
create table evidence.log (
  book_id integer not null,
  log text not null check (log ~ '^[a-z0-9][a-z0-9_-]{0,31}$'),
  origin text not null,
  size bigint not null default 0 check (size >= 0),
  root bytea not null check (octet_length(root) = 32),
  -- Which key the marks of its leaves are made with.
  mark_key text,
  created_at timestamptz not null,
  primary key (book_id, log)
) with (fillfactor = 10);
create unique index log_origin on evidence.log (origin);

-- 1 to 256 hashes of one level, one behind the other (https://c2sp.org/tlog-tiles). Only the last tile of a level
-- grows. A mark belongs to each leaf: its hash under a key that is not in the database, so that a changed leaf can be
-- named even when every hash above it was computed again; zeros where the key was not at hand.
create table evidence.tile (
  book_id integer not null,
  log text not null,
  level smallint not null check (level between 0 and 63),
  tile bigint not null check (tile >= 0),
  hashes bytea not null check (octet_length(hashes) between 32 and 8192 and octet_length(hashes) % 32 = 0),
  marks bytea,
  primary key (book_id, log, level, tile)
);
-- Hashes cannot be compressed.
alter table evidence.tile alter column hashes set storage external;
alter table evidence.tile alter column marks set storage external;
alter table evidence.tile alter column book_id set statistics 0;

-- Every checkpoint that was ever signed, as it was handed out.
create table evidence.checkpoint (
  book_id integer not null,
  log text not null,
  size bigint not null,
  signed_at timestamptz not null,
  root bytea not null check (octet_length(root) = 32),
  note text not null,
  primary key (book_id, log, size, signed_at)
);

-- Public keys, for ever: what they signed must stay verifiable. The private ones are files outside the database.
create table evidence.signing_key (
  key_id text primary key check (key_id ~ '^[0-9a-f]{16}$'),
  public_key bytea not null unique check (octet_length(public_key) = 32),
  valid_from timestamptz not null,
  valid_until timestamptz,
  check (valid_until > valid_from)
);

grant select, insert on evidence.log, evidence.tile, evidence.checkpoint, evidence.signing_key to longmen_app;
grant update (size, root) on evidence.log to longmen_app;
grant update (hashes, marks) on evidence.tile to longmen_app;
grant update (valid_until) on evidence.signing_key to longmen_app;
