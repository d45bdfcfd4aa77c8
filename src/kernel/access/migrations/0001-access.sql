-- Who may do what, and whose rows they see. On Citus all tables here are reference tables.

-- The organisation (组织机构): one institution, its legal entities, their branches and teams.
create table kernel.unit (
  unit_id    int primary key check (unit_id > 0),
  parent_id  int references kernel.unit (unit_id),
  kind       text not null check (kind in ('institution', 'legal_entity', 'branch', 'team')),
  code       text not null unique check (code ~ '^[a-z0-9][a-z0-9_-]{0,31}$'),
  name       text not null check (name <> ''),
  created_at timestamptz,
  closed_at  timestamptz,
  check ((parent_id is null) = (kind = 'institution'))
);
create unique index unit_one_institution on kernel.unit ((parent_id is null)) where parent_id is null;

-- Every unit with itself and all above it.
create table kernel.unit_path (
  ancestor_id int not null references kernel.unit (unit_id),
  unit_id     int not null references kernel.unit (unit_id),
  depth       int not null check (depth >= 0),
  primary key (ancestor_id, unit_id)
);
create index unit_path_up on kernel.unit_path (unit_id);

insert into kernel.unit (unit_id, parent_id, kind, code, name) values (1, null, 'institution', 'institution', 'Institution');
insert into kernel.unit_path (ancestor_id, unit_id, depth) values (1, 1, 0);

-- A named set of permissions; built-in roles follow the version of the program.
create table kernel.role (
  code        text primary key check (code ~ '^[a-z][a-z0-9_]{0,63}$'),
  name_zh     text not null check (name_zh <> ''),
  name_en     text not null check (name_en <> ''),
  permissions text[] not null,
  built_in    boolean not null default false,
  changed_at  timestamptz not null
);

-- Who has which role where, from when to when. Rows end; they are never deleted.
create table kernel.assignment (
  assignment_id uuid primary key,
  staff_id      uuid not null,
  role_code     text not null references kernel.role (code),
  unit_id       int not null references kernel.unit (unit_id),
  valid_from    timestamptz not null,
  valid_until   timestamptz,
  made_by       uuid not null,
  check (valid_until is null or valid_until >= valid_from)
);
create index assignment_of_staff on kernel.assignment (staff_id);

-- A colleague's rights used in their absence (代理). What somebody received cannot be passed on.
create table kernel.delegation (
  delegation_id uuid primary key,
  from_id       uuid not null,
  to_id         uuid not null,
  -- Null: all roles of the one who delegates.
  role_code     text references kernel.role (code),
  valid_from    timestamptz not null,
  valid_until   timestamptz not null,
  check (from_id <> to_id),
  check (valid_until >= valid_from)
);
create index delegation_to on kernel.delegation (to_id);

-- The units whose rows the present request may see. Without a request nothing is in scope.
create function kernel.units_in_scope() returns int[] language sql stable parallel safe as $$
  select coalesce(nullif(current_setting('longmen.units', true), ''), '{}')::int[]
$$;

-- Puts a table under row-level security: the house itself (longmen_app) reaches every row, a request made for some
-- units only (longmen_staff) those for which `visible` holds. A table that is not protected is not granted to
-- longmen_staff at all: see the migrator.
create procedure kernel.protect(p_table regclass, p_visible text) language plpgsql as $$
begin
  execute format('alter table %s enable row level security', p_table);
  execute format('create policy everything on %s to longmen_app using (true) with check (true)', p_table);
  execute format('create policy in_scope on %s to longmen_staff using (%s) with check (%s)', p_table, p_visible, p_visible);
end
$$;

-- The unit a book belongs to: a legal entity, or the institution as long as there is only one.
alter table kernel.book add column unit_id int not null default 1 references kernel.unit (unit_id);

-- The tree itself is no secret within the institution, only within it: a request sees what is above and below its units.
call kernel.protect('kernel.unit', $$exists (select from kernel.unit_path p
  where (p.ancestor_id = unit.unit_id and p.unit_id = any ((select kernel.units_in_scope())::int[]))
     or (p.unit_id = unit.unit_id and p.ancestor_id = any ((select kernel.units_in_scope())::int[])))$$);
call kernel.protect('kernel.unit_path', 'true');
call kernel.protect('kernel.role', 'true');
-- A book is known to everybody who works in its legal entity; what is in it has policies of its own.
call kernel.protect('kernel.book', $$exists (select from kernel.unit_path p
  where p.ancestor_id = book.unit_id and p.unit_id = any ((select kernel.units_in_scope())::int[]))$$);

-- The books a request may know of, and those of which it may see everything, also what adds up over their branches.
-- In policies: book_id = any ((select kernel.books_in_scope())::int[]), which is evaluated once per query.
create function kernel.books_in_scope() returns int[] language sql stable parallel safe as $$
  select coalesce(array_agg(book_id), '{}') from kernel.book
$$;
create function kernel.whole_books_in_scope() returns int[] language sql stable parallel safe as $$
  select coalesce(array_agg(book_id), '{}') from kernel.book where unit_id = any (kernel.units_in_scope())
$$;

grant select, insert on kernel.unit, kernel.unit_path, kernel.role, kernel.assignment, kernel.delegation to longmen_app;
grant update (name, closed_at) on kernel.unit to longmen_app;
grant update (name_zh, name_en, permissions, built_in, changed_at) on kernel.role to longmen_app;
grant update (valid_until) on kernel.assignment, kernel.delegation to longmen_app;
grant update (unit_id) on kernel.book to longmen_app;
