/** Random rates, requests and terms for the exchange: mostly sensible, and each way of being wrong often enough. */
import type { Desk, QuoteRequest, Rate } from '#systems/exchange';
import { currencies, isoDate } from './operations.ts';
import { businessDate } from './oracle-words.ts';
import type { Random } from './random.ts';

export const functional = 'CNY';
/** What one unit is worth in yuan, about. */
const levels: Readonly<Record<string, number>> = { CNY: 1, USD: 7.1, KWD: 23.2, JPY: 0.047 };
const dayMs = 86_400_000;

/** Sources differ in what they quote: all in yuan; all for a dollar; any pair, with bid and ask and at instants. */
export function someRate(random: Random, known: readonly Rate[], nowMs: number): Rate {
  const earlier = known.at(-random.integer(1, 20));
  // Again the same, or nearly so.
  if (earlier !== undefined && random.chance(0.08)) {
    return random.pick([earlier, { ...earlier, mid: `${earlier.mid}${earlier.mid.includes('.') ? '0' : '.0'}` }]);
  }
  if (earlier !== undefined && random.chance(0.02)) return { ...earlier, mid: '3.14' };
  const source = random.pick(['house', 'fixing', 'market']);
  const some = random.pick(Object.keys(currencies));
  const other = random.pick(Object.keys(currencies));
  const [base, quote] = source === 'house' ? [some, functional] : source === 'fixing' ? ['USD', some] : [some, other];
  // Of two the same, most are made different.
  const [from, to] = base === quote && random.chance(0.95) ? ['USD', functional] : [base, quote];
  const level = ((levels[from] ?? 1) / (levels[to] ?? 1)) * (0.9 + 0.2 * random.fraction());
  const date = isoDate(Date.parse(businessDate(nowMs)) - random.pick([0, 0, 0, 1, 2, -1]) * dayMs);
  const atMs = nowMs + random.integer(-7_200_000, 600_000);
  const timed = source !== 'house' && random.chance(0.5);
  const rate = { source, base: from, quote: to, date, quotedAt: timed ? new Date(atMs).toISOString() : null };
  const bid = source === 'market' && random.chance(0.7) ? digits(random, level * 0.995) : null;
  const ask =
    source === 'market' && random.chance(0.7) ? digits(random, level * (random.chance(0.02) ? 0.9 : 1.005)) : null;
  return { ...rate, mid: digits(random, level), bid, ask };
}

/** Texts of few and many digits, and such as lie half-way between two of twelve. */
function digits(random: Random, level: number): string {
  const many = random.weighted({ few: 10, many: 3, half: 2, above: 1, wrong: 0.2 });
  if (many === 'few') return level.toFixed(random.integer(3, 6));
  if (many === 'many') return level.toFixed(18);
  if (many === 'wrong') return random.pick(['0', '-7.1', '7,1', '1e3', '', '0.0000000000000000001']);
  const half = `${level.toPrecision(12)}5`;
  return many === 'half' ? half : `${half}${half.split('.')[1]?.length === 17 ? '' : '0'}1`.slice(0, 20);
}

/** Mostly what can be quoted. */
export function someRequest(random: Random): QuoteRequest {
  const names = Object.keys(currencies);
  const sellCurrency = random.pick(names);
  const others = names.filter((currency) => currency !== sellCurrency);
  const buyCurrency = random.chance(0.03) ? random.pick([sellCurrency, 'EUR', 'XXX']) : random.pick(others);
  const size = random.pick([100, 10_000, 200_000]);
  const amount = random.chance(0.03) ? random.pick([0n, -1n, 2n ** 63n - 1n]) : BigInt(random.integer(1, size));
  const sells = random.chance(0.6);
  const [sellMinor, buyMinor] = random.chance(0.02) ? [amount, amount] : sells ? [amount] : [undefined, amount];
  const spreads = ['0', '25', '137.50', '0.000000000000000001', '5000', '9999.99', '10000', 'x'];
  const spreadBasisPoints = random.chance(0.3) ? random.pick(spreads) : undefined;
  return { sellCurrency, buyCurrency, sellMinor, buyMinor, spreadBasisPoints };
}

/** How a desk may trade. */
export function someTerms(
  random: Random,
): Pick<Desk, 'rateSource' | 'spreadBasisPoints' | 'rounding' | 'quoteSeconds' | 'maximumRateAgeDays'> {
  return {
    rateSource: random.pick(['house', 'fixing', 'market']),
    spreadBasisPoints: random.pick(['0', '10', '12.5', '100']),
    rounding: random.pick(['half_even', 'half_up', 'down', 'up']),
    quoteSeconds: random.pick([1, 60, 3_600, 86_400]),
    maximumRateAgeDays: random.pick([0, 1, 5, 30]),
  };
}
