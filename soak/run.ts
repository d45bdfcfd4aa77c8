/**
 * `npm run soak [name] [-- --json --rounds N --operations N --seed N]`: runs the long test `soak/<name>.ts` in full and
 * prints `{"soak","machine","commit","seed","passed","seconds","details"}`. Without a name it lists the names.
 * Exit codes: 0 when it passed, 1 when not, 2 for a wrong name or argument.
 */
import { randomInt } from 'node:crypto';
import { parseArgs } from 'node:util';
import { jsonText } from '#apps/cli';
import { commit, machine } from '../bench/lib/machine.ts';
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
import type { Soak } from './lib/contract.ts';

await runMain(async () => {
  const { name, json, rest } = runnerArguments(process.argv.slice(2));
  const names = workNames('soak');
  if (name === undefined) {
    if (json) printDocument({ soaks: names });
    else process.stdout.write(names.length > 0 ? `${names.join('\n')}\n` : 'no soak tests yet\n');
    return 0;
  }
  const work = await loadWork('soak', name);
  if (work === undefined) {
    log(`no soak test named ${name}; there are: ${names.join(', ') || 'none yet'}`);
    return 2;
  }
  const numbers = numberOptions(rest);
  if (numbers === undefined) return 2;
  const seed = numbers.seed ?? randomInt(2 ** 31);
  log(`soak ${name}, seed ${seed}`);
  const progress = runnerProgress(json);
  const started = performance.now();
  const report = await (work.run as Soak)({ ...numbers, seed, log, progress: progress.update });
  progress.stop();
  const seconds = Math.round(performance.now() - started) / 1000;
  const { passed, details } = report;
  if (json) printDocument({ soak: name, machine: machine(), commit: commit(root), seed, passed, seconds, details });
  else {
    for (const [key, value] of Object.entries(details)) {
      process.stdout.write(`${key}: ${typeof value === 'object' ? jsonText(value) : value}\n`);
    }
    process.stdout.write(`${name}: ${passed ? 'passed' : 'FAILED'} in ${seconds} s, seed ${seed}\n`);
  }
  return passed ? 0 : 1;
});

interface NumberOptions {
  rounds?: number;
  operations?: number;
  seed?: number;
}

function numberOptions(args: readonly string[]): NumberOptions | undefined {
  const numbers: NumberOptions = {};
  try {
    const option = { type: 'string' } as const;
    const { values } = parseArgs({ args: [...args], options: { rounds: option, operations: option, seed: option } });
    for (const key of ['rounds', 'operations', 'seed'] as const) {
      const text = values[key];
      if (text === undefined) continue;
      if (!/^\d{1,15}$/.test(text)) throw new Error(`--${key} wants a whole number, not ${text}`);
      numbers[key] = Number(text);
    }
    return numbers;
  } catch (error) {
    log(error instanceof Error ? error.message : String(error));
    return undefined;
  }
}
