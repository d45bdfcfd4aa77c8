/** What the commands about chart and periods work with. */
import { userInfo } from 'node:os';
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

/** Whose hand it is: as the option says, else the system user. */
export function actorOf(options: Readonly<Record<string, unknown>>): string {
  return options.actor === undefined ? userInfo().username : String(options.actor);
}
