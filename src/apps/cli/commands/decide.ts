import { readFile } from 'node:fs/promises';
import { addExample, type RegisterCommand } from '../command.ts';
import { UsageError } from '../output.ts';

/** `longmen decide model.dmn --input x.json`: evaluates a DMN model by itself, without a server or a database. */
export const decideCommand: RegisterCommand = (program, act) => {
  const decide = program
    .command('decide')
    .description('evaluate the decisions of a DMN model')
    .argument('<model>', 'DMN file, version 1.2 to 1.5')
    .option('--input <file>', 'JSON file with the input data by name; - is standard input')
    .option('--import <files...>', 'DMN files that the model imports')
    .option('--decision <names...>', 'only these decisions (default: all)')
    .option('--invoke <name>', 'call this decision service or knowledge model instead')
    .option('--check', 'only say what is wrong with the model')
    .option('--explain', 'say which rules hit, and why values are null')
    .option('--language <code>', 'language of explanations and findings: en or zh', 'en')
    .action(
      act(async (context, [file = ''], options) => {
        const { check, evaluate, feel, load } = await import('#engines/decision');
        const language = languageOf(options.language);
        const imports = await Promise.all(names(options.import).map(readText));
        const model = load(await readText(file), imports);
        if (options.check === true) {
          const findings = check(model);
          context.output.result({ findings }, () =>
            findings.length === 0
              ? 'nothing found'
              : findings.map((one) => `${one.severity} ${one.code}: ${one[language]}`).join('\n'),
          );
          return;
        }
        for (const problem of model.problems) context.output.note(`${problem.code}: ${problem[language]}`);
        const input = options.input === undefined ? {} : readObject(await readText(String(options.input)), feel.number);
        const decisions = names(options.decision);
        const result = evaluate(model, input, {
          ...(decisions.length === 0 ? {} : { decisions }),
          ...(options.invoke === undefined ? {} : { invocable: String(options.invoke) }),
          now: context.clock.now(),
        });
        context.output.result(result, () => {
          const lines = Object.entries(result.values).map(([name, value]) => `${name}: ${JSON.stringify(value)}`);
          if (options.explain !== true) return lines.join('\n');
          const path = result.path.map((step) => step[language]);
          const messages = result.messages.map(({ code, detail, text, start, end }) =>
            text === undefined ? `${code}: ${detail}` : `${code}: ${detail}, in ${text.slice(start, end)}`,
          );
          return [...lines, ...path, ...messages].join('\n');
        });
      }),
    );
  addExample(
    decide,
    'longmen decide loan.dmn --input applicant.json --explain',
    'longmen decide loan.dmn --check --language zh',
  );
};

function names(option: unknown): string[] {
  return Array.isArray(option) ? option.map(String) : [];
}

function languageOf(option: unknown): 'en' | 'zh' {
  if (option === 'en' || option === 'zh') return option;
  throw new UsageError('--language is en or zh');
}

async function readText(file: string): Promise<string> {
  if (file !== '-') {
    try {
      return await readFile(file, 'utf8');
    } catch (error) {
      throw new UsageError(`cannot read ${file}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  const chunks: Buffer[] = [];
  for await (const chunk of process.stdin) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks).toString('utf8');
}

/** Numbers keep all their digits: those a JavaScript number cannot hold are read from their text. */
function readObject(text: string, numberOf: (text: string) => unknown): Record<string, unknown> {
  let data: unknown;
  try {
    data = JSON.parse(text, (_key, value, context?: { source?: string }) =>
      typeof value === 'number' && context?.source !== undefined ? numberOf(context.source) : value,
    );
  } catch (error) {
    throw new UsageError(`the input is not JSON: ${error instanceof Error ? error.message : String(error)}`);
  }
  if (typeof data === 'object' && data !== null && !Array.isArray(data)) return { ...data };
  throw new UsageError('the input is not a JSON object');
}
