import { addExample, type RegisterCommand } from '../command.ts';
import { table } from '../output.ts';

/** `longmen customer show`: the account tree of a customer. */
export const customerCommand: RegisterCommand = (program, act) => {
  const customer = program.command('customer').helpCommand(false).description('the account trees of customers');
  addExample(customer, 'longmen customer show C-1001');

  const show = customer
    .command('show')
    .description('show the account tree of a customer with all it holds')
    .argument('<key>', 'key of the customer')
    .option('--book <code>', 'the book', 'main')
    .option('--effective-date <date>', 'only what counts on or before this date')
    .option('--recorded-at <instant>', 'as known at this instant')
    .action(
      act(async (context, [key = ''], options) => {
        const { readTree, treeJson } = await import('#systems/account-centre');
        const { instantText, parseDate, parseInstant } = await import('#kernel/dates');
        const { findBook } = await import('#kernel/events');
        const db = await context.database();
        const { bookId } = await findBook(db, String(options.book));
        const { effectiveDate, recordedAt } = options;
        const clocks = {
          effectiveDate: effectiveDate === undefined ? undefined : parseDate(String(effectiveDate)),
          recordedAt: recordedAt === undefined ? undefined : instantText(parseInstant(String(recordedAt))),
        };
        const tree = await db.transaction((tx) => readTree(tx, bookId, key, clocks), { isolation: 'repeatable read' });
        const shown = treeJson(tree);
        context.output.result(shown, () =>
          table(
            ['node', 'account', 'code', 'state', 'currency', 'balance', 'available', 'earmarked'],
            [
              ...shown.nodes.flatMap(({ path, totals, accounts }) => [
                ...(totals.length === 0 ? [[path]] : []),
                ...totals.map((one) => [path, '', '', '', one.currency, one.balance, one.available, one.earmarked]),
                ...accounts.map((one) => [
                  path,
                  one.id,
                  one.code,
                  one.state,
                  one.currency,
                  one.balance,
                  one.available,
                  one.earmarked,
                ]),
              ]),
            ],
            { right: [5, 6, 7] },
          ),
        );
      }),
    );
  addExample(show, 'longmen customer show C-1001', 'longmen customer show C-1001 --effective-date 2026-02-28 --json');
};
