import { writeFile } from 'node:fs/promises';
import { Option } from 'commander';
import type { SimulateOptions } from '#systems/simulation';
import { addExample, type RegisterCommand } from '../command.ts';
import type { Context } from '../context.ts';
import { table, UsageError } from '../output.ts';

/** `longmen simulate`: a simulated bank with a hidden truth, into files or a book; or how well it fits real data. */
export const simulateCommand: RegisterCommand = (program, act) => {
  const simulate = program
    .command('simulate')
    .description('simulate a bank: people, companies, their money, and a hidden truth to measure detection by')
    .option('--to <folder>', 'write files there; the folder must be empty (default: simulated)')
    .option('--truth <folder>', 'folder of the hidden truth (default: truth below the other files)')
    .addOption(new Option('--format <name>', 'what the files are').choices(['csv', 'jsonl']).default('csv'))
    .option('--book <code>', 'post into this book instead of writing files; made when there is none')
    .option('--fit', 'only say how well it fits the real data of the shared folder')
    .option('--plot <file>', 'with --fit: draw the comparison as SVG')
    .option('--customers <number>', 'how many customers, 200 to 2,000,000')
    .option('--days <number>', 'how many days')
    .option('--transactions <number>', 'end after exactly so many transactions')
    .option('--start <date>', 'the first day')
    .option('--seed <number>', 'another seed is another bank')
    .option('--parameters <file>', 'JSON file with parameters, laid over the default ones')
    .option('--typologies <file>', 'JSON file with typologies, in place of the default ones')
    .action(
      act(async (context, _words, options) => {
        const simulation = await import('#systems/simulation');
        const transactions = whole(options.transactions, '--transactions');
        const sized = transactions === undefined ? {} : simulation.sizedFor(transactions);
        const overrides = Object.fromEntries(
          Object.entries({
            customers: whole(options.customers, '--customers'),
            days: whole(options.days, '--days'),
            seed: whole(options.seed, '--seed'),
            start: options.start,
          }).filter(([, value]) => value !== undefined),
        );
        // What a file or an option says counts more than the size that would do for so many transactions.
        const parameters = simulation.loadParameters(text(options.parameters), overrides, sized);
        const typologies = simulation.loadTypologies(text(options.typologies));
        const progress = context.progress();
        const running: SimulateOptions = {
          transactions,
          signal: context.signal,
          onProgress: (done, total) => progress(done, total, 'simulating'),
        };
        if (options.fit === true) {
          const { sharedFolder } = await context.config();
          const lines = await simulation.simulateFit(parameters, typologies, sharedFolder, running);
          const plot = text(options.plot);
          if (plot !== undefined) await writeFile(plot, simulation.fitPlot(lines));
          context.output.result({ fit: lines }, () => fitTable(lines));
          return;
        }
        const book = text(options.book);
        if (book !== undefined) {
          const deps = await ledgerDeps(context);
          const posted = await simulation.simulateToBook(deps, book, parameters, typologies, running);
          context.output.result(
            { book, ...posted },
            () => `${posted.posted} transfers of a simulated bank in the book ${book}`,
          );
          return;
        }
        const folder = text(options.to) ?? 'simulated';
        const counts = await simulation.simulateToFiles(parameters, typologies, folder, {
          ...running,
          format: options.format === 'jsonl' ? 'jsonl' : 'csv',
          truthFolder: text(options.truth),
        });
        context.output.result(
          { folder, ...counts },
          () =>
            `${counts.transactions} transactions of ${counts.days} days in ${folder}, ${counts.patterns} patterns hidden`,
        );
      }),
    );
  addExample(
    simulate,
    'longmen simulate --to bank --customers 5000 --days 90',
    'longmen simulate --book simulated --transactions 200000',
    'longmen simulate --to bank --typologies unseen.json --seed 7',
  );
};

/** `longmen evaluate`: how good a file of alerts is against the truth of a simulation. */
export const evaluateCommand: RegisterCommand = (program, act) => {
  const evaluate = program
    .command('evaluate')
    .description('judge alerts by the hidden truth of a simulation')
    .argument('<alerts>', 'CSV file with transfer_id or account_id, and score, raised_at if there are; or JSON Lines')
    .option('--truth <folder>', 'folder with truth_transactions, truth_accounts and truth_patterns', 'simulated/truth')
    .action(
      act(async (context, [file = ''], options) => {
        const { evaluateFiles } = await import('#systems/simulation');
        const { formatAmount } = await import('#kernel/money');
        const result = await evaluateFiles(file, String(options.truth));
        const recall = <Line extends { amount_minor: bigint; amount_found_minor: bigint }>(line: Line) => {
          const { amount_minor: all, amount_found_minor: found, ...rest } = line;
          return { ...rest, amount: formatAmount(all, 'CNY'), amount_found: formatAmount(found, 'CNY') };
        };
        const document = { ...result, total: recall(result.total), typologies: result.typologies.map(recall) };
        context.output.result(document, () => {
          const { innocents } = document;
          const rows = [{ typology: 'all', ...document.total }, ...document.typologies].map((line) => [
            line.typology,
            `${line.patterns_found}/${line.patterns}`,
            `${line.transactions_found}/${line.transactions}`,
            `${line.amount_found}/${line.amount}`,
            line.hours_to_detection === null ? '' : line.hours_to_detection.toFixed(1),
          ]);
          return [
            ...document.precision_at.map(({ k, precision }) => `precision at ${k}: ${percent(precision)}`),
            `innocents: ${innocents.look_alikes_hit} of ${innocents.look_alikes} look-alikes hit by ${innocents.alerts_on_look_alikes} alerts; ${innocents.alerts_on_others} alerts on others`,
            table(['typology', 'patterns', 'transactions', 'money', 'hours'], rows, { right: [1, 2, 3, 4] }),
          ].join('\n');
        });
      }),
    );
  addExample(evaluate, 'longmen evaluate alerts.csv --truth bank/truth');
};

async function ledgerDeps(context: Context) {
  const { openLedger } = await import('#engines/ledger');
  const { timeZone } = await context.config();
  const db = await context.database();
  const ledger = openLedger({ db, clock: context.clock, timeZone });
  context.onClose(() => ledger.close());
  return { db, ledger, clock: context.clock };
}

function fitTable(lines: readonly import('#systems/simulation').FitLine[]): string {
  const number = (value: number) => (Number.isInteger(value) ? String(value) : value.toFixed(2));
  const probabilities = lines[0]?.quantiles.map(({ probability }) => `p${probability * 100}`) ?? [];
  return table(
    ['quantity', 'reference', 'KS', ...probabilities],
    lines.map(({ quantity, reference, ks_distance: distance, quantiles }) => [
      quantity,
      reference,
      distance.toFixed(3),
      ...quantiles.map(({ real, simulated }) => `${number(real)} ${number(simulated)}`),
    ]),
    { right: [2] },
  );
}

function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`;
}

function text(option: unknown): string | undefined {
  return option === undefined ? undefined : String(option);
}

function whole(option: unknown, name: string): number | undefined {
  if (option === undefined) return undefined;
  const value = Number(String(option).replaceAll('_', ''));
  if (!Number.isSafeInteger(value) || value < 0) throw new UsageError(`${name} takes a whole number`);
  return value;
}
