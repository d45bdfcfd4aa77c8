/**
 * Books and their event logs: what happened in a book, in the one order everything else follows from.
 */
export { type Book, type BookInput, bookUnit, createBook, findBook, listBooks } from './book.ts';
export { type ConsumerStatus, listConsumers, replay, resumeConsumer } from './checkpoint.ts';
export { type ConsumerLog, type ConsumerOptions, runConsumer } from './consumer.ts';
export {
  type Appended,
  appendEvents,
  type EventColumns,
  type EventInput,
  type EventRecord,
  eventColumns,
  headPosition,
  readEvents,
} from './log.ts';
export { eventRoutes } from './routes.ts';
export { wakeConsumers } from './wake.ts';
