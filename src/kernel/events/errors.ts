import { defineErrors } from '#kernel/errors';

export const eventsError = defineErrors({
  book_code_invalid: { status: 400, title: 'Book code is malformed' },
  book_exists_differently: { status: 409, title: 'A book with this code exists under another name' },
  book_not_found: { status: 404, title: 'Book not found' },
  consumer_not_found: { status: 404, title: 'Consumer not found' },
  replay_position_invalid: { status: 400, title: 'Replay position lies outside the log' },
});
