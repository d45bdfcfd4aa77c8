-- The chart of accounts (会计科目表) of each book. The same tree stands in the ledger as groups of the dimension 'chart',
-- which keep the sums; here is what the codes mean.

create table general_ledger.chart (
  book_id integer primary key,
  -- Strict: a period is not closed while an account stands outside the chart.
  strict boolean not null,
  loaded_at timestamptz not null,
  loaded_by text not null
);

create table general_ledger.chart_entry (
  book_id integer not null,
  code text not null,
  name_zh text not null,
  name_en text not null,
  element text not null check (element in ('asset', 'liability', 'common', 'equity', 'income', 'expense')),
  side text not null check (side in ('debit', 'credit')),
  parent_code text,
  marks text[] not null,
  primary key (book_id, code),
  foreign key (book_id, parent_code) references general_ledger.chart_entry (book_id, code)
);

grant select, insert on general_ledger.chart, general_ledger.chart_entry to longmen_app;
grant update (strict, loaded_at, loaded_by) on general_ledger.chart to longmen_app;
grant update (name_zh, name_en, marks) on general_ledger.chart_entry to longmen_app;
