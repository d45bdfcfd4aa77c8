-- Idempotency keys of HTTP writes. A key is inserted in the transaction of the work it stands for, so that it exists
-- exactly when the work was done. `status` is null where only the request is remembered, not its answer.
create table kernel.idempotency_key (
  scope text not null,
  key text not null check (char_length(key) between 1 and 255),
  fingerprint bytea not null check (octet_length(fingerprint) = 32),
  status smallint,
  -- Text, not jsonb: a repetition gets the first answer byte for byte.
  response text,
  recorded_at timestamptz not null,
  primary key (scope, key)
);

create index idempotency_key_recorded_at on kernel.idempotency_key (recorded_at);

grant select, insert, delete on kernel.idempotency_key to longmen_app;
grant update (status, response) on kernel.idempotency_key to longmen_app;
