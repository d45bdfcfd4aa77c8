import { Option } from 'commander';
import { defineErrors } from '#kernel/errors';
import type { ImportDeps, OnProgress } from '#systems/imports';
import { addExample, type RegisterCommand } from '../command.ts';
import type { Context } from '../context.ts';
import { table } from '../output.ts';
import { addPartyImports } from './import-parties.ts';

const cliImportError = defineErrors({
  import_unexplained: { status: 409, title: 'Some closing balances differ from those of the bank' },
  import_rates_with_refusals: { status: 409, title: 'Some rows of the file are of unknown countries or currencies' },
  import_with_refusals: { status: 409, title: 'The ledger refused some transfers of the file' },
});

/** `longmen import berka|transfers|rates|parties|berka-clients`: books, transfers, exchange rates and parties from outside. */
export const importCommand: RegisterCommand = (program, act) => {
  const family = program
    .command('import')
    .helpCommand(false)
    .description('bring in books, transfers, exchange rates and parties from outside');
  addExample(family, 'longmen import berka ../shared/data/berka');

  const berka = family
    .command('berka')
    .description("import a bank's accounts and transactions (Berka format) and compare every day with its own balances")
    .argument('<folder>', 'the folder with account.csv, trans.csv and the others')
    .option('--book <code>', 'the book; made when there is none', 'berka')
    .action(
      act(async (context, [folder = ''], options) => {
        const { importBerka } = await import('#systems/imports');
        const { deps, onProgress } = await importDeps(context);
        const result = await importBerka(deps, folder, { book: String(options.book), onProgress });
        context.output.result(result, () =>
          table(
            ['result', ''],
            Object.entries(result).map(([key, value]) => [key.replaceAll('_', ' '), `${value}`]),
            { right: [1] },
          ),
        );
        if (result.unexplained > 0) {
          throw cliImportError('import_unexplained', `${result.unexplained} account-days do not close as at the bank`);
        }
      }),
    );
  addExample(berka, 'longmen import berka ../shared/data/berka --json');

  const transfers = family
    .command('transfers')
    .description('post a file of transfers, each accepted or refused by itself; exit code 0 only if none was refused')
    .argument('<file>', 'a CSV file with a header, or JSON Lines')
    .option('--book <code>', 'the book', 'main')
    .addOption(new Option('--format <name>', 'what the file is (default: by its ending)').choices(['csv', 'jsonl']))
    .action(
      act(async (context, [file = ''], options) => {
        const { importTransfers } = await import('#systems/imports');
        const { deps, onProgress } = await importDeps(context);
        const format = options.format as 'csv' | 'jsonl' | undefined;
        const result = await importTransfers(deps, file, {
          book: String(options.book),
          onProgress,
          ...(format === undefined ? {} : { format }),
        });
        const { transfers: count, accepted, refused, refusals } = result;
        context.output.result(result, () => `${count} transfers: ${accepted} accepted, ${refused} refused`);
        if (refused === 0) return;
        for (const { line, id, code } of refusals) context.output.note(`line ${line}: ${id}: ${code}`);
        throw cliImportError('import_with_refusals', `${refused} of ${count} transfers were refused`, { refused });
      }),
    );
  addExample(
    transfers,
    'longmen import transfers payments.csv',
    'longmen import transfers payments.jsonl --book branch2',
  );

  const rates = family
    .command('rates')
    .description('load a file of exchange rates; exit code 0 only if every row was understood')
    .argument(
      '<file>',
      'a CSV file: Date,Country,Exchange rate (per US dollar), or date,base,quote,mid,bid,ask,quoted_at',
    )
    .option('--source <name>', 'whose rates they are (default: the name of the file)')
    .action(
      act(async (context, [file = ''], options) => {
        const { importRates } = await import('#systems/exchange');
        const db = await context.database();
        const source = options.source === undefined ? undefined : String(options.source);
        const result = await importRates({ db, clock: context.clock }, file, { source });
        const { rows, added, unchanged, refused, refusals } = result;
        context.output.result(
          result,
          () => `${rows} rows of ${result.source}: ${added} rates added, ${unchanged} unchanged, ${refused} refused`,
        );
        if (refused === 0) return;
        for (const { reason, rows: count, first_line } of refusals) {
          context.output.note(`${count} rows from line ${first_line}: ${reason}`);
        }
        throw cliImportError('import_rates_with_refusals', `${refused} of ${rows} rows were refused`, { refused });
      }),
    );
  addExample(rates, 'longmen import rates ../shared/data/rates/monthly.csv');

  addPartyImports(family, act);
};

async function importDeps(context: Context): Promise<{ deps: ImportDeps; onProgress: OnProgress }> {
  const { openLedger } = await import('#engines/ledger');
  const { timeZone } = await context.config();
  const db = await context.database();
  const ledger = openLedger({ db, clock: context.clock, timeZone });
  context.onClose(() => ledger.close());
  const progress = context.progress();
  return {
    deps: { db, ledger, clock: context.clock },
    onProgress: ({ step, done, total }) => progress(done, total, step),
  };
}
