/**
 * A process that archives a book and kills itself at a step: `node archive-process.ts <book> <folder> <before> <step>`. The
 * step `in_transaction` is when the rows are taken out and the transaction has not ended.
 */
import { manualClock } from '#kernel/clock';
import { loadConfig } from '#kernel/config';
import { type Database, openDatabase } from '#kernel/database';
import { Temporal } from '#kernel/dates';
import { archiveBook } from '#systems/archive';
import { evidenceFolder, openPostingEvidence } from '#systems/evidence';
import { timeZone } from './ledger.ts';

const [book = '', folder = '', before = '', step] = process.argv.slice(2);
const config = loadConfig({ env: process.env });
const clock = manualClock('2041-06-02T01:00:00Z');
const opened = await openDatabase(config, { migrate: false });
const die = () => process.kill(process.pid, 'SIGKILL');
const db: Database = {
  ...opened,
  transaction: (work, options) =>
    opened.transaction(
      (tx) =>
        work({
          ...tx,
          async query(text, ...rest) {
            const result = await tx.query(text, ...rest);
            if (step === 'in_transaction' && text.includes('insert into archive.archive')) die();
            return result as never;
          },
        }),
      options,
    ),
};
const evidence = openPostingEvidence({ db, clock, folder: evidenceFolder(config), origin: 'bank.example/evidence' });
await archiveBook({ db, clock, timeZone, evidence, folder }, book, {
  before: Temporal.Instant.from(before),
  onStep: (done) => {
    if (done === step) die();
  },
});
await opened.close();
