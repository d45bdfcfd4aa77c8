-- Machine tokens. Only the digest of a secret is kept: 256 random bits need no slow hash.
create table kernel.token (
  token_id uuid primary key,
  name text not null check (char_length(name) between 1 and 100),
  secret_sha256 bytea not null unique check (octet_length(secret_sha256) = 32),
  created_at timestamptz not null,
  -- Kept to within the hour; tells which tokens nobody uses any more.
  last_used_at timestamptz,
  revoked_at timestamptz
);

grant select, insert on kernel.token to longmen_app;
grant update (last_used_at, revoked_at) on kernel.token to longmen_app;
