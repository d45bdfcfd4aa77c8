/** Runs the OMG DMN Technology Compatibility Kit against the decision engine (one test case, one row). */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { evaluateValues, feel, type FeelValue, load, type Model, valueText } from '#engines/decision';
import { childElement, childElements, parseXml, textOf, type XmlElement, attributeOf } from '../src/engines/decision/model/xml.ts';
import { sameResult, valueOfXml } from './dmn-tck-values.ts';

export interface TckRow {
  /** `compliance-level-3/0001-filter`. */
  readonly suite: string;
  /** The test file without its extension. */
  readonly test: string;
  readonly case: string;
  readonly result: 'SUCCESS' | 'ERROR' | 'IGNORED';
  readonly remark: string;
}

export interface TckOutcome {
  readonly total: number;
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  readonly failures: readonly { readonly case: string; readonly reason: string }[];
  /** Cases of models with external Java functions that this engine does not run; they count as failed. */
  readonly external: readonly string[];
  readonly levels: Readonly<Record<string, { readonly total: number; readonly passed: number }>>;
  readonly rows: readonly TckRow[];
}

export interface TckOptions {
  /** The folder with `TestCases`. */
  readonly folder: string;
  readonly log?: (line: string) => void;
  readonly evaluator?: 'compiled' | 'reference';
}

/** Evaluates every test case below `<folder>/TestCases`. */
export async function run({ folder, log = () => {}, evaluator = 'compiled' }: TckOptions): Promise<TckOutcome> {
  const rows: TckRow[] = [];
  const external: string[] = [];
  const root = join(folder, 'TestCases');
  for (const level of (await readdir(root)).sort()) {
    if (!level.startsWith('compliance-level-')) continue;
    for (const suite of (await readdir(join(root, level))).sort()) {
      const directory = join(root, level, suite);
      const done = await runSuite(`${level}/${suite}`, directory, evaluator);
      rows.push(...done.rows);
      external.push(...done.external);
      const failed = done.rows.filter((row) => row.result !== 'SUCCESS').length;
      log(`${level}/${suite}: ${done.rows.length - failed} of ${done.rows.length}`);
    }
  }
  return outcome(rows, external);
}

function outcome(rows: readonly TckRow[], external: readonly string[]): TckOutcome {
  const levels: Record<string, { total: number; passed: number }> = {};
  for (const row of rows) {
    const name = row.suite.split('/')[0] ?? '';
    const level = levels[name] ?? { total: 0, passed: 0 };
    levels[name] = { total: level.total + 1, passed: level.passed + (row.result === 'SUCCESS' ? 1 : 0) };
  }
  const failures = rows
    .filter((row) => row.result !== 'SUCCESS')
    .map((row) => ({ case: `${row.suite}/${row.case}`, reason: row.remark }));
  return {
    total: rows.length,
    passed: rows.length - failures.length,
    failed: failures.length,
    skipped: 0,
    failures,
    external,
    levels,
    rows,
  };
}

/** The rows in the layout of the kit's `tck_results.csv`: suite, test, case, result, remark, all quoted, no heading. */
export function resultsCsv(rows: readonly TckRow[]): string {
  const quote = (text: string): string => `"${text.replaceAll('"', '""').replaceAll(/[\r\n]+/g, ' ')}"`;
  return rows
    .map((row) => `${[row.suite, row.test, row.case, row.result, row.remark].map(quote).join(',')}\n`)
    .join('');
}

async function runSuite(suite: string, directory: string, evaluator: 'compiled' | 'reference') {
  const files = await readdir(directory);
  const models = new Map<string, string>();
  for (const file of files.filter((name) => name.endsWith('.dmn'))) {
    models.set(file, await readFile(join(directory, file), 'utf8'));
  }
  const rows: TckRow[] = [];
  const external: string[] = [];
  for (const file of files.filter((name) => name.endsWith('.xml')).sort()) {
    const { root } = parseXml(await readFile(join(directory, file), 'utf8'));
    const modelName = childElement(root, 'modelName');
    const text = models.get(modelName === undefined ? '' : textOf(modelName).trim()) ?? '';
    const needsJava = /kind="Java"|external\s*\{\s*java/.test(text);
    const model = loadOrError(text, [...models.values()]);
    for (const testCase of childElements(root, 'testCase')) {
      const id = attributeOf(testCase, 'id') ?? '';
      const remark = typeof model === 'string' ? model : runCase(model, testCase, evaluator);
      if (remark !== '' && needsJava) external.push(`${suite}/${id}`);
      rows.push({
        suite,
        test: file.replace(/\.xml$/, ''),
        case: id,
        result: remark === '' ? 'SUCCESS' : 'ERROR',
        remark: remark !== '' && needsJava ? `needs an external Java function; ${remark}` : remark,
      });
    }
  }
  return { rows, external };
}

function loadOrError(text: string, all: readonly string[]): Model | string {
  try {
    return load(
      text,
      all.filter((other) => other !== text),
    );
  } catch (error) {
    return `cannot load: ${error instanceof Error ? error.message : String(error)}`;
  }
}

/** A service with several outputs gives a context; the test file then has one result node for each. */
function resultNamed(name: string, value: FeelValue, resultNodes: number): FeelValue {
  return resultNodes > 1 && feel.isContext(value) && value.has(name) ? (value.get(name) ?? null) : value;
}

/** Why the case fails; '' when it passes. */
function runCase(model: Model, testCase: XmlElement, evaluator: 'compiled' | 'reference'): string {
  const inputs = new Map<string, FeelValue>();
  for (const node of childElements(testCase, 'inputNode')) inputs.set(attributeOf(node, 'name') ?? '', valueOfXml(node));
  const invocable = attributeOf(testCase, 'invocableName');
  for (const node of childElements(testCase, 'resultNode')) {
    const name = attributeOf(node, 'name') ?? '';
    const expectedNode = childElement(node, 'expected');
    const expected = expectedNode === undefined ? null : valueOfXml(expectedNode);
    let actual: FeelValue;
    try {
      const request = invocable === undefined ? { decisions: [name] } : { invocable };
      const { values } = evaluateValues(model, inputs, { ...request, evaluator });
      actual = resultNamed(name, [...values.values()][0] ?? null, childElements(testCase, 'resultNode').length);
    } catch (error) {
      return error instanceof Error ? error.message : String(error);
    }
    if (!sameResult(expected, actual)) {
      return `${name}: expected ${valueText(expected)}, got ${valueText(actual)}`;
    }
  }
  return '';
}
