-- Webhooks: who outside wants to hear of which events, and what became of each delivery.
-- On Citus both tables are distributed by book_id, beside the book's events.

-- The secret is kept readable because the server signs with it; it is shown once, at creation.
create table kernel.webhook_subscription (
  book_id         int not null references kernel.book (book_id),
  subscription_id uuid not null,
  url             text not null check (length(url) <= 2048),
  event_types     text[] not null,
  secret          text not null,
  after_position  bigint not null check (after_position >= 0),
  created_at      timestamptz not null,
  primary key (book_id, subscription_id)
);
comment on column kernel.webhook_subscription.event_types is 'Empty: all types.';
comment on column kernel.webhook_subscription.after_position is 'Only events behind this position are delivered.';

-- One event for one subscription. next_attempt_at is also the lease: whoever takes a delivery moves it into the
-- future, so that a delivery whose sender has died becomes due again by itself.
create table kernel.webhook_delivery (
  book_id         int not null,
  delivery_id     uuid not null,
  subscription_id uuid not null,
  position        bigint not null,
  state           text not null default 'waiting' check (state in ('waiting', 'delivered', 'dead')),
  attempts        int not null default 0 check (attempts >= 0),
  next_attempt_at timestamptz not null,
  last_status     int,
  last_error      text,
  created_at      timestamptz not null,
  finished_at     timestamptz,
  primary key (book_id, delivery_id),
  foreign key (book_id, subscription_id)
    references kernel.webhook_subscription (book_id, subscription_id) on delete cascade,
  -- A replay of the log must not deliver again.
  unique (book_id, subscription_id, position)
);
create index webhook_delivery_due on kernel.webhook_delivery (book_id, subscription_id, next_attempt_at)
  where state = 'waiting';
create index webhook_delivery_finished on kernel.webhook_delivery (book_id, finished_at)
  where state <> 'waiting';

grant select, insert, delete on kernel.webhook_subscription to longmen_app;
grant select, insert, delete on kernel.webhook_delivery to longmen_app;
grant update (state, attempts, next_attempt_at, last_status, last_error, finished_at)
  on kernel.webhook_delivery to longmen_app;
