import { addExample, type RegisterCommand } from '../command.ts';
import { actorOf, generalLedgerDeps } from '../general-ledger.ts';
import { table } from '../output.ts';

/** `longmen chart load|show`: the chart of accounts of a book. */
export const chartCommand: RegisterCommand = (program, act) => {
  const chart = program.command('chart').helpCommand(false).description('the chart of accounts of a book');
  addExample(chart, 'longmen chart load asbe');

  const load = chart
    .command('load')
    .description('load a chart, or add codes to the one that is there; the same again changes nothing')
    .argument('<chart>', "'asbe' for the statutory chart, or a CSV file")
    .option('--book <code>', 'the book', 'main')
    .option('--strict', 'close no period while an account stands outside the chart')
    .option('--no-strict', 'only tell which accounts stand outside the chart')
    .option('--actor <name>', 'who does it (default: the name of the system user)')
    .action(
      act(async (context, [source = ''], options) => {
        const { installChart, readChartFile, standardChart, standardCharts } = await import('#systems/general-ledger');
        const standard = standardCharts.find((name) => name === source);
        const entries = standard === undefined ? await readChartFile(source) : await standardChart(standard);
        const deps = await generalLedgerDeps(context);
        const result = await installChart(deps, String(options.book), entries, {
          actor: actorOf(options),
          strict: options.strict === undefined ? undefined : options.strict === true,
        });
        context.output.result(
          result,
          () =>
            `${result.codes} codes: ${result.added} added, ${result.renamed} renamed; ${result.joined} accounts joined`,
        );
      }),
    );
  addExample(load, 'longmen chart load asbe', 'longmen chart load our-codes.csv --book branch2 --strict');

  const show = chart
    .command('show')
    .description('show the chart of a book as a tree, and which accounts stand outside it')
    .option('--book <code>', 'the book', 'main')
    .action(
      act(async (context, _words, options) => {
        const { accountsOutsideChart, chartEntryJson, chartOf, chartState } = await import('#systems/general-ledger');
        const { db, ledger } = await generalLedgerDeps(context);
        const bookId = await ledger.bookId(String(options.book));
        const [entries, state] = [await chartOf(db, bookId), await chartState(db, bookId)];
        const outside = await accountsOutsideChart(db, bookId);
        const document = { strict: state?.strict ?? false, entries: entries.map(chartEntryJson), outside };
        context.output.result(document, () =>
          table(
            ['code', 'name', '', 'element', 'side', 'marks'],
            entries.map((entry) => [
              `${'  '.repeat(entry.level - 1)}${entry.code}`,
              entry.nameZh,
              entry.nameEn,
              entry.element,
              entry.side,
              entry.marks.join(' '),
            ]),
          ),
        );
        for (const { code, currency, accounts, why } of outside) {
          context.output.note(`${accounts} accounts in ${currency} on ${code}: ${why.replaceAll('_', ' ')}`);
        }
      }),
    );
  addExample(show, 'longmen chart show --json');
};
