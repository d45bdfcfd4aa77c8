/** Runs the OMG DMN Technology Compatibility Kit against the decision engine (one test case, one row). */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { evaluateValues, type FeelValue, feel, load, type Model, valueText } from '#engines/decision';
import { attributeOf, childElement, childElements, parseXml, textOf, type XmlElement } from '#kernel/xml';
import { sameResult, valueOfXml } from './dmn-tck-values.ts';
import type { SuiteOptions, SuiteReport } from './lib/contract.ts';

interface TckRow {
  /** `compliance-level-3/0001-filter`. */
  readonly suite: string;
  /** The test file without its extension. */
  readonly test: string;
  readonly case: string;
  readonly result: 'SUCCESS' | 'ERROR';
  readonly remark: string;
}

export interface TckReport extends SuiteReport {
  /** Cases that call external Java functions, which this engine does not run: skipped, so not passed, and named. */
  readonly external: readonly string[];
  readonly levels: Readonly<Record<string, { readonly total: number; readonly passed: number }>>;
}

export interface TckOptions extends SuiteOptions {
  readonly evaluator?: 'compiled' | 'reference';
}

/** Evaluates every test case below `<folder>/TestCases`; the rows have the layout of the kit's `tck_results.csv`. */
export async function run({ folder, log, progress, evaluator = 'compiled' }: TckOptions): Promise<TckReport> {
  const rows: TckRow[] = [];
  const external: string[] = [];
  const suites = await suitesBelow(join(folder, 'TestCases'));
  for (const [index, suite] of suites.entries()) {
    progress(index, suites.length, suite);
    const done = await runSuite(suite, join(folder, 'TestCases', suite), evaluator);
    rows.push(...done.rows);
    external.push(...done.external);
  }
  progress(suites.length, suites.length);
  const report = reportOf(rows, external);
  for (const [level, { total, passed }] of Object.entries(report.levels)) log(`${level}: ${passed} of ${total}`);
  if (external.length > 0) log(`skipped, as they need external Java functions: ${external.join(', ')}`);
  return report;
}

async function suitesBelow(root: string): Promise<string[]> {
  const suites: string[] = [];
  for (const level of (await readdir(root)).sort()) {
    if (!level.startsWith('compliance-level-')) continue;
    for (const suite of (await readdir(join(root, level))).sort()) suites.push(`${level}/${suite}`);
  }
  return suites;
}

function reportOf(rows: readonly TckRow[], external: readonly string[]): TckReport {
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
    failed: failures.length - external.length,
    skipped: external.length,
    failures,
    external,
    levels,
    rows: rows.map((row) => [row.suite, row.test, row.case, row.result, row.remark]),
  };
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
  for (const node of childElements(testCase, 'inputNode'))
    inputs.set(attributeOf(node, 'name') ?? '', valueOfXml(node));
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
