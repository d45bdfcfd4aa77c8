import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bookSleeper, wakeConsumers } from './wake.ts';

const long_ms = 60_000;

/** How long `work` takes. The long sleeps here would outlast the test; being woken takes no time. */
async function duration_ms(work: () => Promise<void>): Promise<number> {
  const start_ms = performance.now();
  await work();
  return performance.now() - start_ms;
}

test('a wake-up ends a sleep, and one that came before it is kept for it', async (t) => {
  const sleeper = bookSleeper(1, new AbortController().signal);
  t.after(() => sleeper.close());
  const sleeping = sleeper.sleep(long_ms);
  wakeConsumers(1);
  await sleeping;
  wakeConsumers(1);
  wakeConsumers(1);
  await sleeper.sleep(long_ms);
  assert.ok((await duration_ms(() => sleeper.sleep(50))) >= 45, 'two wake-ups before a sleep count once');
});

test('a wake-up of another book, and one during a pause, shortens nothing', async (t) => {
  const sleeper = bookSleeper(2, new AbortController().signal);
  t.after(() => sleeper.close());
  wakeConsumers(1);
  assert.ok((await duration_ms(() => sleeper.sleep(50))) >= 45);
  const pausing = duration_ms(() => sleeper.pause(50));
  wakeConsumers(2);
  assert.ok((await pausing) >= 45);
  await sleeper.sleep(long_ms);
});

test('the end of the consumer ends sleep and pause', async (t) => {
  const controller = new AbortController();
  const sleeper = bookSleeper(3, controller.signal);
  t.after(() => sleeper.close());
  const sleeping = sleeper.sleep(long_ms);
  controller.abort();
  await sleeping;
  await sleeper.sleep(long_ms);
  await sleeper.pause(long_ms);
});
