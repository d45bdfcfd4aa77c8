import { defineErrors } from '#kernel/errors';

export const booksError = defineErrors({
  entity_invalid: { status: 400, title: 'Legal entity not valid' },
  entity_not_found: { status: 404, title: 'Legal entity not found' },
  entity_exists_differently: { status: 409, title: 'Legal entity exists with other content' },
  entity_has_no_book: { status: 409, title: 'The entity has no book that takes new customers' },
  book_of_other_entity: { status: 409, title: 'The book belongs to another entity' },
  book_not_of_entity: { status: 404, title: 'The entity has no such book' },
  customer_key_invalid: { status: 400, title: 'Customer key not valid' },
  customer_not_found: { status: 404, title: 'Customer not found' },
  account_limit_invalid: { status: 400, title: 'Account limit not valid' },
  account_of_other_customer: { status: 409, title: 'The account belongs to another customer or book' },
  account_in_several_books: { status: 409, title: 'The account id is used in several books' },
  account_not_in_entity: { status: 404, title: 'The entity has no such account' },
  entity_transfer_not_found: { status: 404, title: 'Transfer not found' },
  entity_transfers_count: { status: 400, title: 'Number of transfers not valid' },
});
