import { defineErrors } from '#kernel/errors';
import { addExample, type RegisterCommand } from '../command.ts';
import type { Context } from '../context.ts';
import { table } from '../output.ts';

const entityError = defineErrors({
  in_transit_unsound: { status: 500, title: 'In-transit accounts do not hold what the transfers say' },
});

/** `longmen entity …`: legal entities, their books, and what is under way between them. */
export const entityCommand: RegisterCommand = (program, act) => {
  const entity = program
    .command('entity')
    .helpCommand(false)
    .description('legal entities with one book or several, and what is under way between these');
  addExample(entity, 'longmen entity list');

  const create = entity
    .command('create')
    .description('create a legal entity, or confirm that the same one exists; main is there and gets its name once')
    .argument('<code>', 'code of the entity: small letters, digits, - and _')
    .option('--name <text>', 'name of the entity (default: its code)')
    .option('--currency <code>', 'functional currency', 'CNY')
    .action(
      act(async (context, [code = ''], options) => {
        const { entityJson } = await import('#systems/books');
        const { db, books } = await house(context);
        const input = { code, name: String(options.name ?? code), functionalCurrency: String(options.currency) };
        const created = await db.transaction((tx) => books.createEntity(tx, input));
        context.output.result({ entity: entityJson(created) }, () => `entity ${created.code}: ${created.name}`);
      }),
    );
  addExample(create, "longmen entity create main --name 'Longmen Bank' --currency CNY");

  const list = entity
    .command('list')
    .description('list all legal entities with their books')
    .action(
      act(async (context) => {
        const { bookJson, entityBooks, entityJson, listEntities } = await import('#systems/books');
        const db = await context.database();
        const entities = await listEntities(db);
        const found = await Promise.all(entities.map(async (one) => ({ one, books: await entityBooks(db, one.code) })));
        const document = found.map(({ one, books }) => ({ ...entityJson(one), books: books.map(bookJson) }));
        context.output.result({ entities: document }, () =>
          table(
            ['code', 'name', 'currency', 'books'],
            found.map(({ one, books }) => [
              one.code,
              one.name,
              one.functionalCurrency,
              books.map(({ code, newCustomers }) => (newCustomers ? code : `(${code})`)).join(' '),
            ]),
          ),
        );
      }),
    );
  addExample(list, 'longmen entity list --json');

  const addBook = entity
    .command('add-book')
    .description('give an entity one more book, also while its servers run')
    .argument('<entity>', 'code of the entity')
    .argument('<book>', 'code of the book; a new one, or one that belongs to no entity')
    .option('--name <text>', 'name of a new book (default: its code)')
    .action(
      act(async (context, [code = '', book = ''], options) => {
        const { bookJson } = await import('#systems/books');
        const { db, books } = await house(context);
        const name = options.name === undefined ? undefined : String(options.name);
        const added = await db.transaction((tx) => books.addBook(tx, code, { code: book, name }));
        context.output.result({ book: bookJson(added) }, () => `book ${added.code} belongs to entity ${code}`);
      }),
    );
  addExample(addBook, 'longmen entity add-book main main-2');

  for (const [name, newCustomers, what] of [
    ['close-book', false, 'keep new customers out of a book; those it has stay'],
    ['open-book', true, 'let a book take new customers again'],
  ] as const) {
    const command = entity
      .command(name)
      .description(what)
      .argument('<entity>', 'code of the entity')
      .argument('<book>', 'code of the book')
      .action(
        act(async (context, [code = '', book = '']) => {
          const { bookJson } = await import('#systems/books');
          const { db, books } = await house(context);
          const changed = await db.transaction((tx) => books.setNewCustomers(tx, code, book, newCustomers));
          const says = newCustomers ? 'takes' : 'takes no';
          context.output.result({ book: bookJson(changed) }, () => `book ${changed.code} ${says} new customers`);
        }),
      );
    addExample(command, `longmen entity ${name} main main-2`);
  }

  const inTransit = entity
    .command('in-transit')
    .description('what is under way between the books of an entity; exit code 0 only if the books say the same')
    .argument('[entity]', 'code of the entity', 'main')
    .option('--continue', 'go on with what is due before looking')
    .action(
      act(async (context, [code = ''], options) => {
        const { entityBooks, inTransitJson } = await import('#systems/books');
        const { db, books } = await house(context);
        if (options.continue === true) while ((await books.continueDue()) > 0);
        const report = inTransitJson(await books.inTransit(code), await entityBooks(db, code));
        context.output.result(report, () =>
          [
            table(
              ['currency', 'held out', 'held in', 'under way'],
              report.lines.map((line) => [line.currency, line.credits_pending, line.debits_pending, line.under_way]),
              { right: [1, 2, 3] },
            ),
            table(
              ['since', 'id', 'from', 'to', 'amount', 'state', 'code'],
              report.open.map((one) => [
                one.registered_at,
                one.id,
                one.debit_book,
                one.credit_book,
                `${one.amount} ${one.currency}`,
                one.state,
                one.code ?? '',
              ]),
              { right: [4] },
            ),
          ].join('\n'),
        );
        const [first] = report.findings;
        if (first !== undefined) {
          throw entityError('in_transit_unsound', `book ${first.book}: ${JSON.stringify(first.first)}`);
        }
      }),
    );
  addExample(inTransit, 'longmen entity in-transit main --json');

  const trialBalance = entity
    .command('trial-balance')
    .description('all books of an entity added up; what they owe each other stands apart')
    .argument('[entity]', 'code of the entity', 'main')
    .option('--date <date>', 'as of this effective date (default: today)')
    .action(
      act(async (context, [code = ''], options) => {
        const { entityTrialBalance, trialBalanceJson } = await import('#systems/books');
        const { db, ledger } = await house(context);
        const { parseDate } = await import('#kernel/dates');
        const date = options.date === undefined ? ledger.businessDate() : parseDate(String(options.date));
        const sums = await db.transaction((tx) => entityTrialBalance(tx, code, date), { isolation: 'repeatable read' });
        const document = trialBalanceJson(sums);
        context.output.result({ entity: code, effective_date: date, ...document }, () =>
          table(
            ['currency', 'code', 'debits', 'credits', 'net'],
            [
              ...document.lines.map((line) => [
                line.currency,
                line.code,
                line.debits_posted,
                line.credits_posted,
                line.net,
              ]),
              ...document.in_transit.map((line) => [
                line.currency,
                'in transit',
                line.debits_posted,
                line.credits_posted,
                line.net,
              ]),
            ],
            { right: [2, 3, 4] },
          ),
        );
      }),
    );
  addExample(trialBalance, 'longmen entity trial-balance main --date 2026-02-28');
};

async function house(context: Context) {
  const [{ openLedger }, { openBooks }] = await Promise.all([import('#engines/ledger'), import('#systems/books')]);
  const [db, { timeZone }] = [await context.database(), await context.config()];
  const { clock } = context;
  const ledger = openLedger({ db, clock, timeZone });
  context.onClose(() => ledger.close());
  return { db, ledger, books: openBooks({ db, clock, ledger }) };
}
