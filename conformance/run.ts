/**
 * `npm run conformance [suite] [-- --json]`: runs `conformance/<suite>.ts` on the suite in
 * `$LONGMEN_SHARED/conformance/<suite>` (default `../shared`, beside the project) and prints one document
 * `{"suite","total","passed","failed","skipped","failures":[{"case","reason"}]}`; writes `conformance/results/<suite>.csv`.
 * Without a suite it runs all that have a runner; with `--json` that is an array under `suites`.
 *
 * Exit codes: 0 when no case failed, 1 when one did, 2 when there is no such runner. A suite whose folder is absent is
 * skipped: a line on standard error, zero cases, exit code 0; so that a checkout alone can run everything it has.
 */
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { table } from '#apps/cli';
import {
  loadWork,
  log,
  printDocument,
  root,
  runMain,
  runnerArguments,
  runnerProgress,
  workNames,
} from '../scripts/runner.ts';
import type { Failure, Suite, SuiteReport } from './lib/contract.ts';

interface Document {
  readonly suite: string;
  readonly total: number;
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  readonly failures: readonly Failure[];
}

await runMain(async () => {
  const { name, json } = runnerArguments(process.argv.slice(2));
  const names = workNames('conformance');
  if (name === undefined && names.length === 0) {
    log('no conformance suites yet');
    if (json) printDocument({ suites: [] });
    return 0;
  }
  const documents: Document[] = [];
  for (const suite of name === undefined ? names : [name]) {
    const document = await runSuite(suite, json);
    if (document === undefined) {
      log(`no conformance runner named ${suite}; there are: ${names.join(', ') || 'none yet'}`);
      return 2;
    }
    documents.push(document);
  }
  if (json) printDocument(name === undefined ? { suites: documents } : documents[0]);
  else printTable(documents);
  return documents.some((document) => document.failed > 0) ? 1 : 0;
});

async function runSuite(suite: string, json: boolean): Promise<Document | undefined> {
  const work = await loadWork('conformance', suite);
  if (work === undefined) return undefined;
  const shared = resolve(root, process.env.LONGMEN_SHARED || '../shared');
  const folder = join(shared, 'conformance', suite);
  if (!existsSync(folder)) {
    log(`skipped: ${folder} is absent`);
    return { suite, total: 0, passed: 0, failed: 0, skipped: 0, failures: [] };
  }
  const progress = runnerProgress(json);
  const report = await (work.run as Suite)({ folder, log, progress: progress.update });
  progress.stop();
  const { total, passed, failed, skipped, failures } = report;
  if (passed + failed + skipped !== total || failures.length < failed || failures.length > failed + skipped) {
    throw new Error(
      `${suite}: ${passed} passed, ${failed} failed (${failures.length} named), ${skipped} skipped of ${total}`,
    );
  }
  writeResults(suite, report);
  return { suite, total, passed, failed, skipped, failures };
}

function writeResults(suite: string, report: SuiteReport): void {
  const rows = report.rows ?? [['case', 'reason'], ...report.failures.map((failure) => [failure.case, failure.reason])];
  mkdirSync(join(root, 'conformance/results'), { recursive: true });
  writeFileSync(
    join(root, 'conformance/results', `${suite}.csv`),
    rows.map((row) => `${row.map(csvCell).join(',')}\n`).join(''),
  );
}

function csvCell(text: string): string {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

function printTable(documents: readonly Document[]): void {
  process.stdout.write(
    table(
      ['suite', 'total', 'passed', 'failed', 'skipped'],
      documents.map((d) => [d.suite, `${d.total}`, `${d.passed}`, `${d.failed}`, `${d.skipped}`]),
      { right: [1, 2, 3, 4] },
    ),
  );
  for (const { suite, failures } of documents) {
    for (const failure of failures) process.stdout.write(`${suite}: ${failure.case}: ${failure.reason}\n`);
  }
}
