import type { Book } from '#kernel/events';
import { addExample, type RegisterCommand } from '../command.ts';
import { table } from '../output.ts';

/** `longmen book create|list`: the books of the house. */
export const bookCommand: RegisterCommand = (program, act) => {
  const book = program
    .command('book')
    .helpCommand(false)
    .description('books: the unit of order, one per legal entity to begin with');
  addExample(book, 'longmen book list');

  const create = book
    .command('create')
    .description('create a book, or confirm that the same one exists')
    .argument('<code>', 'code of the book: small letters, digits, - and _')
    .option('--name <text>', 'name of the book (default: its code)')
    .option('--legal-entity <text>', 'the legal entity whose book it is', '')
    .action(
      act(async (context, [code = ''], options) => {
        const { createBook } = await import('#kernel/events');
        const db = await context.database();
        const name = String(options.name ?? code);
        const legalEntity = String(options.legalEntity);
        const created = await db.transaction((tx) => createBook(tx, { code, name, legalEntity }, context.clock));
        context.output.result({ book: shown(created) }, () => `book ${created.code}: ${created.name}`);
      }),
    );
  addExample(create, "longmen book create branch2 --name 'Second branch'");

  const list = book
    .command('list')
    .description('list all books')
    .action(
      act(async (context) => {
        const { listBooks } = await import('#kernel/events');
        const books = await listBooks(await context.database());
        context.output.result({ books: books.map(shown) }, () =>
          table(
            ['code', 'name', 'legal entity', 'created at'],
            books.map((one) => [one.code, one.name, one.legalEntity, one.createdAt]),
          ),
        );
      }),
    );
  addExample(list, 'longmen book list --json');
};

/** A book as others see it: by its code, never by its number inside the house. */
function shown(book: Book) {
  return { code: book.code, name: book.name, legal_entity: book.legalEntity, created_at: book.createdAt };
}
