import { Option } from 'commander';
import type { PeriodResult } from '#systems/general-ledger';
import { addExample, type CommandAction, type Handler, type RegisterCommand } from '../command.ts';
import type { Context } from '../context.ts';
import { actorOf, generalLedgerDeps } from '../general-ledger.ts';
import { table } from '../output.ts';

/** `longmen period list|close|seal|reopen|year-end`: the accounting periods of a book. */
export const periodCommand: RegisterCommand = (program, act) => {
  const period = program.command('period').helpCommand(false).description('accounting periods: months and years');
  addExample(period, 'longmen period close 2026-03');

  const list = period
    .command('list')
    .description('the months of a book and their states, from its first posting to now')
    .option('--book <code>', 'the book', 'main')
    .action(
      act(async (context, _words, options) => {
        const { listPeriods, periodJson } = await import('#systems/general-ledger');
        const { db, ledger } = await generalLedgerDeps(context);
        const periods = await listPeriods(db, await ledger.bookId(String(options.book)), ledger.businessDate());
        context.output.result({ periods: periods.map(periodJson) }, () =>
          table(
            ['period', 'state', 'last action', 'by', 'at', 'reason'],
            periods.map(({ code, state, lastAction: last }) => [
              code,
              state,
              last?.action ?? '',
              last?.actor ?? '',
              last?.recordedAt ?? '',
              last?.reason ?? '',
            ]),
          ),
        );
      }),
    );
  addExample(list, 'longmen period list --book branch2');

  /** What the three actions on a period have in common. */
  const action = (name: string, description: string, reason: string) =>
    period
      .command(name)
      .description(description)
      .argument('<period>', 'a month, 2026-03, or a year, 2026')
      .option('--book <code>', 'the book', 'main')
      .option('--actor <name>', 'who does it (default: the name of the system user)')
      .addOption(new Option('--reason <text>', reason).makeOptionMandatory(name === 'reopen'));

  const close = action('close', 'close a period: it takes nothing but adjustments any more', 'why; kept with it')
    .option('--pending-limit <days>', 'pending transfers older than this stop it')
    .action(
      act(async (context, [code = ''], options) => {
        const { closePeriod } = await import('#systems/general-ledger');
        const deps = await generalLedgerDeps(context);
        const pendingLimitDays = options.pendingLimit === undefined ? undefined : Number(options.pendingLimit);
        const how = { ...handOf(options), pendingLimitDays };
        await tell(context, await deps.db.transaction((tx) => closePeriod(deps, tx, String(options.book), code, how)));
      }),
    );
  addExample(close, 'longmen period close 2026-03', 'longmen period close 2025 --pending-limit 60');

  const seal = action(
    'seal',
    'seal a closed period and all before it: it takes nothing any more',
    'why; kept with it',
  ).action(onPeriod(act, async () => (await import('#systems/general-ledger')).sealPeriod));
  addExample(seal, 'longmen period seal 2025');

  const reopen = action(
    'reopen',
    'open a period again; year ends from its year on are undone by reversal',
    'why',
  ).action(onPeriod(act, async () => (await import('#systems/general-ledger')).reopenPeriod));
  addExample(reopen, "longmen period reopen 2025-12 --reason 'audit adjustment'");

  const yearEnd = period
    .command('year-end')
    .description('move profit and loss into retained earnings as of 31 December; again it closes what came since')
    .argument('<year>', 'a year that is over, such as 2025')
    .option('--book <code>', 'the book', 'main')
    .option('--actor <name>', 'who does it (default: the name of the system user)')
    .action(
      act(async (context, [year = ''], options) => {
        const [{ makeYearEnd }, { formatAmount }] = await Promise.all([
          import('#systems/general-ledger'),
          import('#kernel/money'),
        ]);
        const deps = await generalLedgerDeps(context);
        const made = await makeYearEnd(deps, String(options.book), Number(year), handOf(options));
        const results = made.results.map(({ currency, profit }) => ({
          currency,
          profit: formatAmount(profit, currency),
        }));
        context.output.result({ ...made, results }, () =>
          [
            `${made.transfers} transfers`,
            ...results.map(({ currency, profit }) => `${profit} ${currency} to retained earnings`),
          ].join('\n'),
        );
        if (made.left.length > 0) context.output.note(`posted meanwhile, run it again: ${made.left.join(', ')}`);
      }),
    );
  addExample(yearEnd, 'longmen period year-end 2025');
};

type Options = Readonly<Record<string, unknown>>;

function handOf(options: Options) {
  return {
    actor: actorOf(options),
    reason: options.reason === undefined ? undefined : String(options.reason),
  };
}

function onPeriod(
  act: (handler: Handler) => CommandAction,
  find: () => Promise<typeof import('#systems/general-ledger')['sealPeriod']>,
): CommandAction {
  return act(async (context, [code = ''], options) => {
    const change = await find();
    const deps = await generalLedgerDeps(context);
    const book = String(options.book);
    await tell(context, await deps.db.transaction((tx) => change(deps, tx, book, code, handOf(options))));
  });
}

async function tell(context: Context, result: PeriodResult): Promise<void> {
  const { periodResultJson } = await import('#systems/general-ledger');
  context.output.result(periodResultJson(result), () => {
    const { code, state } = result.period;
    const undone = result.yearEndsUndone.map((year) => `; the year end ${year} was undone`).join('');
    return `${code} is ${state}${result.changed ? '' : ' already'}${undone}`;
  });
  for (const { detail } of result.checks.filter(({ passed }) => !passed)) context.output.note(detail);
}
