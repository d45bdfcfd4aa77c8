/**
 * `npm run bench [name] [-- --json]`: runs the measurement `bench/<name>.ts` and prints a table, or with `--json` one
 * document `{"bench","machine","commit","results":[{"name","value","unit","baseline","ratio"}]}`.
 * Without a name it lists the names. Exit code 2: no such benchmark.
 */
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
import type { Bench } from './lib/contract.ts';
import { commit, machine } from './lib/machine.ts';

await runMain(async () => {
  const { name, json, rest } = runnerArguments(process.argv.slice(2));
  const names = workNames('bench');
  if (name === undefined) {
    if (json) printDocument({ benches: names });
    else process.stdout.write(names.length > 0 ? `${names.join('\n')}\n` : 'no benchmarks yet\n');
    return 0;
  }
  const work = await loadWork('bench', name);
  if (work === undefined) {
    log(`no benchmark named ${name}; there are: ${names.join(', ') || 'none yet'}`);
    return 2;
  }
  const progress = runnerProgress(json);
  const taken = { machine: machine(), commit: commit(root) };
  const measured = await (work.run as Bench)({ log, progress: progress.update, args: rest });
  progress.stop();
  const results = measured.map((result) => ({
    name: result.name,
    value: result.value,
    unit: result.unit,
    baseline: result.baseline ?? null,
    ratio: result.ratio ?? null,
  }));
  if (json) {
    printDocument({ bench: name, ...taken, results });
    return 0;
  }
  const { cpu, cores, memory_gib, node, os } = taken.machine;
  process.stdout.write(
    `${cpu}, ${cores} cores, ${memory_gib} GiB, Node.js ${node}, ${os}; commit ${taken.commit ?? 'unknown'}\n`,
  );
  process.stdout.write(
    table(
      ['result', 'value', 'unit', 'baseline', 'ratio'],
      results.map((r) => [
        r.name,
        rounded(r.value),
        r.unit,
        r.baseline ?? '',
        r.ratio === null ? '' : rounded(r.ratio),
      ]),
      { right: [1, 4] },
    ),
  );
  return 0;
});

/** Whole numbers from 1,000 up, else four significant digits: enough for people; the JSON document has all digits. */
function rounded(value: number): string {
  const digits = Math.abs(value) >= 1000 ? { maximumFractionDigits: 0 } : { maximumSignificantDigits: 4 };
  return value.toLocaleString('en-US', digits);
}
