-- From which amount on a posting made by a person by hand needs a second one, per currency; a currency that is not here
-- always does.
create table ledger.manual_limit (
  currency     text primary key check (currency ~ '^[A-Z]{3}$'),
  amount_minor bigint not null check (amount_minor >= 0)
);
insert into ledger.manual_limit (currency, amount_minor) values ('CNY', 5000000);
call kernel.protect('ledger.manual_limit', 'true');
grant select, insert on ledger.manual_limit to longmen_app;
grant update (amount_minor) on ledger.manual_limit to longmen_app;
