-- Uniqueness (唯一性识别): which parties may be one and the same, what people decided, and the merges that followed.

-- The index of candidates. Every party has a few keys, each the hash of something that records of one party tend to share;
-- only parties that share a key are compared. Derived from the party and made anew with each of its changes. The house
-- looks across all units, or each branch would have its own copy of a customer; so nobody else may read these two.
create table parties.match_key (
  hash     bigint not null,
  party_id uuid not null,
  primary key (hash, party_id)
);

create table parties.match_profile (
  party_id uuid primary key references parties.party (party_id),
  -- What is compared, in the form in which it is compared.
  profile  json not null,
  -- The party's rows in match_key.
  hashes   bigint[] not null
);

-- Two parties of which somebody has to say, or has said, whether they are one. A pair that was found to be two is not
-- proposed again.
create table parties.match_case (
  case_id         uuid primary key,
  party_id        uuid not null references parties.party (party_id),
  other_party_id  uuid not null references parties.party (party_id),
  -- In bits: see weights.ts.
  score           numeric(7, 1) not null,
  verdict         text not null check (verdict in ('same', 'proposed', 'unsure')),
  -- [{field, level, weight}]
  reasons         jsonb not null,
  state           text not null default 'open' check (state in ('open', 'same', 'different')),
  opened_at       timestamptz not null,
  opened_by       uuid not null,
  decided_at      timestamptz,
  decided_by      uuid,
  decision_reason text,
  check (party_id <> other_party_id),
  check ((state = 'open') = (decided_at is null)),
  check ((decided_at is null) = (decided_by is null) and (decided_at is null) = (decision_reason is null))
);
create unique index match_case_pair
  on parties.match_case (least(party_id, other_party_id), greatest(party_id, other_party_id));
create index match_case_other on parties.match_case (other_party_id);
create index match_case_open on parties.match_case (opened_at, case_id) where state = 'open';

-- Every decision about a case, also those that were taken back.
create table parties.match_decision (
  case_id    uuid not null references parties.match_case (case_id),
  number     int not null check (number > 0),
  state      text not null check (state in ('open', 'same', 'different')),
  reason     text not null,
  decided_by uuid not null,
  decided_at timestamptz not null,
  primary key (case_id, number)
);

-- Every merge, with what it took from whom and why, and what was there before; and how it was taken back.
create table parties.merge (
  merge_id     uuid primary key,
  survivor_id  uuid not null references parties.party (party_id),
  absorbed_id  uuid not null references parties.party (party_id),
  case_id      uuid references parties.match_case (case_id),
  reason       text not null check (reason <> ''),
  made_by      uuid not null,
  made_at      timestamptz not null,
  -- [{field, value, party_id, why}]: what the survivor is said to be.
  fields       jsonb not null,
  -- {members, survivor, absorbed, rows}: who stood for both until then, their values, and what hangs on the absorbed.
  before       jsonb not null,
  split_reason text check (split_reason <> ''),
  split_by     uuid,
  split_at     timestamptz,
  check (survivor_id <> absorbed_id),
  check ((split_at is null) = (split_by is null) and (split_at is null) = (split_reason is null))
);
-- A party stands behind one other at a time.
create unique index merge_in_force on parties.merge (absorbed_id) where split_at is null;
create index merge_survivor on parties.merge (survivor_id);

-- What a survivor was said to be by itself, as long as others stand behind it, and what was written over that.
create table parties.merge_base (
  party_id uuid primary key references parties.party (party_id),
  base     jsonb not null,
  written  jsonb not null
);

-- A case or a merge says something about two parties: it is seen by who sees either.
call kernel.protect('parties.match_case', 'exists (select from parties.party p
  where p.party_id in (match_case.party_id, match_case.other_party_id))');
call kernel.protect('parties.match_decision',
  'exists (select from parties.match_case c where c.case_id = match_decision.case_id)');
call kernel.protect('parties.merge', 'exists (select from parties.party p
  where p.party_id in (merge.survivor_id, merge.absorbed_id))');

grant select, insert, delete on parties.match_key to longmen_app;
grant select, insert, update, delete on parties.match_profile, parties.merge_base to longmen_app;
grant select, insert on parties.match_case, parties.match_decision, parties.merge to longmen_app;
grant update (state, decided_at, decided_by, decision_reason) on parties.match_case to longmen_app;
grant update (split_reason, split_by, split_at) on parties.merge to longmen_app;
