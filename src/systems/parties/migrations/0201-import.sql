-- Where parties came from. The house's own: nobody else reads these.

-- One row per record of a source, by the key the source knows it by: the same record again has nothing left to do.
create table parties.imported (
  source           text not null check (source <> ''),
  external_key     text not null check (external_key <> ''),
  content_sha256   text not null check (content_sha256 ~ '^[0-9a-f]{64}$'),
  -- created: a party of its own. merged: one that stands behind `matched_party_id`. skipped: there is that one already.
  action           text not null check (action in ('created', 'merged', 'skipped')),
  party_id         uuid references parties.party (party_id),
  matched_party_id uuid references parties.party (party_id),
  recorded_at      timestamptz not null,
  primary key (source, external_key),
  check ((party_id is null) = (action = 'skipped')),
  check (action = 'created' or matched_party_id is not null)
);
create index imported_party on parties.imported (party_id) where party_id is not null;

-- One row per run that came to its end.
create table parties.import_run (
  run_id      uuid primary key,
  source      text not null,
  file        text not null,
  sha256      text check (sha256 ~ '^[0-9a-f]{64}$'),
  choices     jsonb not null,
  counts      jsonb not null,
  started_by  uuid not null,
  started_at  timestamptz not null,
  finished_at timestamptz not null
);

grant select, insert on parties.imported, parties.import_run to longmen_app;
