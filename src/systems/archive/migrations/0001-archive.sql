-- The archives of each book's journal, one behind the other; written in the transaction that takes the rows out.
create table archive.archive (
  book_id integer not null,
  number integer not null check (number > 0),
  first_sequence bigint not null,
  last_sequence bigint not null,
  -- The archive's manifest, byte for byte. Its SHA-256 is in the manifest of the next one.
  manifest text not null,
  manifest_sha256 bytea not null check (octet_length(manifest_sha256) = 32),
  archived_at timestamptz not null,
  primary key (book_id, number),
  check (first_sequence <= last_sequence)
);
grant select, insert on archive.archive to longmen_app;

-- Archives that do not follow each other, that are not what they were, or that end elsewhere than the journal begins.
create view archive.verify_archives as
select book_id, number, fault
from (
  select a.book_id, a.number,
    case
      when sha256(convert_to(a.manifest, 'UTF8')) <> a.manifest_sha256 then 'the manifest was changed'
      when a.number <> row_number() over book then 'an archive is missing'
      when a.first_sequence <> lag(a.last_sequence, 1, 0::bigint) over book + 1 then 'it does not follow the one before'
      when a.manifest::jsonb ->> 'previous' is distinct from encode(lag(a.manifest_sha256) over book, 'hex')
        then 'it names another one as the one before'
      when a.manifest::jsonb ->> 'first_sequence' <> a.first_sequence::text
        or a.manifest::jsonb ->> 'last_sequence' <> a.last_sequence::text then 'its manifest states other rows'
      when lead(a.number) over book is null and a.last_sequence is distinct from x.through_sequence
        then 'the journal begins elsewhere'
    end as fault
  from archive.archive a left join ledger.archive_end x using (book_id)
  window book as (partition by a.book_id order by a.number)
) f
where fault is not null
union all
select x.book_id, null, 'there is no archive of what was taken out'
from ledger.archive_end x where not exists (select from archive.archive a where a.book_id = x.book_id);

grant select on archive.verify_archives to longmen_app;

-- A request sees the archives of the books it sees all of.
call kernel.protect('archive.archive', 'book_id = any ((select kernel.whole_books_in_scope())::int[])');
