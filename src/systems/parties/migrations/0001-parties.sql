-- Parties (参与方): the persons and organisations an institution deals with. A party belongs to a unit of the
-- organisation; what hangs on a party is seen by whoever sees the party.

-- A merged party stays as it is and points at the one that stands for both (merged_into); reading either gives the
-- survivor with what all of them hold. So a merge moves no row, and taking it back is one update.
create table parties.party (
  party_id    uuid primary key,
  unit_id     int not null,
  kind        text not null check (kind in ('person', 'organisation')),
  -- The name to call it by: the first legal name, else the first of all.
  name        text not null check (name <> ''),
  -- Of persons.
  birth_date  date,
  sex         text check (sex in ('female', 'male')),
  -- ISO 3166-1 alpha-3, of persons.
  nationality text check (nationality ~ '^[A-Z]{3}$'),
  -- Of organisations.
  founded_on  date,
  state       text not null default 'active' check (state in ('active', 'closed')),
  merged_into uuid references parties.party (party_id) check (merged_into <> party_id),
  -- Grows with every change of the party and of its names, identifiers, addresses and contacts.
  version     int not null default 1 check (version > 0),
  -- SHA-256 of what the party was created with: the same again under its id changes nothing.
  content_sha256 text check (content_sha256 ~ '^[0-9a-f]{64}$'),
  created_at  timestamptz not null,
  created_by  uuid not null,
  changed_at  timestamptz not null,
  check (kind = 'person' or (birth_date is null and sex is null and nationality is null)),
  check (kind = 'organisation' or founded_on is null)
);
create index party_unit on parties.party (unit_id, party_id);
create index party_merged on parties.party (merged_into) where merged_into is not null;
create index party_birth on parties.party (birth_date, sex) where birth_date is not null;

-- Names, identifiers, addresses and contacts are never changed: what no longer holds ends, what is new is added.
create table parties.party_name (
  name_id     uuid primary key,
  party_id    uuid not null references parties.party (party_id),
  kind        text not null check (kind in ('legal', 'former', 'alias', 'transliteration')),
  -- ISO 15924.
  script      text not null check (script ~ '^[A-Z][a-z]{3}$'),
  value       text not null check (value <> ''),
  -- The value in compatibility form and lower case, letters and digits only: what searches compare.
  search_key  text not null,
  place       int not null,
  recorded_at timestamptz not null,
  ended_at    timestamptz
);
create index party_name_party on parties.party_name (party_id, place);
create index party_name_search on parties.party_name (search_key text_pattern_ops, party_id) where ended_at is null;

create table parties.identifier (
  identifier_id uuid primary key,
  party_id      uuid not null references parties.party (party_id),
  kind          text not null check (kind in ('resident_id', 'passport', 'hong_kong_macao_permit', 'taiwan_permit',
    'hong_kong_macao_taiwan_residence_permit', 'foreigner_residence_permit', 'unified_social_credit_code',
    'business_licence', 'other')),
  -- ISO 3166-1 alpha-3 of the state that issued it.
  country       text not null check (country ~ '^[A-Z]{3}$'),
  -- Normal form: capitals, no spaces, resident numbers of the old form with 18 digits.
  value         text not null check (value <> ''),
  issued_by     text,
  issued_on     date,
  -- The last day it is good for; null: without end.
  expires_on    date,
  recorded_at   timestamptz not null,
  ended_at      timestamptz,
  check (expires_on >= issued_on)
);
create index identifier_party on parties.identifier (party_id);
-- Two parties may hold one number until a person has decided that they are one.
create index identifier_value on parties.identifier (value, kind, country, party_id) where ended_at is null;

create table parties.address (
  address_id    uuid primary key,
  party_id      uuid not null references parties.party (party_id),
  kind          text not null check (kind in ('residence', 'household', 'registered', 'business', 'mailing')),
  country       text not null check (country ~ '^[A-Z]{3}$'),
  -- GB/T 2260, in China.
  division_code text check (division_code ~ '^[1-9][0-9]{5}$'),
  line          text not null check (line <> ''),
  postal_code   text,
  recorded_at   timestamptz not null,
  ended_at      timestamptz,
  check ((division_code is not null) = (country in ('CHN', 'HKG', 'MAC', 'TWN')))
);
create index address_party on parties.address (party_id);

create table parties.contact (
  contact_id  uuid primary key,
  party_id    uuid not null references parties.party (party_id),
  kind        text not null check (kind in ('mobile', 'telephone', 'email')),
  -- Numbers as E.164 with '+'; the domain of an e-mail address in lower case.
  value       text not null check (value <> ''),
  recorded_at timestamptz not null,
  ended_at    timestamptz
);
create index contact_party on parties.contact (party_id);
create index contact_value on parties.contact (value, party_id) where ended_at is null;

-- What a party agreed to (授权同意): a purpose, in a version of the text, until it ends or is withdrawn.
create table parties.consent (
  consent_id      uuid primary key,
  party_id        uuid not null references parties.party (party_id),
  purpose         text not null check (purpose ~ '^[a-z][a-z0-9_.]{0,63}$'),
  text_version    text not null check (text_version <> ''),
  channel         text not null check (channel <> ''),
  -- SHA-256 of the signed text or recording, kept elsewhere.
  evidence_sha256 text check (evidence_sha256 ~ '^[0-9a-f]{64}$'),
  granted_at      timestamptz not null,
  expires_at      timestamptz,
  withdrawn_at    timestamptz,
  recorded_at     timestamptz not null,
  check (expires_at > granted_at),
  check (withdrawn_at >= granted_at)
);
create index consent_party on parties.consent (party_id, purpose, granted_at);

-- Relations read 'from is … of to': from is the guardian of to, from holds percentage of to.
create table parties.relation (
  relation_id   uuid primary key,
  from_party_id uuid not null references parties.party (party_id),
  to_party_id   uuid not null references parties.party (party_id),
  kind          text not null check (kind in ('spouse', 'parent', 'guardian', 'director', 'supervisor',
    'senior_manager', 'legal_representative', 'shareholder', 'controller', 'employee', 'guarantor')),
  percentage    numeric(13, 10) check (percentage > 0 and percentage <= 100),
  note          text,
  valid_from    date not null,
  -- The first day it no longer holds.
  valid_until   date,
  recorded_at   timestamptz not null,
  -- When the end was recorded.
  ended_at      timestamptz,
  check (from_party_id <> to_party_id),
  check ((percentage is not null) = (kind = 'shareholder')),
  check (valid_until > valid_from)
);
create index relation_from on parties.relation (from_party_id, kind);
create index relation_to on parties.relation (to_party_id, kind);

-- Who may do what on an account of the ledger, up to which amounts.
create table parties.account_right (
  right_id              uuid primary key,
  party_id              uuid not null references parties.party (party_id),
  book_id               int not null,
  account_id            uuid not null,
  kind                  text not null check (kind in ('owner', 'joint_any', 'joint_all', 'authorised', 'guardian')),
  currency              text not null check (currency ~ '^[A-Z]{3}$'),
  per_transaction_minor bigint check (per_transaction_minor >= 0),
  per_day_minor         bigint check (per_day_minor >= 0),
  valid_from            timestamptz not null,
  valid_until           timestamptz,
  recorded_at           timestamptz not null,
  check (valid_until > valid_from)
);
create index account_right_account on parties.account_right (account_id);
create index account_right_party on parties.account_right (party_id);

-- What was done by a right, for its limit per day.
create table parties.account_right_use (
  right_id      uuid not null references parties.account_right (right_id),
  reference     text not null check (reference <> ''),
  business_date date not null,
  amount_minor  bigint not null check (amount_minor > 0),
  recorded_at   timestamptz not null,
  primary key (right_id, reference)
);
create index account_right_use_day on parties.account_right_use (right_id, business_date);

-- Which checks of identity a purpose needs.
create table parties.verification_policy (
  purpose       text primary key check (purpose ~ '^[a-z][a-z0-9_.]{0,63}$'),
  checks        text[] not null check (cardinality(checks) > 0
    and checks <@ array['document', 'liveness', 'two_elements', 'three_elements', 'four_elements']),
  -- From 0 to 1.
  minimum_score numeric(5, 4) not null check (minimum_score between 0 and 1),
  valid_days    int not null check (valid_days > 0),
  changed_at    timestamptz not null
);

-- A check of identity and its evidence: hashes of what was sent, never what was sent, never a picture.
create table parties.verification (
  verification_id uuid primary key,
  party_id        uuid not null references parties.party (party_id),
  purpose         text not null,
  provider        text not null check (provider <> ''),
  -- The answer was computed, nobody was asked.
  simulation      boolean not null,
  outcome         text not null check (outcome in ('passed', 'failed', 'review', 'unavailable')),
  score           numeric(5, 4) not null check (score between 0 and 1),
  -- [{check, outcome, score, reason}]
  checks          jsonb not null,
  request_sha256  text not null check (request_sha256 ~ '^[0-9a-f]{64}$'),
  salt            text not null check (salt ~ '^[0-9a-f]{32}$'),
  -- {element: SHA-256 of salt and value}
  element_hashes  jsonb not null,
  performed_at    timestamptz not null,
  valid_until     timestamptz
);
create index verification_party on parties.verification (party_id, purpose, performed_at);

-- The party that stands for another: itself, unless it was merged. Null when there is none (or none to be seen).
create function parties.survivor_of(party uuid) returns uuid language sql stable parallel safe as $$
  with recursive chain (party_id, merged_into, depth) as (
    select p.party_id, p.merged_into, 0 from parties.party p where p.party_id = party
    union all
    select p.party_id, p.merged_into, c.depth + 1
      from chain c join parties.party p on p.party_id = c.merged_into
  )
  select party_id from chain order by depth desc limit 1
$$;

-- A survivor and all that were merged into it, directly or through others.
create function parties.members_of(party uuid) returns setof uuid language sql stable parallel safe as $$
  with recursive member (party_id) as (
    select p.party_id from parties.party p where p.party_id = party
    union
    select p.party_id from member m join parties.party p on p.merged_into = m.party_id
  )
  select party_id from member
$$;

call kernel.protect('parties.party', 'unit_id = any ((select kernel.units_in_scope())::int[])');
call kernel.protect('parties.party_name', 'exists (select from parties.party p where p.party_id = party_name.party_id)');
call kernel.protect('parties.identifier', 'exists (select from parties.party p where p.party_id = identifier.party_id)');
call kernel.protect('parties.address', 'exists (select from parties.party p where p.party_id = address.party_id)');
call kernel.protect('parties.contact', 'exists (select from parties.party p where p.party_id = contact.party_id)');
call kernel.protect('parties.consent', 'exists (select from parties.party p where p.party_id = consent.party_id)');
call kernel.protect('parties.verification',
  'exists (select from parties.party p where p.party_id = verification.party_id)');
call kernel.protect('parties.account_right',
  'exists (select from parties.party p where p.party_id = account_right.party_id)');
call kernel.protect('parties.account_right_use',
  'exists (select from parties.account_right r where r.right_id = account_right_use.right_id)');
-- A relation says something about both: it is seen by who sees both.
call kernel.protect('parties.relation',
  'exists (select from parties.party p where p.party_id = relation.from_party_id)
   and exists (select from parties.party p where p.party_id = relation.to_party_id)');
call kernel.protect('parties.verification_policy', 'true');

insert into parties.verification_policy (purpose, checks, minimum_score, valid_days, changed_at) values
  ('account_opening', '{document,liveness,four_elements}', 0.8, 365, '2025-01-01T00:00:00Z'),
  ('login_recovery', '{liveness,three_elements}', 0.8, 1, '2025-01-01T00:00:00Z'),
  ('contact_change', '{three_elements}', 0.8, 30, '2025-01-01T00:00:00Z'),
  ('large_transfer', '{liveness}', 0.9, 1, '2025-01-01T00:00:00Z');

grant select, insert on parties.party, parties.party_name, parties.identifier, parties.address, parties.contact,
  parties.consent, parties.relation, parties.account_right, parties.account_right_use, parties.verification_policy,
  parties.verification to longmen_app;
grant update (unit_id, name, birth_date, sex, nationality, founded_on, state, merged_into, version, changed_at)
  on parties.party to longmen_app;
grant update (ended_at) on parties.party_name, parties.identifier, parties.address, parties.contact to longmen_app;
grant update (withdrawn_at) on parties.consent to longmen_app;
grant update (valid_until, ended_at) on parties.relation to longmen_app;
grant update (valid_until) on parties.account_right to longmen_app;
grant update (checks, minimum_score, valid_days, changed_at) on parties.verification_policy to longmen_app;
