import * as http from 'node:http';
import * as https from 'node:https';
import { isIP } from 'node:net';
import { type AddressPolicy, hostOf } from './address.ts';

/** What became of one attempt. `status` is null when there was no answer. */
export interface Sent {
  readonly status: number | null;
  /** Null when the receiver answered 2xx. */
  readonly error: string | null;
}

export interface Sender {
  /** Posts a body and waits for the answer; never rejects. */
  send(url: string, headers: Readonly<Record<string, string>>, body: string): Promise<Sent>;
  close(): void;
}

/**
 * Posts over `node:http` and `node:https` rather than `fetch`, because these let the address be judged at the moment of
 * connecting, and never follow a redirect. `timeout_ms` bounds the whole exchange.
 */
export function createSender(policy: AddressPolicy, timeout_ms: number): Sender {
  const agents = { 'https:': new https.Agent({ keepAlive: true }), 'http:': new http.Agent({ keepAlive: true }) };

  async function send(address: string, headers: Readonly<Record<string, string>>, body: string): Promise<Sent> {
    try {
      const url = new URL(address);
      const protocol = url.protocol === 'http:' ? 'http:' : 'https:';
      // A literal address is connected to without a look-up, so it is judged here.
      if (isIP(hostOf(url)) && !policy.permits(hostOf(url), protocol)) {
        return { status: null, error: `address ${url.hostname} is not allowed` };
      }
      const status = await exchange(url, protocol, headers, body);
      return { status, error: status >= 200 && status < 300 ? null : `receiver answered ${status}` };
    } catch (error) {
      return { status: null, error: failureText(error) };
    }
  }

  function exchange(
    url: URL,
    protocol: 'http:' | 'https:',
    headers: Readonly<Record<string, string>>,
    body: string,
  ): Promise<number> {
    const { promise, resolve, reject } = Promise.withResolvers<number>();
    const request = (protocol === 'http:' ? http : https).request(url, {
      method: 'POST',
      agent: agents[protocol],
      lookup: policy.lookupFor(protocol),
      signal: AbortSignal.timeout(timeout_ms),
      headers: { ...headers, 'Content-Length': Buffer.byteLength(body) },
    });
    request.on('error', reject);
    request.on('response', (response) => {
      // The answer is the status; the body is read to free the connection, up to a bound that no honest receiver meets.
      let received_bytes = 0;
      response.on('data', (chunk: Buffer) => {
        received_bytes += chunk.length;
        if (received_bytes > 65_536) response.destroy(new Error('the answer is too long'));
      });
      response.on('error', reject);
      response.on('end', () => resolve(response.statusCode ?? 0));
    });
    request.end(body);
    return promise;
  }

  return {
    send,
    close() {
      for (const agent of Object.values(agents)) agent.destroy();
    },
  };
}

function failureText(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error.name === 'AbortError' || error.name === 'TimeoutError') return 'no answer in time';
  const code = 'code' in error && typeof error.code === 'string' ? `${error.code}: ` : '';
  return `${code}${error.message}`.slice(0, 500);
}
