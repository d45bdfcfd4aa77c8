/** A worker that kills itself: `node worker.ts <config as JSON> <book> <boundaries to live>`. */
import { setTimeout as sleep } from 'node:timers/promises';
import { openWorkshop, work } from './workshop.ts';

const [config = '{}', book = '', lives = '1'] = process.argv.slice(2);
const engine = await openWorkshop(JSON.parse(config), book);
let left = Number(lives);
process.on('disconnect', () => process.exit(0));
for (;;) {
  await work(engine, () => {
    if (--left <= 0) process.kill(process.pid, 'SIGKILL');
  });
  await sleep(20);
}
