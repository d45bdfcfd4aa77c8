/** What the commands about chart and periods work with. */
import type { GeneralLedgerDeps } from '#systems/general-ledger';
import type { Context } from './context.ts';

/** The general ledger on the database of a command; closed when the command ends. */
export async function generalLedgerDeps(context: Context): Promise<GeneralLedgerDeps> {
  const { openLedger } = await import('#engines/ledger');
  const { timeZone } = await context.config();
  const db = await context.database();
  const ledger = openLedger({ db, clock: context.clock, timeZone });
  context.onClose(() => ledger.close());
  return { db, ledger, clock: context.clock };
}
