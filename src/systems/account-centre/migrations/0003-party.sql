-- Who the customer is: the party as it was named, whoever stands for it since a merge. Null: not known yet.
alter table account_centre.customer add column party_id uuid;
create index customer_party on account_centre.customer (party_id, book_id) where party_id is not null;
grant update (party_id) on account_centre.customer to longmen_app;
