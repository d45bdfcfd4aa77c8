/** A mail server of its own for a test, which keeps what it is given. */
import type { AddressInfo } from 'node:net';
import { SMTPServer } from 'smtp-server';
import type { Cleanup } from './database.ts';

export interface Mail {
  readonly to: string;
  /** Headers and body as they came. */
  readonly raw: string;
}

export interface MailServer {
  /** `smtp://127.0.0.1:<port>`. */
  readonly url: string;
  /** What has come and was not taken out yet. */
  readonly mails: Mail[];
  /** What it says to the next messages, in place of taking them. */
  readonly refusals: { readonly code: number; readonly text: string }[];
}

/** Starts it; addresses that begin with `nobody` do not exist there. */
export async function mailServer(t: Cleanup): Promise<MailServer> {
  const mails: Mail[] = [];
  const refusals: MailServer['refusals'] = [];
  const server = new SMTPServer({
    disabledCommands: ['AUTH', 'STARTTLS'],
    logger: false,
    onRcptTo(address, _session, done) {
      if (address.address.startsWith('nobody')) done(Object.assign(new Error('no such user'), { responseCode: 550 }));
      else done();
    },
    onData(stream, session, done) {
      const parts: Buffer[] = [];
      stream.on('data', (part: Buffer) => parts.push(part));
      stream.on('end', () => {
        const refusal = refusals.shift();
        if (refusal !== undefined) return done(Object.assign(new Error(refusal.text), { responseCode: refusal.code }));
        const to = session.envelope.rcptTo.map(({ address }) => address).join();
        mails.push({ to, raw: Buffer.concat(parts).toString('utf8') });
        done(null, 'queued as 42');
      });
    },
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => new Promise<void>((resolve) => server.close(() => resolve())));
  const { port } = server.server.address() as AddressInfo;
  return { url: `smtp://127.0.0.1:${port}`, mails, refusals };
}
