/** A process that raises movement alerts of one book until it is killed: `node test/alert-process.ts <book number>`. */
import { openLedger } from '#engines/ledger';
import { systemClock } from '#kernel/clock';
import { loadConfig } from '#kernel/config';
import { openDatabase } from '#kernel/database';
import { openAlerts } from '#systems/account-centre';
import { timeZone } from './ledger.ts';

const db = await openDatabase(loadConfig({ env: process.env }), { migrate: false });
const clock = systemClock();
const alerts = openAlerts({ db, clock, ledger: openLedger({ db, clock, timeZone }) });
process.stdout.write('ready\n');
await alerts.run({ bookId: Number(process.argv[2]) }, new AbortController().signal);
