/** What somebody was told: a value, or the code that refused it; by the exchange or by the oracle. */
import { LongmenError } from '#kernel/errors';
import { Refused } from './oracle-rates.ts';

export const refused = 'exchange_revaluation_refused';

export interface Told<Value> {
  readonly code: string;
  readonly value: Value | null;
}

export async function told<Value>(work: () => Promise<Value> | Value): Promise<Told<Value>> {
  try {
    return { code: 'ok', value: await work() };
  } catch (error) {
    if (error instanceof Refused) return { code: error.code, value: null };
    if (!(error instanceof LongmenError)) throw error;
    const { code, meta } = error;
    return { code: code === refused ? `${refused} ${meta.reason}` : code, value: null };
  }
}
