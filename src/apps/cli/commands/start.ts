import { relative } from 'node:path';
import { addExample, type RegisterCommand } from '../command.ts';

/** `longmen start`: serves the HTTP API on the data folder until it is interrupted. */
export const startCommand: RegisterCommand = (program, act) => {
  const command = program
    .command('start')
    .description('serve the HTTP API and its reference page; with --json the document comes when it is ready')
    .action(
      act(async (context) => {
        const [{ createLog }, { startServer }] = await Promise.all([import('#kernel/log'), import('#apps/server')]);
        const config = await context.config();
        const starting = startServer(config, { clock: context.clock, log: createLog(config.logLevel) });
        // Registered before it runs, so that an interruption while it starts still closes it.
        context.onClose(async () => (await starting.catch(() => undefined))?.close());
        const { url, tokenFile, administratorLink } = await starting;
        const interrupted = context.untilInterrupted();
        const reference = `${url}/api/docs`;
        const document = { url, reference, token_file: tokenFile, administrator_link: administratorLink };
        context.output.result(document, () => {
          const token = tokenFile === null ? '<longmen token create NAME>' : `$(cat ${shortest(tokenFile)})`;
          const call = `curl -H "Authorization: Bearer ${token}" '${url}/api/v1/ledger/accounts?book=main'`;
          return `Longmen serves ${reference}; try next: ${call}`;
        });
        if (administratorLink !== null) {
          context.output.note(
            `The first administrator, login admin, chooses a password here, once: ${administratorLink}`,
          );
        }
        await interrupted;
      }),
    );
  addExample(command, 'longmen start', 'LONGMEN_PORT=9090 longmen start --data ./institution');
};

/** The path as one would type it here. */
function shortest(path: string): string {
  const fromHere = relative('.', path);
  return fromHere.startsWith('..') ? path : fromHere;
}
