-- Legal entities and their books, where customers and accounts are, and transfers between books.
--
-- On Citus entity and entity_book are reference tables; customer, account and transfer are distributed by their own
-- keys, since they say in which book something is, or belong to two. Nothing here is written together with rows of two
-- books.

-- A legal entity (法人机构). The first one comes with the house; it is named by whoever sets the house up.
create table books.entity (
  code                text primary key check (code ~ '^[a-z0-9][a-z0-9_-]{0,31}$'),
  name                text not null check (name <> ''),
  functional_currency text not null check (functional_currency ~ '^[A-Z]{3}$'),
  -- Null as long as the entity is as it came with the house.
  created_at          timestamptz
);
insert into books.entity (code, name, functional_currency) values ('main', 'Main entity', 'CNY');

-- Which entity a book belongs to, and whether customers who come first may be given to it.
create table books.entity_book (
  book_id       int primary key,
  entity_code   text not null references books.entity (code),
  new_customers boolean not null,
  added_at      timestamptz not null
);
create index entity_book_of_entity on books.entity_book (entity_code, book_id);

-- The books of entities: the book `main` belongs to the entity `main` unless it was given to another.
create view books.member as
select b.book_id, b.code, b.name, coalesce(m.entity_code, 'main') as entity_code,
       coalesce(m.new_customers, true) as new_customers
  from kernel.book b left join books.entity_book m using (book_id)
 where m.book_id is not null or b.code = 'main';

-- The book of a customer, recorded when the customer is first seen and never changed.
create table books.customer (
  entity_code  text not null references books.entity (code),
  customer_key text not null check (length(customer_key) between 1 and 128),
  book_id      int not null,
  assigned_at  timestamptz not null,
  primary key (entity_code, customer_key)
);

-- The book of an account. Accounts opened in a book directly are entered when they are first looked for.
create table books.account (
  account_id   uuid primary key,
  book_id      int not null,
  customer_key text,
  currency     text not null,
  found_at     timestamptz not null
);
create index account_of_customer on books.account (customer_key, account_id) where customer_key is not null;

-- A transfer between two books of one entity: what was asked for, how far it is, and how it ended. The ids of its steps
-- in the two books follow from transfer_id, state and attempt.
create table books.transfer (
  transfer_id       uuid primary key,
  -- SHA-256 of the content as the caller gave it.
  fingerprint       bytea not null,
  entity_code       text not null,
  debit_book_id     int not null,
  credit_book_id    int not null check (credit_book_id <> debit_book_id),
  debit_account_id  uuid not null,
  credit_account_id uuid not null,
  amount_minor      bigint not null check (amount_minor > 0),
  currency          text not null,
  effective_date    date not null,
  adjustment        boolean not null,
  type              text,
  description       text,
  reference         text,
  state             text not null check (state in ('registered', 'debit_held', 'both_held', 'debit_posted', 'releasing_both',
                      'releasing_debit', 'reversing', 'releasing_credit', 'accepted', 'refused')),
  -- Grows when a step that must succeed was refused and is tried again under another id.
  attempt           int not null default 0 check (attempt >= 0),
  reversal_date     date not null,
  -- The debit half was posted and is reversed again.
  reversed          boolean not null default false,
  -- Why the transfer is refused, or why it is waiting.
  refused_side      text check (refused_side in ('debit', 'credit')),
  code              text,
  registered_at     timestamptz not null,
  -- From this instant on any process may go on with it.
  due_at            timestamptz not null,
  ended_at          timestamptz,
  check ((ended_at is not null) = (state in ('accepted', 'refused')))
) with (fillfactor = 70);
-- Not by state: that changes with every step, and an indexed column that changes costs a new index entry.
create index transfer_open on books.transfer (entity_code, registered_at) where ended_at is null;

grant select, insert on books.entity, books.entity_book, books.customer, books.account, books.transfer to longmen_app;
grant select on books.member to longmen_app;
grant update (name, functional_currency, created_at) on books.entity to longmen_app;
grant update (new_customers) on books.entity_book to longmen_app;
grant update (state, attempt, reversal_date, reversed, refused_side, code, due_at, ended_at) on books.transfer to longmen_app;
