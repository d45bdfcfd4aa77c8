/**
 * Another process that uses the embedded PostgreSQL of a data folder, for tests: `node embedded-process.ts <folder>`.
 * It prints one JSON line when ready (and one for each log line before), answers Ctrl-C with a query, and closes in
 * order when its standard input ends.
 */
import { lockDataFolder } from '#kernel/database';
import { useEmbeddedServer } from '../src/kernel/database/embedded/server.ts';
import { connect } from '../src/kernel/database/pool.ts';

const say = (message: object) => console.log(JSON.stringify(message));
const [folder = '', purpose] = process.argv.slice(2);

if (purpose === 'lock') {
  lockDataFolder(folder);
  say({ ready: true });
  process.stdin.resume();
} else {
  const log = {
    info: (_fields: object, message: string) => say({ log: message }),
    warn: (_fields: object, message: string) => say({ log: message }),
  };
  const server = await useEmbeddedServer(folder, { durable: false, log });
  const client = await connect(server.ownerUrl);
  process.on('SIGINT', async () => {
    // Long enough for a server that had received the signal as well to have stopped.
    const { rows } = await client.query('select pg_sleep(0.3), 42 as answer');
    say({ interrupted: true, answer: rows[0].answer });
  });
  process.stdin.resume().once('end', async () => {
    await client.end();
    await server.release();
    process.exit(0);
  });
  say({ ready: true, url: server.ownerUrl });
}
