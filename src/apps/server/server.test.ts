/** The server as an operator meets it: first start, second start, stop, and start again on the same data folder. */
import assert from 'node:assert/strict';
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { Readable } from 'node:stream';
import { after, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { newId } from '#kernel/ids';
import { bpmn, flows } from '#test/bpmn';

const program = join(dirname(fileURLToPath(import.meta.url)), '../../../bin/longmen.js');
const data = join(mkdtempSync(join(tmpdir(), 'longmen-server-')), 'data');
const servers: Server[] = [];
after(async () => {
  for (const { child, ended } of servers) {
    if (child.exitCode === null) child.kill('SIGKILL');
    await ended;
  }
  rmSync(dirname(data), { recursive: true, force: true });
});

interface Server {
  readonly child: ChildProcessByStdio<null, Readable, Readable>;
  readonly ended: Promise<number | null>;
  stdout: string;
  stderr: string;
}

function start(): Server {
  const inherited = Object.entries(process.env).filter(
    ([name]) => !name.startsWith('LONGMEN_') && name !== 'DATABASE_URL',
  );
  const child = spawn(process.execPath, [program, 'start', '--data', data], {
    env: { ...Object.fromEntries(inherited), LONGMEN_PORT: '0' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const server: Server = {
    child,
    ended: once(child, 'close').then(([code]) => code as number | null),
    stdout: '',
    stderr: '',
  };
  child.stdout.on('data', (text) => {
    server.stdout += text;
  });
  child.stderr.on('data', (text) => {
    server.stderr += text;
  });
  servers.push(server);
  return server;
}

/** The address it says in its one line. */
async function ready(server: Server): Promise<string> {
  while (!server.stdout.includes('\n')) {
    assert.equal(server.child.exitCode, null, `the server ended before it was ready: ${server.stderr}`);
    await sleep(20);
  }
  const url = /http:\/\/[^/\s]+/.exec(server.stdout)?.[0];
  assert.ok(url !== undefined, server.stdout);
  return url;
}

async function stop(server: Server): Promise<void> {
  const startedMs = performance.now();
  server.child.kill('SIGTERM');
  assert.equal(await server.ended, 0, server.stderr);
  const took_ms = performance.now() - startedMs;
  assert.ok(took_ms < 5_000, `stopping took ${Math.round(took_ms)} ms`);
}

test('first start, second start, stop and start again', { timeout: 120_000 }, async (t) => {
  const tokenFile = join(data, 'token');
  const first = start();
  const url = await ready(first);
  const authorization = `Bearer ${readFileSync(tokenFile, 'utf8').trim()}`;
  const call = async (at: string, path: string, body?: object) => {
    const response = await fetch(`${at}/api/v1/ledger${path}`, {
      method: body === undefined ? 'GET' : 'POST',
      headers: { authorization, ...(body && { 'content-type': 'application/json' }) },
      ...(body && { body: JSON.stringify(body) }),
    });
    return { status: response.status, body: (await response.json()) as Record<string, unknown> };
  };
  const [cash, ann] = [newId(), newId()];

  await t.test('says in one line what to try next, and that works', async () => {
    assert.match(first.stdout, /^Longmen serves \S+\/api\/docs; try next: curl [^\n]+\n$/);
    assert.ok(first.stdout.includes(`${data}/token`), first.stdout);
    const tried = /'(http\S+)'/.exec(first.stdout)?.[1];
    const response = await fetch(tried ?? '', { headers: { authorization } });
    assert.deepEqual([response.status, await response.json()], [200, { items: [], next_cursor: null }]);
    assert.equal((await fetch(`${url}/api/docs`)).status, 200);
    assert.equal((await fetch(`${url}/health/ready`)).status, 200);
  });

  await t.test('leaves a token that its owner alone can read', () => {
    assert.match(readFileSync(tokenFile, 'utf8'), /^lm_[\w-]{43}\n$/);
    if (process.platform !== 'win32') assert.equal(statSync(tokenFile).mode & 0o777, 0o600);
    assert.ok(!first.stdout.includes('lm_') && !first.stderr.includes(authorization.slice(7)));
  });

  await t.test('takes transfers in the book main', async () => {
    const account = { currency: 'CNY', code: '1001', side: 'debit' };
    assert.equal(
      (await call(url, '/accounts', { accounts: [cash, ann].map((id) => ({ id, ...account })) })).status,
      201,
    );
    const transfer = { id: newId(), debit_account_id: cash, credit_account_id: ann, amount: '12.30', currency: 'CNY' };
    assert.equal((await call(url, '/transfers', { transfers: [transfer] })).status, 200);
  });

  await t.test('expires what is due by itself', async () => {
    const expires_at = new Date(Date.now() + 300).toISOString();
    const hold = {
      id: newId(),
      kind: 'pending',
      debit_account_id: cash,
      credit_account_id: ann,
      amount: '1',
      currency: 'CNY',
      expires_at,
    };
    assert.equal((await call(url, '/transfers', { transfers: [hold] })).status, 200);
    for (let ended: unknown = null; ended !== 'expired'; await sleep(50)) {
      const { body } = await call(url, `/transfers/${hold.id}`);
      ended = (body.pending as { ended: string | null }).ended;
    }
    assert.equal((await call(url, `/accounts/${cash}`)).body.debits_pending, '0.00');
  });

  await t.test('works on processes by itself', async () => {
    const process = async (path: string, body?: object) => {
      const response = await fetch(`${url}/api/v1/process${path}`, {
        method: body === undefined ? 'GET' : 'POST',
        headers: { authorization, ...(body && { 'content-type': 'application/json' }) },
        ...(body && { body: JSON.stringify(body) }),
      });
      return (await response.json()) as Record<string, unknown>;
    };
    const timer = '<timerEventDefinition><timeDuration>PT0.1S</timeDuration></timerEventDefinition>';
    const document = bpmn(
      `<startEvent id="s"/><intermediateCatchEvent id="t">${timer}</intermediateCatchEvent><endEvent id="e"/>${flows('s>t>e')}`,
      '',
      'short',
    );
    await process('/definitions', { document });
    const { instance_id } = await process('/instances', { process: 'short' });
    for (let status: unknown = null; status !== 'completed'; await sleep(50)) {
      status = (await process(`/instances/${instance_id}`)).status;
    }
  });

  await t.test('lets no second server on its data folder', async () => {
    const second = start();
    assert.equal(await second.ended, 1);
    assert.match(second.stderr, /^data_folder_in_use: [^\n]+\n$/);
    assert.equal(second.stdout, '');
    assert.equal((await fetch(`${url}/health/ready`)).status, 200);
  });

  await t.test('stops when told to, with a request on its way', async () => {
    const inFlight = Array.from({ length: 20 }, () => {
      const transfer = { id: newId(), debit_account_id: cash, credit_account_id: ann, amount: '1.00', currency: 'CNY' };
      return call(url, '/transfers', { transfers: [transfer] }).then(
        ({ status }) => status,
        () => 'cut off',
      );
    });
    await Promise.race(inFlight);
    await stop(first);
    const answers = await Promise.all(inFlight);
    assert.ok(answers.includes(200));
    await assert.rejects(fetch(`${url}/health/live`));
    assert.ok(!existsSync(join(data, 'postgres/postmaster.pid')), 'PostgreSQL still runs');
  });

  await t.test('goes on where it was', async () => {
    const again = start();
    const at = await ready(again);
    // What was queued when the server stopped is in the audit trail, and the trail is signed.
    const trail = await fetch(`${at}/api/v1/audit/entries?action=ledger.transfer:post`, { headers: { authorization } });
    const { items } = (await trail.json()) as { items: { status: number; actor: { name: string } }[] };
    assert.ok(items.length >= 3, JSON.stringify(items));
    assert.equal(items[0]?.actor.name, 'first start');
    for (let signed = false; !signed; await sleep(50)) {
      signed = (await fetch(`${at}/api/v1/evidence/_audit/checkpoint`, { headers: { authorization } })).ok;
    }
    const { status, body } = await call(at, `/accounts/${ann}`);
    assert.equal(status, 200);
    assert.ok(BigInt(String(body.credits_posted).replace('.', '')) >= 1330n, `${body.credits_posted}`);
    assert.equal(`Bearer ${readFileSync(tokenFile, 'utf8').trim()}`, authorization);
    await stop(again);
  });
});
