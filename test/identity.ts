/** A house with people: its server, browsers that keep cookies, codes of second factors, and an authenticator. */
import assert from 'node:assert/strict';
import { createHash, createHmac, generateKeyPairSync, randomBytes, sign } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { assignRole, installStandardRoles } from '#kernel/access';
import { openTrail, requestAudit } from '#kernel/audit';
import { type ManualClock, manualClock, systemClock } from '#kernel/clock';
import { buildHttp, type HttpOptions, type RouteModule } from '#kernel/http';
import {
  authSecretFile,
  createStaff,
  type Identity,
  type IdentityConfig,
  meRoutes,
  openIdentity,
  type Staff,
  type StaffInput,
  staffRoutes,
  tokenRoutes,
} from '#kernel/identity';
import { createLog } from '#kernel/log';
import { createMetrics } from '#kernel/metrics';
import { createTokenVerifier } from '#kernel/tokens';
import type { Cleanup } from '#test/database';
import { type Call, caller, type TestServer, testServer } from '#test/http';

export interface House extends TestServer {
  readonly identity: Identity;
  /** Calls below /api/v1 with a token that may do everything. */
  readonly call: Call;
  /** Invites somebody and gives them a password and, if asked for, a role. */
  person(login: string, options?: { role?: string; unit?: string } & Partial<StaffInput>): Promise<Person>;
  browser(): Browser;
  /** Where the secret of sign-in is. */
  readonly secretFile: string;
  /** A browser at a second server on the same data, started now. */
  elsewhere(): Promise<Browser>;
}

export interface Person {
  readonly staff: Staff;
  readonly password: string;
}

/** A long enough password that nobody else has. */
export const newPassword = () => `Zq-${randomBytes(9).toString('base64url')}-vx`;

/** More than people: routes made when the house is built, and who hears of all routes. */
export interface HouseOptions extends Pick<HttpOptions, 'onRoute'> {
  /** Whether requests leave their trace in the audit trail. */
  readonly audited?: boolean;
  /** Instead of the routes of people and tokens. */
  readonly routes?: (identity: Identity, folder: string) => RouteModule;
}

/** Sessions live by the machine's time, so the clock starts there; tests move it on. */
export async function house(
  t: Cleanup,
  settings: Partial<IdentityConfig> = {},
  options: HouseOptions = {},
): Promise<House> {
  const folder = mkdtempSync(join(tmpdir(), 'longmen-identity-'));
  t.after(async () => rmSync(folder, { recursive: true, force: true }));
  const config: IdentityConfig = {
    authSecretFile: undefined,
    dataFolder: folder,
    host: '127.0.0.1',
    linkHours: 72,
    oidcClientId: undefined,
    oidcClientSecret: undefined,
    oidcCreatesStaff: 'off',
    oidcIssuer: undefined,
    passwordHistory: 3,
    passwordLength: 12,
    port: 0,
    publicUrl: undefined,
    sessionHours: 12,
    sessionIdleMinutes: 30,
    ...settings,
  };
  const clock: ManualClock = manualClock(systemClock().now());
  let identity: Identity | undefined;
  const opened = () => {
    assert.ok(identity);
    return identity;
  };
  const { onRoute, routes } = options;
  const modules: RouteModule[] =
    routes === undefined
      ? [(app, deps) => staffRoutes(opened())(app, deps), (app, deps) => meRoutes(opened())(app, deps), tokenRoutes]
      : [(app, deps) => routes(opened(), folder)(app, deps)];
  const server = await testServer(t, modules, 'debug', {
    clock,
    open: ({ db, log }) => {
      identity = openIdentity({ db, clock, log, config });
      const heard = onRoute === undefined ? {} : { onRoute };
      if (options.audited !== true) return { sessions: identity.sessions, doors: [identity.door], ...heard };
      const trail = openTrail({ db, log });
      t.after(() => trail.close());
      const audit = requestAudit({ trail, clock });
      return { sessions: identity.sessions, doors: [identity.door], audit, ...heard };
    },
  });
  // Passkeys belong to names; this one is the machine itself.
  const url = server.url.replace('127.0.0.1', 'localhost');
  opened().listensAt(url);
  await server.db.transaction((tx) => installStandardRoles(tx, clock));
  return {
    ...server,
    url,
    identity: opened(),
    call: caller(server, '/api/v1'),
    async person(login, { role, unit = 'institution', ...input } = {}) {
      const password = newPassword();
      const made = await server.db.transaction(async (tx) => {
        const email = `${login}@bank.example`;
        const created = await createStaff(
          tx,
          { login, name: `Name of ${login}`, email, ...input },
          { linkHours: 1 },
          clock,
        );
        if (role !== undefined) await assignRole(tx, { staffId: created.staff.staffId, role, unit }, clock);
        return created;
      });
      const browser = new Browser(url);
      const reply = await browser.post('/api/auth/welcome', { token: made.link.token, password });
      assert.equal(reply.status, 200, JSON.stringify(reply.body));
      return { staff: made.staff, password };
    },
    browser: () => new Browser(url),
    secretFile: authSecretFile(config),
    async elsewhere() {
      const log = createLog('silent');
      const again = openIdentity({ db: server.db, clock, log, config });
      const parts = {
        db: server.db,
        clock,
        log,
        metrics: createMetrics(),
        tokens: createTokenVerifier({ db: server.db, clock }),
      };
      const app = await buildHttp(
        { ...parts, config: { bodyLimitMib: 1 }, sessions: again.sessions, doors: [again.door] },
        [meRoutes(again)],
      );
      t.after(async () => void (await app.close()));
      const at = (await app.listen({ host: '127.0.0.1', port: 0 })).replace('127.0.0.1', 'localhost');
      again.listensAt(at);
      return new Browser(at);
    },
  };
}

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  readonly body: Record<string, unknown> & { readonly code?: string };
}

/** What a browser does with cookies and its own headers; nothing else. */
export class Browser {
  readonly cookies = new Map<string, string>();
  readonly setCookies: string[] = [];
  readonly url: string;

  constructor(url: string) {
    this.url = url;
  }

  get(path: string, headers: Record<string, string> = {}): Promise<Answer> {
    return this.send('GET', path, undefined, headers);
  }

  post(path: string, body: unknown = {}, headers: Record<string, string> = {}): Promise<Answer> {
    return this.send('POST', path, body, headers);
  }

  async send(method: string, path: string, body?: unknown, headers: Record<string, string> = {}): Promise<Answer> {
    const response = await fetch(path.startsWith('http') ? path : `${this.url}${path}`, {
      method,
      redirect: 'manual',
      headers: {
        ...(method === 'GET' ? {} : { origin: this.url }),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...(this.cookies.size === 0 ? {} : { cookie: this.header() }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    for (const line of response.headers.getSetCookie()) this.keep(line);
    const text = await response.text();
    const json = response.headers.get('content-type')?.includes('json') === true && text !== '';
    return { status: response.status, headers: response.headers, text, body: json ? JSON.parse(text) : {} };
  }

  signIn({ staff, password }: Person): Promise<Answer> {
    return this.post('/api/auth/sign-in/username', { username: staff.login, password });
  }

  /** Whether the API lets this browser in. */
  async isIn(): Promise<boolean> {
    return (await this.get('/api/v1/me')).status === 200;
  }

  header(): string {
    return [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; ');
  }

  /** A second browser with the same cookies: what a thief has. */
  copy(): Browser {
    const other = new Browser(this.url);
    for (const [name, value] of this.cookies) other.cookies.set(name, value);
    return other;
  }

  private keep(line: string): void {
    this.setCookies.push(line);
    const [pair = '', ...attributes] = line.split(';');
    const [name = '', ...value] = pair.split('=');
    if (attributes.some((one) => /^\s*max-age=0$/i.test(one))) this.cookies.delete(name);
    else this.cookies.set(name, value.join('='));
  }
}

/** The code a phone would show (RFC 6238) for the secret of an otpauth URL; `step` half minutes from now. */
export function totpCode(otpauth: string, step = 0): string {
  const key = base32(new URL(otpauth).searchParams.get('secret') ?? '');
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(Math.floor(systemClock().now().epochMilliseconds / 30_000) + step));
  const mac = createHmac('sha1', key).update(counter).digest();
  const offset = (mac.at(-1) ?? 0) & 15;
  return String((mac.readUInt32BE(offset) & 0x7fffffff) % 1_000_000).padStart(6, '0');
}

function base32(text: string): Buffer {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';
  let bits = '';
  for (const sign of text.replace(/=+$/, '').toUpperCase()) bits += alphabet.indexOf(sign).toString(2).padStart(5, '0');
  return Buffer.from((bits.match(/.{8}/g) ?? []).map((byte) => Number.parseInt(byte, 2)));
}

/** A WebAuthn authenticator with one ES256 key that always says yes (W3C Web Authentication, sections 6.1 and 6.5). */
export class Authenticator {
  readonly id = randomBytes(16);
  readonly keys = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  readonly origin: string;
  /** Whether it says that it checked finger or PIN. */
  verifiesUser = true;
  counter = 0;

  constructor(origin: string) {
    this.origin = origin;
  }

  /** The answer of `navigator.credentials.create`. */
  register(options: Record<string, unknown>): Record<string, unknown> {
    const jwk = this.keys.publicKey.export({ format: 'jwk' });
    const cose = new Map<number, number | Buffer>([
      [1, 2],
      [3, -7],
      [-1, 1],
      [-2, Buffer.from(jwk.x ?? '', 'base64url')],
      [-3, Buffer.from(jwk.y ?? '', 'base64url')],
    ]);
    const length = Buffer.alloc(2);
    length.writeUInt16BE(this.id.length);
    const authData = Buffer.concat([this.authData(0x40), Buffer.alloc(16), length, this.id, cbor(cose)]);
    const attestation = cbor(
      new Map<string, string | Buffer | Map<unknown, unknown>>([
        ['fmt', 'none'],
        ['attStmt', new Map<unknown, unknown>()],
        ['authData', authData],
      ]),
    );
    return this.credential({
      clientDataJSON: this.clientData('webauthn.create', options.challenge).toString('base64url'),
      attestationObject: attestation.toString('base64url'),
      transports: ['internal'],
    });
  }

  /** The answer of `navigator.credentials.get`. */
  authenticate(options: Record<string, unknown>): Record<string, unknown> {
    const clientData = this.clientData('webauthn.get', options.challenge);
    this.counter += 1;
    const authData = this.authData(0);
    const signed = Buffer.concat([authData, createHash('sha256').update(clientData).digest()]);
    return this.credential({
      clientDataJSON: clientData.toString('base64url'),
      authenticatorData: authData.toString('base64url'),
      signature: sign('sha256', signed, this.keys.privateKey).toString('base64url'),
    });
  }

  private credential(response: Record<string, unknown>): Record<string, unknown> {
    const id = this.id.toString('base64url');
    return { id, rawId: id, type: 'public-key', clientExtensionResults: {}, response };
  }

  private clientData(type: string, challenge: unknown): Buffer {
    return Buffer.from(JSON.stringify({ type, challenge, origin: this.origin, crossOrigin: false }));
  }

  private authData(flags: number): Buffer {
    const head = Buffer.alloc(5);
    head.writeUInt8(flags | 0x01 | (this.verifiesUser ? 0x04 : 0));
    head.writeUInt32BE(this.counter, 1);
    return Buffer.concat([createHash('sha256').update(new URL(this.origin).hostname).digest(), head]);
  }
}

/** CBOR (RFC 8949) of what a credential is made of: small integers, bytes, texts and maps of these. */
function cbor(value: number | string | Buffer | Map<unknown, unknown>): Buffer {
  if (typeof value === 'number') return value < 0 ? head(1, -1 - value) : head(0, value);
  if (typeof value === 'string') return Buffer.concat([head(3, Buffer.byteLength(value)), Buffer.from(value)]);
  if (Buffer.isBuffer(value)) return Buffer.concat([head(2, value.length), value]);
  const items = [...value].flat().map((item) => cbor(item as number));
  return Buffer.concat([head(5, value.size), ...items]);
}

function head(major: number, size: number): Buffer {
  if (size < 24) return Buffer.from([(major << 5) | size]);
  if (size < 256) return Buffer.from([(major << 5) | 24, size]);
  return Buffer.from([(major << 5) | 25, size >> 8, size & 255]);
}
