import { type Command, Option } from 'commander';
import { defineErrors } from '#kernel/errors';
import type { Choice, Duplicate, RowError } from '#systems/parties';
import { addExample, type RegisterCommand } from '../command.ts';
import type { Context } from '../context.ts';
import { table } from '../output.ts';

const cliPartiesError = defineErrors({
  import_parties_with_errors: { status: 409, title: 'Some rows of the file have errors' },
});

/** Errors and duplicates listed at most; the counts are of all. */
const LISTED = 1_000;
const choices: readonly Choice[] = ['skip', 'merge', 'create'];

/** `longmen import parties|berka-clients`: the customers themselves. */
export function addPartyImports(family: Command, act: Parameters<RegisterCommand>[1]): void {
  const parties = family
    .command('parties')
    .description('bring in a file of persons and organisations; exit code 0 only if no row has errors')
    .argument('<file>', 'a CSV file with a header, or JSON Lines')
    .option('--preview', 'only tell errors and duplicates; nothing is written', false)
    .requiredOption('--source <name>', 'where the rows come from; with external_key it says which party a row is')
    .option('--unit <code>', 'the unit that parties without one belong to (default: the institution)')
    .addOption(new Option('--format <name>', 'what the file is (default: by its ending)').choices(['csv', 'jsonl']))
    .addOption(likeness('same', 'have the same identifier').default('merge'))
    .addOption(likeness('proposed', 'are most likely the same').default('create'))
    .addOption(likeness('unsure', 'may be the same').default('create'))
    .action(
      act(async (context, [file = ''], options) => {
        const { importParties, previewParties } = await import('#systems/parties');
        const errors: RowError[] = [];
        const duplicates: Duplicate[] = [];
        const deps = await partyDeps(context);
        const progress = context.progress();
        const asked = {
          source: String(options.source),
          unit: options.unit === undefined ? undefined : String(options.unit),
          format: options.format as 'csv' | 'jsonl' | undefined,
          choices: {
            same: options.same as Choice,
            proposed: options.proposed as Choice,
            unsure: options.unsure as Choice,
          },
          onError: (error: RowError) => void (errors.length < LISTED && errors.push(error)),
          onDuplicate: (one: Duplicate) => void (duplicates.length < LISTED && duplicates.push(one)),
          onProgress: (done: number, total: number) => progress(done, total, 'bytes'),
        };
        const run = options.preview === true ? previewParties : importParties;
        const counts = await run(deps, file, asked);
        context.output.result({ preview: options.preview === true, ...counts, errors, duplicates }, () =>
          table(
            ['rows', ''],
            Object.entries(counts).map(([key, value]) => [key, `${value}`]),
            { right: [1] },
          ),
        );
        for (const { line, field, code, detail } of errors) {
          context.output.note(`line ${line}: ${field === null ? '' : `${field}: `}${code}: ${detail}`);
        }
        for (const { line, verdict, score, reasons, party_id, like_line } of duplicates) {
          const why = reasons.map(({ field, level, weight }) => `${field} ${level} ${weight}`).join(', ');
          const whom = party_id === null ? `line ${like_line}` : `party ${party_id}`;
          context.output.note(`line ${line}: ${verdict} as ${whom}, ${score} bits: ${why}`);
        }
        if (counts.refused === 0) return;
        const text = `${counts.refused} of ${counts.rows} rows have errors`;
        throw cliPartiesError('import_parties_with_errors', text, { refused: counts.refused });
      }),
    );
  addExample(
    parties,
    'longmen import parties customers.csv --source old_core --preview',
    'longmen import parties customers.csv --source old_core --same merge --proposed create',
  );

  const clients = family
    .command('berka-clients')
    .description('make the clients of an imported Berka bank parties, with their rights to its accounts')
    .option('--book <code>', 'the book the bank was imported into', 'berka')
    .action(
      act(async (context, _arguments, options) => {
        const { importBerkaClients } = await import('#systems/parties');
        const progress = context.progress();
        const result = await importBerkaClients(await partyDeps(context), {
          book: String(options.book),
          onProgress: (done, total) => progress(done, total, 'clients and rights'),
        });
        context.output.result(result, () =>
          table(
            ['result', ''],
            Object.entries(result).map(([key, value]) => [key, `${value}`]),
            { right: [1] },
          ),
        );
      }),
    );
  addExample(clients, 'longmen import berka-clients --json');
}

function likeness(name: string, meaning: string): Option {
  return new Option(`--${name} <choice>`, `what to do with rows that ${meaning}`).choices(choices);
}

async function partyDeps(context: Context) {
  const { timeZone } = await context.config();
  return { db: await context.database(), clock: context.clock, timeZone };
}
