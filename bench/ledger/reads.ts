/** Reading a book with years of postings, over HTTP as everyone else does. */
import { seededRandom } from './choose.ts';
import { type History, historyAccount, writeHistory } from './history.ts';
import { HOST } from './requests.ts';
import { percentile } from './results.ts';
import type { MeasuredServer } from './server.ts';

const BOOK = 'history';
const BALANCES = 400;
const TRIAL_BALANCES = 20;

export interface Reads {
  readonly asofP95Ms: number;
  readonly trialBalanceMs: number;
}

export async function measureReads(
  { target, databaseUrl }: MeasuredServer,
  history: History,
  progress: (day: number) => void,
): Promise<Reads> {
  const get = async (path: string, init: RequestInit = {}) => {
    const answer = await fetch(`http://${HOST}:${target.port}/api/v1/ledger/${path}`, {
      ...init,
      headers: { authorization: `Bearer ${target.token}`, 'content-type': 'application/json' },
    });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${path} was answered with ${answer.status}: ${text.slice(0, 400)}`);
    return text;
  };
  await get('books', { method: 'POST', body: JSON.stringify({ code: BOOK, name: 'Years of postings' }) });
  await writeHistory(databaseUrl, BOOK, history, progress);

  const random = seededRandom(1);
  const anyDate = () => {
    const day = Math.floor(random() * history.days);
    return new Date(Date.parse(`${history.from}T00:00:00Z`) + day * 86_400_000).toISOString().slice(0, 10);
  };
  const anyInstant = () => {
    const batch = Math.floor((random() * history.postings) / 1000);
    return new Date(Date.parse('2025-01-01T00:00:00Z') + batch * 100).toISOString();
  };
  const timed = async (path: string) => {
    const startedMs = performance.now();
    await get(path);
    return performance.now() - startedMs;
  };
  // Half of the balances as known now, half as known at an instant of the past.
  const balance = (index: number) => {
    const account = historyAccount(Math.floor(random() * history.accounts));
    const known = index % 2 === 0 ? '' : `&recorded_at=${anyInstant()}`;
    return timed(`accounts/${account}/balance?book=${BOOK}&effective_date=${anyDate()}${known}`);
  };
  const trialBalance = () => timed(`trial-balance?book=${BOOK}&effective_date=${anyDate()}`);
  for (let index = 0; index < 20; index++) await balance(index);
  const balancesMs: number[] = [];
  for (let index = 0; index < BALANCES; index++) balancesMs.push(await balance(index));
  await trialBalance();
  const trialBalancesMs: number[] = [];
  for (let index = 0; index < TRIAL_BALANCES; index++) trialBalancesMs.push(await trialBalance());
  return { asofP95Ms: percentile(balancesMs, 95), trialBalanceMs: percentile(trialBalancesMs, 95) };
}
