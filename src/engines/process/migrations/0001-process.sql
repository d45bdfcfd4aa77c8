-- Processes: what is deployed, what runs, what it waits for and what it did. Every table leads with book_id, so that an
-- instance and all that belongs to it live on one node of a cluster, and nothing here points across books.
--
-- The row of the instance is its lock: whoever changes the instance, or handles work of it, holds that row. Rows for
-- others (work that a message, a signal or a called instance causes) are only ever inserted.

create table process.definition (
  book_id       integer not null,
  definition_id uuid not null,
  key           text not null,
  version       integer not null check (version > 0),
  name          text not null,
  checksum      text not null,
  document      text not null,
  deployed_at   timestamptz not null,
  deployed_by   text not null,
  -- Version of each decision model, by name, when this was deployed.
  decisions     jsonb not null,
  primary key (book_id, definition_id),
  unique (book_id, key, version)
);

-- DMN models for business-rule tasks.
create table process.decision_model (
  book_id     integer not null,
  name        text not null,
  version     integer not null check (version > 0),
  namespace   text not null,
  document    text not null,
  deployed_at timestamptz not null,
  deployed_by text not null,
  primary key (book_id, name, version)
);

create table process.instance (
  book_id       integer not null,
  instance_id   uuid not null,
  definition_id uuid not null,
  status        text not null check (status in ('running', 'suspended', 'completed', 'cancelled', 'failed')),
  business_key  text,
  parent_id     uuid,
  parent_token  integer,
  started_at    timestamptz not null,
  ended_at      timestamptz,
  state         jsonb not null,
  primary key (book_id, instance_id),
  foreign key (book_id, definition_id) references process.definition (book_id, definition_id)
) with (fillfactor = 70);
create index instance_definition on process.instance (book_id, definition_id, status);
create index instance_business_key on process.instance (book_id, business_key) where business_key is not null;
create index instance_parent on process.instance (book_id, parent_id, parent_token) where parent_id is not null;

-- What is to be done for an instance at an instant: jobs, timers, messages that found it, answers of called instances.
-- A job called outside a transaction is leased (payload.lease): due_at is when the lease ends, so that the work of a dead worker is due
-- again by itself. 'infinity' is work that waits for a person; held_at keeps when the work of a suspended instance was due.
create table process.work (
  book_id     integer not null,
  instance_id uuid not null,
  work_key    text not null,
  kind        text not null,
  token       integer,
  due_at      timestamptz not null,
  held_at     timestamptz,
  attempts    integer not null default 0,
  payload     jsonb,
  primary key (book_id, instance_id, work_key)
) with (fillfactor = 70);
create index work_due on process.work (book_id, due_at);

create table process.task (
  book_id         integer not null,
  task_id         uuid not null,
  instance_id     uuid not null,
  token           integer not null,
  node            text not null,
  name            text not null,
  state           text not null check (state in ('open', 'completed', 'cancelled')),
  assignee        text,
  candidate_roles text[] not null,
  form_key        text,
  priority        integer not null,
  due_at          timestamptz,
  created_at      timestamptz not null,
  ended_at        timestamptz,
  ended_by        text,
  primary key (book_id, task_id),
  unique (book_id, instance_id, token)
);
create index task_open on process.task (book_id, priority desc, created_at) where state = 'open';
create index task_assignee on process.task (book_id, assignee) where state = 'open' and assignee is not null;

create table process.subscription (
  book_id     integer not null,
  instance_id uuid not null,
  wait        integer not null,
  type        text not null check (type in ('message', 'signal')),
  name        text not null,
  key         text,
  keeps       boolean not null,
  opened_at   timestamptz not null,
  primary key (book_id, instance_id, wait)
);
create index subscription_name on process.subscription (book_id, type, name, key);

-- Messages nobody waited for yet, and, until they expire, the ids of those that were delivered: an id counts once.
create table process.message (
  book_id      integer not null,
  message_id   uuid not null,
  name         text not null,
  key          text,
  payload      jsonb not null,
  state        text not null check (state in ('buffered', 'delivered')),
  published_at timestamptz not null,
  expires_at   timestamptz not null,
  primary key (book_id, message_id)
);
create index message_buffered on process.message (book_id, name, key) where state = 'buffered';
create index message_expiry on process.message (book_id, expires_at);

-- Start events of the latest version of each process that wait for something to happen.
create table process.start_event (
  book_id       integer not null,
  process_key   text not null,
  node          text not null,
  kind          text not null check (kind in ('message', 'signal', 'timer')),
  name          text,
  definition_id uuid not null,
  due_at        timestamptz,
  repeat        jsonb,
  primary key (book_id, process_key, node)
);
create index start_event_name on process.start_event (book_id, kind, name);
create index start_event_due on process.start_event (book_id, due_at) where due_at is not null;

create table process.incident (
  book_id     integer not null,
  incident_id uuid not null,
  instance_id uuid not null,
  token       integer not null,
  node        text not null,
  code        text not null,
  detail      text not null,
  opened_at   timestamptz not null,
  resolved_at timestamptz,
  primary key (book_id, incident_id)
);
create index incident_open on process.incident (book_id, instance_id, token) where resolved_at is null;

-- One row per visit of a node that is over; append-only.
create table process.history (
  book_id     integer not null,
  instance_id uuid not null,
  sequence    integer not null,
  token       integer not null,
  node        text not null,
  entered_at  timestamptz not null,
  left_at     timestamptz not null,
  outcome     text not null check (outcome in ('completed', 'cancelled', 'error')),
  detail      jsonb,
  primary key (book_id, instance_id, sequence)
);

-- Who did what to an instance; append-only.
create table process.trail (
  book_id     integer not null,
  trail_id    uuid not null,
  instance_id uuid not null,
  recorded_at timestamptz not null,
  actor       text not null,
  action      text not null,
  detail      jsonb not null,
  primary key (book_id, trail_id)
);
create index trail_instance on process.trail (book_id, instance_id, trail_id);

grant select, insert on process.definition, process.decision_model, process.history, process.trail to longmen_app;
grant select, insert, update on process.instance, process.task, process.incident to longmen_app;
grant select, insert, update, delete on process.work, process.subscription, process.message, process.start_event
  to longmen_app;
