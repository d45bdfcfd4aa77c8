/** From measured rates to results: the best of the rounds, and each beside what it is compared with. */
import type { Result } from '../lib/contract.ts';
import { distributions } from './choose.ts';

/** The largest value of each name. */
export function best(measured: ReadonlyMap<string, readonly number[]>): Map<string, number> {
  return new Map([...measured].map(([name, values]) => [name, Math.max(...values)]));
}

/** The smallest value that at least `percent` % of `values` do not exceed. @throws Error without values. */
export function percentile(values: readonly number[], percent: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  const value = sorted[Math.max(Math.ceil((percent / 100) * sorted.length), 1) - 1];
  if (value === undefined) throw new Error('no values were measured');
  return value;
}

/**
 * Results in transfers per second, and the two ratios that sum them up: `batch_1000_over_baseline`, and
 * `hot_over_uniform_min`, the smallest ratio of one hot account to uniform over all `shapes`.
 * @throws Error when something is missing in `perSecond`.
 */
export function ratios(perSecond: ReadonlyMap<string, number>, shapes: readonly { readonly name: string }[]): Result[] {
  const rate = (name: string): number => {
    const value = perSecond.get(name);
    if (value === undefined) throw new Error(`${name} was not measured`);
    return value;
  };
  const unit = 'transfers/s';
  const baselines = [...perSecond].filter(([name]) => name.startsWith('baseline_'));
  const baselineBest = Math.max(...baselines.map(([, value]) => value));
  const beside = { baseline: 'baseline_best' };
  const batchOverBaseline = rate('batch_1000_uniform') / baselineBest;
  const [coldest] = shapes
    .map(({ name }) => ({ uniform: `${name}_uniform`, ratio: rate(`${name}_hot`) / rate(`${name}_uniform`) }))
    .sort((a, b) => a.ratio - b.ratio);
  if (coldest === undefined) throw new Error('no shape was measured');
  return [
    ...baselines.map(([name, value]) => ({ name, value, unit })),
    { name: 'baseline_best', value: baselineBest, unit },
    ...shapes.flatMap((shape) =>
      distributions.map((distribution) => {
        const value = rate(`${shape.name}_${distribution}`);
        return { name: `${shape.name}_${distribution}`, value, unit, ...beside, ratio: value / baselineBest };
      }),
    ),
    {
      name: 'batch_1000_full',
      value: rate('batch_1000_full'),
      unit,
      baseline: 'batch_1000_uniform',
      ratio: rate('batch_1000_full') / rate('batch_1000_uniform'),
    },
    { name: 'batch_1000_over_baseline', value: batchOverBaseline, unit: 'x', ...beside, ratio: batchOverBaseline },
    { name: 'hot_over_uniform_min', value: coldest.ratio, unit: 'x', baseline: coldest.uniform, ratio: coldest.ratio },
  ];
}
