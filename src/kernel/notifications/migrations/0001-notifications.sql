-- Notifications to the staff: what was told to whom, over which channel, with what answer. On Citus all tables here are local to
-- the coordinator. Only the house itself touches them; people ask for what is their own.

-- Texts with placeholders {like_this}. Shipped ones follow the version of the program until somebody changes them.
create table kernel.notification_template (
  code         text primary key check (code ~ '^[a-z][a-z0-9_]{0,63}$'),
  title_zh     text not null check (title_zh <> ''),
  title_en     text not null check (title_en <> ''),
  body_zh      text not null,
  body_en      text not null,
  placeholders text[] not null,
  urgency      text not null check (urgency in ('normal', 'urgent')),
  built_in     boolean not null,
  changed_at   timestamptz not null
);

-- One row per person told; the texts as they were said.
create table kernel.notification (
  notification_id uuid primary key,
  staff_id        uuid not null,
  template        text not null,
  urgency         text not null check (urgency in ('normal', 'urgent')),
  title_zh        text not null,
  title_en        text not null,
  body_zh         text not null,
  body_en         text not null,
  subject         text,
  created_at      timestamptz not null,
  read_at         timestamptz
);
comment on column kernel.notification.subject is 'What it is about, as kind:id.';
create index notification_of_staff on kernel.notification (staff_id, notification_id);
create index notification_unread on kernel.notification (staff_id) where read_at is null;

-- What is sent outside for it. next_attempt_at is also the lease: whoever takes a delivery moves it into the future, so that
-- one whose sender has died becomes due again by itself.
create table kernel.notification_delivery (
  delivery_id     uuid primary key,
  notification_id uuid not null references kernel.notification (notification_id),
  channel         text not null check (channel in ('email', 'webhook')),
  state           text not null default 'waiting' check (state in ('waiting', 'delivered', 'dead', 'skipped')),
  attempts        int not null default 0 check (attempts >= 0),
  next_attempt_at timestamptz not null,
  created_at      timestamptz not null,
  finished_at     timestamptz,
  unique (notification_id, channel)
);
create index notification_delivery_due on kernel.notification_delivery (next_attempt_at) where state = 'waiting';

-- Proof of delivery: every attempt with what the other side answered. Append-only.
create table kernel.notification_attempt (
  delivery_id uuid not null references kernel.notification_delivery (delivery_id),
  attempt     int not null check (attempt > 0),
  address     text not null,
  message_id  text not null,
  started_at  timestamptz not null,
  ended_at    timestamptz not null,
  accepted    boolean not null,
  answer      text not null,
  primary key (delivery_id, attempt)
);

-- How somebody wants to be told. Without a row: by e-mail at any hour.
create table kernel.notification_preference (
  staff_id       uuid primary key,
  email          boolean not null,
  webhook_url    text check (length(webhook_url) <= 2048),
  -- Kept readable because the server signs with it; it is shown once.
  webhook_secret text,
  quiet_from     text check (quiet_from ~ '^([01][0-9]|2[0-3]):[0-5][0-9]$'),
  quiet_until    text check (quiet_until ~ '^([01][0-9]|2[0-3]):[0-5][0-9]$'),
  zone           text not null,
  muted          text[] not null,
  changed_at     timestamptz not null,
  check ((quiet_from is null) = (quiet_until is null)),
  check ((webhook_url is null) = (webhook_secret is null))
);
comment on column kernel.notification_preference.muted is 'Templates that stay in the inbox only, unless urgent.';

grant select, insert on kernel.notification_template, kernel.notification, kernel.notification_delivery to longmen_app;
grant select, insert on kernel.notification_attempt, kernel.notification_preference to longmen_app;
grant update (title_zh, title_en, body_zh, body_en, placeholders, urgency, built_in, changed_at)
  on kernel.notification_template to longmen_app;
grant update (read_at) on kernel.notification to longmen_app;
grant update (state, attempts, next_attempt_at, finished_at) on kernel.notification_delivery to longmen_app;
grant update (email, webhook_url, webhook_secret, quiet_from, quiet_until, zone, muted, changed_at)
  on kernel.notification_preference to longmen_app;
