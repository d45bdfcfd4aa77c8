import { readFile } from 'node:fs/promises';
import { basename, extname } from 'node:path';
import { defineErrors } from '#kernel/errors';
import { addExample, type RegisterCommand } from '../command.ts';
import type { Context } from '../context.ts';
import { table, UsageError } from '../output.ts';

const cliTemplateError = defineErrors({
  template_posting_refused: { status: 409, title: 'The ledger refused the posting of a template' },
});

/** `longmen template list|publish|preview|post`: named, versioned postings. */
export const templateCommand: RegisterCommand = (program, act) => {
  const family = program
    .command('template')
    .helpCommand(false)
    .description('posting templates: named, versioned postings');
  addExample(family, 'longmen template list');

  const list = family
    .command('list')
    .description('list the templates of a book, or the shipped examples')
    .option('--book <code>', 'the book', 'main')
    .option('--examples', 'the shipped examples instead')
    .action(
      act(async (context, _words, options) => {
        const { exampleTemplates, templateJson } = await import('#systems/templates');
        if (options.examples === true) {
          const examples = Object.entries(exampleTemplates).map(([name, definition]) => ({ name, definition }));
          context.output.result({ examples }, () => examples.map(({ name }) => `example:${name}`).join('\n'));
          return;
        }
        const templates = await openRoom(context);
        const all = await templates.list(String(options.book), { limit: LISTED });
        const items = all.map(templateJson);
        context.output.result({ templates: items }, () =>
          table(
            ['name', 'version', 'state', 'title', 'since'],
            items.map((one) => [one.name, String(one.version), one.state, one.title, one.since]),
            { right: [1] },
          ),
        );
      }),
    );
  addExample(list, 'longmen template list', 'longmen template list --examples --json');

  const publish = family
    .command('publish')
    .description('check a template and publish it as the next version; the same again changes nothing')
    .argument('<source>', 'a JSON file, or example:<name>')
    .option('--name <name>', 'name of the template (default: that of the file or example)')
    .option('--book <code>', 'the book', 'main')
    .action(
      act(async (context, [source = ''], options) => {
        const { check, templateJson } = await import('#systems/templates');
        const { name, json } = await readSource(source);
        const templates = await openRoom(context);
        const db = await context.database();
        const definition = templates.read(json);
        const findings = check(definition);
        for (const { code, path, message } of findings) context.output.note(`${path}: ${message} (${code})`);
        const wanted = String(options.name ?? name);
        const published = await db.transaction((tx) => templates.publish(tx, String(options.book), wanted, definition));
        const shown = templateJson(published);
        context.output.result({ template: shown }, () => `${shown.name}, version ${shown.version}: ${shown.title}`);
      }),
    );
  addExample(publish, 'longmen template publish fee.json', 'longmen template publish example:fee_with_vat');

  const preview = family
    .command('preview')
    .description('show what a template would post now; nothing is written')
    .argument('<name>', 'name of the template')
    .option('--template-version <number>', 'its version (default: the latest published one)')
    .option('--parameters <file>', 'JSON file with the values of the parameters; - is standard input')
    .option('--set <name=value...>', 'values of single parameters, as text')
    .option('--book <code>', 'the book', 'main')
    .action(
      act(async (context, [name = ''], options) => {
        const { previewJson } = await import('#systems/templates');
        const request = await requestOf(name, options);
        const templates = await openRoom(context);
        const shown = previewJson(await templates.preview(String(options.book), request));
        context.output.result(shown, () =>
          table(
            ['debit', 'credit', 'amount', '', 'type', 'description'],
            shown.transfers.map((one) => [
              one.debit_account_id,
              one.credit_account_id,
              one.amount,
              one.currency,
              one.type ?? '',
              one.description ?? '',
            ]),
            { right: [2] },
          ),
        );
        for (const { account_id, missing, currency } of shown.shortfalls) {
          context.output.note(`account ${account_id} has ${missing} ${currency} too little`);
        }
      }),
    );
  addExample(preview, 'longmen template preview fee_with_vat --parameters fee.json --set fee=106.00');

  const post = family
    .command('post')
    .description('post a template; exit code 0 only if the ledger accepted it')
    .argument('<name>', 'name of the template')
    .requiredOption('--id <uuid>', 'your id of this posting: the same id is posted once')
    .option('--template-version <number>', 'its version (default: the latest published one)')
    .option('--parameters <file>', 'JSON file with the values of the parameters; - is standard input')
    .option('--set <name=value...>', 'values of single parameters, as text')
    .option('--book <code>', 'the book', 'main')
    .action(
      act(async (context, [name = ''], options) => {
        const { postingJson } = await import('#systems/templates');
        const request = await requestOf(name, options);
        const templates = await openRoom(context);
        const posted = await templates.post(String(options.book), String(options.id), request);
        const shown = { ...postingJson(posted), repeated: posted.repeated };
        if (posted.status === 'refused') {
          throw cliTemplateError('template_posting_refused', `The posting was refused: ${posted.code}`, {
            posting: shown,
          });
        }
        context.output.result({ posting: shown }, () => {
          const where = `sequence ${shown.first_sequence} to ${shown.last_sequence}`;
          return `${shown.transfers} transfers, ${where}${shown.repeated ? ', posted before' : ''}`;
        });
      }),
    );
  addExample(
    post,
    'longmen template post fee_with_vat --id 01890000-0000-7000-8000-00000000000a --parameters fee.json',
  );
};

/** More than an institution has. */
const LISTED = 10_000;

async function openRoom(context: Context) {
  const [{ openLedger }, { openTemplates }] = [await import('#engines/ledger'), await import('#systems/templates')];
  const { timeZone } = await context.config();
  const db = await context.database();
  const ledger = openLedger({ db, clock: context.clock, timeZone });
  context.onClose(() => ledger.close());
  return openTemplates({ db, ledger, clock: context.clock });
}

async function readSource(source: string): Promise<{ name: string; json: unknown }> {
  if (!source.startsWith('example:')) {
    return { name: basename(source, extname(source)), json: await readJson(source) };
  }
  const { exampleTemplates } = await import('#systems/templates');
  const name = source.slice('example:'.length);
  const json = Object.hasOwn(exampleTemplates, name) ? exampleTemplates[name] : undefined;
  if (json === undefined) {
    throw new UsageError(`there is no example '${name}'; there are: ${Object.keys(exampleTemplates).join(', ')}`);
  }
  return { name, json };
}

async function requestOf(name: string, options: Readonly<Record<string, unknown>>) {
  const file = options.parameters === undefined ? {} : await readJson(String(options.parameters));
  if (typeof file !== 'object' || file === null || Array.isArray(file)) {
    throw new UsageError('the parameters are not a JSON object');
  }
  const parameters: Record<string, unknown> = { ...file };
  for (const pair of Array.isArray(options.set) ? options.set.map(String) : []) {
    const at = pair.indexOf('=');
    if (at < 1) throw new UsageError(`--set ${pair} is not of the form name=value`);
    parameters[pair.slice(0, at)] = pair.slice(at + 1);
  }
  const { templateVersion } = options;
  if (templateVersion !== undefined && !/^[1-9]\d{0,8}$/.test(String(templateVersion))) {
    throw new UsageError('--template-version is a number from 1');
  }
  return { name, parameters, ...(templateVersion === undefined ? {} : { version: Number(templateVersion) }) };
}

async function readJson(file: string): Promise<unknown> {
  try {
    const text = file === '-' ? await standardInput() : await readFile(file, 'utf8');
    return JSON.parse(text);
  } catch (error) {
    throw new UsageError(`cannot read ${file}: ${error instanceof Error ? error.message : String(error)}`);
  }
}

async function standardInput(): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of process.stdin) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks).toString('utf8');
}
