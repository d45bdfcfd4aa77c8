import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import { type Command, Option } from 'commander';
import type { Grid, Language, ReportKind, ReportRequest, Tabular } from '#systems/reports';
import { addExample, type RegisterCommand } from '../command.ts';
import type { Context } from '../context.ts';
import { table, UsageError } from '../output.ts';

type Options = Readonly<Record<string, unknown>>;

const kinds: readonly (readonly [ReportKind, string])[] = [
  ['balance-sheet', 'what the institution owns and owes at a date'],
  ['income-statement', 'what it earned and spent between two dates'],
  ['movements', 'opening balance, debits, credits and closing balance per code or account'],
  ['trial-balance', 'the balance of every code at a date; debits equal credits'],
];

/** `longmen report balance-sheet|income-statement|movements|trial-balance|define`: the books as reports. */
export const reportCommand: RegisterCommand = (program, act) => {
  const family = program.command('report').helpCommand(false).description('balance sheet, income statement and more');
  addExample(family, 'longmen report balance-sheet --date 2026-03-31 --compare 2025-12-31');

  for (const [kind, description] of kinds) {
    const command = family.command(kind).description(description);
    addOptions(command, kind);
    command.action(act((context, _words, options) => report(context, kind, options)));
    addExample(command, `longmen report ${kind} --date 2026-03-31 --format xlsx --out ${kind}.xlsx`);
  }

  const define = family
    .command('define')
    .description('check a layout or a consolidation, and keep it under its code')
    .argument('<file>', 'JSON file')
    .addOption(new Option('--kind <kind>', 'what it is').choices(['layout', 'consolidation']).default('layout'))
    .option('--check', 'only check it')
    .option('--book <code>', 'a layout: compare it with the chart of accounts of this book first')
    .action(
      act(async (context, [file = ''], options) => {
        const { addDefinition, readConsolidation, readLayout } = await import('#systems/reports');
        const book = textOf(options.book);
        const kind = options.kind === 'consolidation' ? 'consolidation' : 'layout';
        const content: unknown = parseJson(await readFile(file, 'utf8'), file);
        if (book !== undefined && kind === 'layout') await compareWithChart(context, content, book);
        if (options.check === true) {
          const { code } = kind === 'layout' ? readLayout(content).layout : readConsolidation(content);
          context.output.result({ kind, code, sound: true }, () => `${kind} ${code} is sound`);
          return;
        }
        const db = await context.database();
        const { code, version } = await db.transaction((tx) => addDefinition(tx, context.clock, kind, content));
        context.output.result({ kind, code, version }, () => `${kind} ${code}, version ${version}`);
      }),
    );
  addExample(define, 'longmen report define my-layout.json --check');
};

/** Says what is wrong between a layout and the chart of a book. Errors: `layout_invalid`, `report_invalid`. */
async function compareWithChart(context: Context, content: unknown, book: string): Promise<void> {
  const { checkLayoutOfBook, readLayout, reportError } = await import('#systems/reports');
  const { findBook } = await import('#kernel/events');
  const db = await context.database();
  const problems = await checkLayoutOfBook(db, (await findBook(db, book)).bookId, readLayout(content));
  if (problems === null) throw reportError('report_invalid', `Book ${book} has no chart of accounts`);
  for (const { problem, line, about } of problems) context.output.note(`${problem}: ${line ?? 'no line'}: ${about}`);
  if (problems.length > 0) {
    throw reportError('layout_invalid', `The layout and the chart of ${book} differ in ${problems.length} codes`, {
      problems,
    });
  }
}

function addOptions(command: Command, kind: ReportKind): void {
  command
    .option('--book <codes...>', 'one book or several, which are added up (default: main)')
    .option('--entity <code>', 'instead: all books of a legal entity')
    .option('--date <date>', 'the date, or the last day (default: today)')
    .option('--recorded-at <instant>', 'as known at this instant')
    .option('--group <dimension:code>', 'only accounts of a group, such as branch:0101')
    .addOption(
      new Option('--format <format>', 'how it is written').choices(['table', 'csv', 'xlsx', 'json']).default('table'),
    )
    .option('--out <file>', 'write there instead of to standard output')
    .option('--bom', 'CSV for Excel: begin with a byte order mark')
    .option('--all', 'table: also rows without any amount')
    .addOption(new Option('--language <code>', 'of names').choices(['zh', 'en']).default('zh'));
  if (kind === 'income-statement') command.option('--from <date>', 'the first day (default: 1 January)');
  if (kind === 'movements') command.option('--from <date>', 'the first day (default: the first of the month)');
  if (kind !== 'movements') {
    command
      .option('--compare <date>', 'a second date beside it')
      .option('--compare-recorded-at <instant>', 'beside it, as known at another instant');
  }
  if (kind === 'income-statement') command.option('--compare-from <date>', 'first day of what it is compared with');
  if (kind === 'balance-sheet' || kind === 'income-statement') {
    command
      .option('--consolidation <code>', 'instead of books: legal entities added up, less eliminations')
      .option('--layout <code>', 'a layout of your own')
      .option('--currency <code>', 'translate all into this currency')
      .option('--rate <rates...>', 'rates into it: USD=7.1 EUR:average=7.8')
      .option('--rate-source <source>', 'and where else they come from: a source of `longmen import rates`');
  } else {
    command
      .addOption(
        new Option('--by <what>', 'a row per code or per account').choices(['code', 'account']).default('code'),
      )
      .option('--code <beginning>', 'only codes that begin so');
  }
}

async function report(context: Context, kind: ReportKind, options: Options): Promise<void> {
  const format = context.output.json ? 'json' : String(options.format);
  const file = textOf(options.out);
  if (context.output.json && options.format !== 'table' && options.format !== 'json') {
    throw new UsageError('--json and --format contradict each other');
  }
  if (format === 'xlsx' && file === undefined) throw new UsageError('--format xlsx needs --out');
  const { csvText, gridJson, openReports, tabular, xlsxBytes } = await import('#systems/reports');
  const { entityBooks } = await import('#systems/books');
  const request = await requestOf(context, kind, options);
  const grid = await openReports({ db: await context.database(), entityBooks }).report(request);
  const language: Language = options.language === 'en' ? 'en' : 'zh';
  const whole = () => tabular(grid, { language, nonzero: false });
  const content = async (): Promise<string | Buffer> => {
    if (format === 'json') return `${JSON.stringify(gridJson(grid), undefined, 2)}\n`;
    if (format === 'xlsx') return xlsxBytes(whole(), language);
    if (format === 'csv') return csvText(whole(), { language, byteOrderMark: options.bom === true });
    return spoken(tabular(grid, { language, nonzero: options.all !== true }), language);
  };
  if (file !== undefined) {
    await writeWhole(file, await content());
    context.output.result({ kind, file, holds: holds(grid) }, () => file);
  } else if (context.output.json) {
    context.output.result(gridJson(grid), () => '');
  } else {
    context.output.text((await content()).toString());
  }
  for (const { currency, checks } of grid.sections) {
    for (const { column, nameEn, left, right } of checks) {
      if (left !== right) context.output.note(`does not hold in ${column}, ${currency}: ${nameEn}`);
    }
  }
}

function holds(grid: Grid): boolean {
  return grid.sections.every(({ checks }) => checks.every(({ left, right }) => left === right));
}

async function requestOf(context: Context, kind: ReportKind, options: Options): Promise<ReportRequest> {
  const { fixedRates } = await import('#systems/reports');
  const { isoDateOf } = await import('#kernel/dates');
  const { timeZone } = await context.config();
  const [entity, consolidation] = [textOf(options.entity), textOf(options.consolidation)];
  const others = entity !== undefined || consolidation !== undefined;
  const books = listOf(options.book);
  const date = textOf(options.date) ?? isoDateOf(context.clock.now(), timeZone);
  const from = textOf(options.from);
  const [compare, compareFrom] = [textOf(options.compare), textOf(options.compareFrom)];
  const compareRecordedAt = textOf(options.compareRecordedAt);
  const recordedAt = textOf(options.recordedAt);
  const group = textOf(options.group);
  const colon = group?.indexOf(':') ?? 0;
  if (colon < 0) throw new UsageError('--group is dimension:code, such as branch:0101');
  const compared = compare !== undefined || compareFrom !== undefined || compareRecordedAt !== undefined;
  const by = textOf(options.by);
  return {
    kind,
    books: books.length > 0 ? books : others ? undefined : ['main'],
    entity,
    consolidation,
    layout: textOf(options.layout),
    date,
    from,
    recordedAt,
    // A second instant alone compares the same days: what was reported then, and what would be now.
    ...(compared && {
      compare: {
        date: compare ?? date,
        from: compareFrom ?? (compare === undefined ? from : undefined),
        recordedAt: compareRecordedAt ?? (compare === undefined ? undefined : recordedAt),
      },
    }),
    group: group === undefined ? undefined : { dimension: group.slice(0, colon), code: group.slice(colon + 1) },
    currency: textOf(options.currency),
    rates: fixedRates(listOf(options.rate)),
    rateSource: textOf(options.rateSource),
    by: by === 'code' || by === 'account' ? by : undefined,
    code: textOf(options.code),
  };
}

function spoken(tables: readonly Tabular[], language: Language): string {
  if (tables.length === 0) return language === 'zh' ? '无数据\n' : 'nothing\n';
  return tables
    .map(({ title, currency, columns, rows }) => {
      const body = rows.map(({ key, name, level, amounts }) => [
        key,
        `${'  '.repeat(level)}${name}`,
        ...amounts.map((amount) => amount ?? ''),
      ]);
      const right = columns.map((_, index) => index + 2);
      return `${title} (${currency})\n\n${table(['', '', ...columns], body, { right })}`;
    })
    .join('\n');
}

/** Nobody should find half a report under the name that was asked for. */
async function writeWhole(file: string, content: string | Buffer): Promise<void> {
  const partial = `${file}.partial`;
  try {
    await writeFile(partial, content);
    await rename(partial, file);
  } catch (error) {
    await rm(partial, { force: true });
    throw error;
  }
}

function parseJson(text: string, file: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new UsageError(`${file} is not JSON: ${error instanceof Error ? error.message : error}`);
  }
}

function textOf(option: unknown): string | undefined {
  return option === undefined ? undefined : String(option);
}

function listOf(option: unknown): string[] {
  return Array.isArray(option) ? option.map(String) : [];
}
