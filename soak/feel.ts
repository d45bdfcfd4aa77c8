/**
 * `npm run soak feel`: random expressions, mutated texts and random decision tables, each evaluated by the compiled
 * evaluator and by the plain reference. Whatever the text, the only error may be that it is not FEEL or that it runs into a
 * limit, and where both sides finish they must agree to the last digit. Options: `--operations` (default 10,000,000).
 */
import { compileExpression, DEFAULT_LIMITS, type FeelValue, feel, literalText } from '#engines/decision';
import { isLongmenError } from './feel/errors.ts';
import { Generator, VARIABLES } from './feel/generate.ts';
import { Choices } from './feel/random.ts';
import { randomTable, tableDifference } from './feel/tables.ts';
import type { Soak } from './lib/contract.ts';

const FULL_OPERATIONS = 10_000_000;
const REPORTED_DIFFERENCES = 20;
/** Small enough that no expression takes long, large enough that most finish. */
export const LIMITS = { ...DEFAULT_LIMITS, steps: 20_000, size: 5_000, depth: 40, milliseconds: Infinity };
const SLOW_MS = 2_000;
const HEAP_LIMIT_MIB = 1_024;

export const VALUES: ReadonlyMap<string, FeelValue> = new Map<string, FeelValue>([
  ['n', 7],
  ['m', feel.number('2.50')],
  ['s', 'foobar'],
  ['l', [1, 2, feel.number('3.5'), null]],
  [
    'c',
    new Map<string, FeelValue>([
      ['a', 1],
      ['b', 'x'],
    ]),
  ],
  ['d', feel.date('2020-02-29')],
  ['z', null],
  ['loan amount', 250_000],
  [
    'rows',
    [
      new Map<string, FeelValue>([
        ['a', 1],
        ['b', 'x'],
      ]),
      new Map<string, FeelValue>([
        ['a', 2],
        ['b', null],
      ]),
    ],
  ],
]);

interface Tally {
  evaluated: number;
  syntax_errors: number;
  limits: number;
  tables: number;
  slowest_ms: number;
  slowest: string;
  largest_heap_mib: number;
  readonly differences: string[];
}

export const run: Soak = async ({ operations = FULL_OPERATIONS, seed, log, progress }) => {
  const choices = new Choices(seed);
  const generator = new Generator(choices);
  const tally: Tally = {
    evaluated: 0,
    syntax_errors: 0,
    limits: 0,
    tables: 0,
    slowest_ms: 0,
    slowest: '',
    largest_heap_mib: 0,
    differences: [],
  };
  for (let done = 0; done < operations && tally.differences.length < REPORTED_DIFFERENCES; done += 1) {
    const started = performance.now();
    const text = done % 20 === 19 ? null : textFor(done, choices, generator);
    if (text === null) checkTable(choices, generator, tally);
    else checkText(text, tally);
    const elapsed_ms = performance.now() - started;
    if (elapsed_ms > tally.slowest_ms) {
      tally.slowest_ms = elapsed_ms;
      tally.slowest = text ?? 'a table';
    }
    if (done % 10_000 === 0) {
      progress(done, operations, 'expressions and tables');
      tally.largest_heap_mib = Math.max(tally.largest_heap_mib, process.memoryUsage().heapUsed / 2 ** 20);
      // The event loop turns, so that an interruption is heard.
      await new Promise((resolve) => setImmediate(resolve));
    }
  }
  for (const difference of tally.differences) log(difference);
  const passed =
    tally.differences.length === 0 && tally.slowest_ms < SLOW_MS && tally.largest_heap_mib < HEAP_LIMIT_MIB;
  const { slowest_ms, largest_heap_mib, ...counts } = tally;
  return {
    name: 'feel',
    passed,
    details: {
      operations,
      ...counts,
      slowest_ms: Math.round(slowest_ms),
      largest_heap_mib: Math.round(largest_heap_mib),
    },
  };
};

function textFor(done: number, choices: Choices, generator: Generator): string {
  const text = generator.expression(1 + choices.below(4));
  return done % 4 === 3 ? generator.mutated(text) : text;
}

const NAMES = [...VARIABLES];

function checkText(text: string, tally: Tally): void {
  let compiled: ReturnType<typeof compileExpression>;
  try {
    compiled = compileExpression(text, NAMES);
  } catch (error) {
    if (!isLongmenError(error, 'feel_syntax'))
      tally.differences.push(`${JSON.stringify(text)} cannot be parsed: ${error}`);
    tally.syntax_errors += 1;
    return;
  }
  const ours = outcome(() => compiled.evaluate(VALUES, { limits: LIMITS }));
  const judged = outcome(() => compiled.evaluate(VALUES, { limits: LIMITS, evaluator: 'reference' }));
  compareOutcomes(JSON.stringify(text), ours, judged, tally);
}

function checkTable(choices: Choices, generator: Generator, tally: Tally): void {
  tally.tables += 1;
  const table = randomTable(choices, generator);
  const result = tableDifference(table, choices, LIMITS);
  if (result === 'limit') tally.limits += 1;
  else if (result !== null) tally.differences.push(result);
}

type Outcome = { readonly text: string } | 'limit' | { readonly crash: unknown };

/** The value as text, which tells kinds apart and shows every digit; or how the evaluation ended otherwise. */
export function outcome(work: () => FeelValue): Outcome {
  try {
    return { text: literalText(work()) };
  } catch (error) {
    if (isLongmenError(error, 'decision_')) return 'limit';
    return { crash: error };
  }
}

function compareOutcomes(what: string, ours: Outcome, judged: Outcome, tally: Tally): void {
  for (const [side, one] of [
    ['compiled', ours],
    ['reference', judged],
  ] as const) {
    if (one !== 'limit' && 'crash' in one) {
      tally.differences.push(`${what}: ${side} crashed: ${one.crash instanceof Error ? one.crash.stack : one.crash}`);
      return;
    }
  }
  if (ours === 'limit' || judged === 'limit') {
    tally.limits += 1;
    return;
  }
  tally.evaluated += 1;
  if ('text' in ours && 'text' in judged && ours.text !== judged.text) {
    tally.differences.push(`${what}: compiled ${ours.text.slice(0, 300)}, reference ${judged.text.slice(0, 300)}`);
  }
}
