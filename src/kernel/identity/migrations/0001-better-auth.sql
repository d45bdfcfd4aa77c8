-- Sign-in: the tables of better-auth 1.7.6, as its own schema generator gives them for the options of auth.ts. A test
-- compares the two, so a new version that wants other tables needs another migration here. On Citus they stay on the
-- coordinator. Nobody but the house itself reaches them.

create schema if not exists "identity";

create table "identity"."user" ("id" uuid default pg_catalog.gen_random_uuid() not null primary key,
  "name" text not null,
  "email" text not null unique,
  "emailVerified" boolean not null,
  "image" text,
  "createdAt" timestamptz default CURRENT_TIMESTAMP not null,
  "updatedAt" timestamptz default CURRENT_TIMESTAMP not null,
  "username" text unique,
  "displayUsername" text,
  "twoFactorEnabled" boolean);

create table "identity"."session" ("id" uuid default pg_catalog.gen_random_uuid() not null primary key,
  "expiresAt" timestamptz not null,
  "token" text not null unique,
  "createdAt" timestamptz default CURRENT_TIMESTAMP not null,
  "updatedAt" timestamptz not null,
  "ipAddress" text,
  "userAgent" text,
  "userId" uuid not null references "identity"."user" ("id") on delete cascade);

create table "identity"."account" ("id" uuid default pg_catalog.gen_random_uuid() not null primary key,
  "accountId" text not null,
  "providerId" text not null,
  "userId" uuid not null references "identity"."user" ("id") on delete cascade,
  "accessToken" text,
  "refreshToken" text,
  "idToken" text,
  "accessTokenExpiresAt" timestamptz,
  "refreshTokenExpiresAt" timestamptz,
  "scope" text,
  "password" text,
  "createdAt" timestamptz default CURRENT_TIMESTAMP not null,
  "updatedAt" timestamptz not null);

create table "identity"."verification" ("id" uuid default pg_catalog.gen_random_uuid() not null primary key,
  "identifier" text not null,
  "value" text not null,
  "expiresAt" timestamptz not null,
  "createdAt" timestamptz default CURRENT_TIMESTAMP not null,
  "updatedAt" timestamptz default CURRENT_TIMESTAMP not null);

create table "identity"."twoFactor" ("id" uuid default pg_catalog.gen_random_uuid() not null primary key,
  "secret" text not null,
  "backupCodes" text not null,
  "userId" uuid not null references "identity"."user" ("id") on delete cascade,
  "verified" boolean,
  "failedVerificationCount" integer,
  "lockedUntil" timestamptz);

create table "identity"."passkey" ("id" uuid default pg_catalog.gen_random_uuid() not null primary key,
  "name" text,
  "publicKey" text not null,
  "userId" uuid not null references "identity"."user" ("id") on delete cascade,
  "credentialID" text not null,
  "counter" integer not null,
  "deviceType" text not null,
  "backedUp" boolean not null,
  "transports" text,
  "createdAt" timestamptz,
  "aaguid" text);

create index "session_userId_idx" on "identity"."session" ("userId");

create index "account_userId_idx" on "identity"."account" ("userId");

create index "verification_identifier_idx" on "identity"."verification" ("identifier");

create index "twoFactor_secret_idx" on "identity"."twoFactor" ("secret");

create index "twoFactor_userId_idx" on "identity"."twoFactor" ("userId");

create index "passkey_userId_idx" on "identity"."passkey" ("userId");

create index "passkey_credentialID_idx" on "identity"."passkey" ("credentialID");

grant usage on schema "identity" to longmen_app;
grant select, insert, update, delete on "identity"."user", "identity"."session", "identity"."account",
  "identity"."verification", "identity"."twoFactor", "identity"."passkey" to longmen_app;
