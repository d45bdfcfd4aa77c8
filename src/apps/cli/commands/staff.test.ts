/** `longmen staff`, `longmen token create` and `longmen secrets` on a real database. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { after, test } from 'node:test';
import { systemClock } from '#kernel/clock';
import { createBook } from '#kernel/events';
import { loopbackNetworks, openWebhooks } from '#kernel/webhooks';
import { testDatabase } from '#test/database';
import { runCli } from '../program.ts';

const db = await testDatabase({ after });
const clock = systemClock();

/** Runs a command line; gives its exit code and the document it printed with --json. */
async function longmenWith(env: Readonly<Record<string, string>>, ...words: string[]) {
  let text = '';
  const collect = (add: (part: string) => void) =>
    new Writable({
      decodeStrings: false,
      write(part: string, _encoding, done) {
        add(part);
        done();
      },
    });
  const stdout = collect((part) => {
    text += part;
  });
  const { signal } = new AbortController();
  const code = await runCli([...words, '--json'], { stdout, stderr: collect(() => {}), env: { ...env }, signal });
  return { code, document: JSON.parse(text) as Record<string, unknown> };
}

const longmen = (...words: string[]) => longmenWith(db.environment, ...words);

test('a person is invited, gets links, is kept out and comes back', async () => {
  const person = ['--name', '王丽', '--email', 'wang.li@bank.example'];
  const made = await longmen('staff', 'create', 'wang.li', ...person, '--role', 'teller');
  assert.equal(made.code, 0);
  assert.match(String(made.document.link), /^http:\/\/127\.0\.0\.1:8080\/welcome\/[A-Za-z0-9_-]{43}$/);
  const twice = await longmen('staff', 'create', 'wang.li', ...person);
  assert.deepEqual([twice.code, (twice.document.error as { code: string }).code], [1, 'staff_exists']);
  const next = await longmen('staff', 'link', 'wang.li');
  assert.notEqual(next.document.link, made.document.link);
  assert.equal((await longmen('staff', 'suspend', 'wang.li')).document.state, 'suspended');
  assert.equal(
    ((await longmen('staff', 'link', 'wang.li')).document.error as { code: string }).code,
    'staff_state_invalid',
  );
  assert.equal((await longmen('staff', 'reinstate', 'wang.li')).document.state, 'invited');
  const [only] = (await longmen('staff', 'list')).document.staff as Record<string, unknown>[];
  assert.deepEqual([only?.login, only?.state], ['wang.li', 'invited']);
  assert.equal(((await longmen('staff', 'link', 'nobody')).document.error as { code: string }).code, 'staff_not_found');
});

test('a token is made for some permissions and days', async () => {
  const made = await longmen(
    'token',
    'create',
    'reporting',
    '--permissions',
    'report:read,ledger.*:read',
    '--expires',
    '2d',
  );
  assert.deepEqual(made.document.permissions, ['report:read', 'ledger.*:read']);
  const left_ms = Date.parse(String(made.document.expires_at)) - clock.now().epochMilliseconds;
  assert.ok(Math.abs(left_ms - 2 * 86_400_000) < 60_000);
  const wrong = await longmen('token', 'create', 'wrong', '--permissions', 'everything');
  assert.equal((wrong.document.error as { code: string }).code, 'token_scope_invalid');
});

test('the secrets of sign-in and of webhooks are made anew', async () => {
  const first = await longmen('secrets', 'rotate', 'auth');
  const file = join(db.environment.LONGMEN_DATA ?? '', 'auth.json');
  const versions = () => (JSON.parse(readFileSync(file, 'utf8')) as { secrets: { version: number }[] }).secrets;
  assert.deepEqual([first.document.version, versions().map(({ version }) => version)], [2, [2, 1]]);
  assert.equal(statSync(file).mode & 0o777, 0o600);
  const webhooks = openWebhooks({ db, clock, allowedNetworks: loopbackNetworks });
  const { subscription, secret } = await db.transaction(async (tx) => {
    const { bookId } = await createBook(tx, { code: 'main', name: 'Main' }, clock);
    return webhooks.subscribe(tx, bookId, { url: 'http://127.0.0.1:9/' });
  });
  const rotated = await longmen('secrets', 'rotate', 'webhook', subscription.subscriptionId);
  assert.match(String(rotated.document.secret), /^whsec_/);
  assert.notEqual(rotated.document.secret, secret);
  const unknown = await longmen('secrets', 'rotate', 'webhook', 'no such');
  assert.equal((unknown.document.error as { code: string }).code, 'webhook_subscription_not_found');
  const refused = await longmen('secrets', 'rotate', 'database');
  assert.equal((refused.document.error as { code: string }).code, 'data_folder_unusable');
});

test('the embedded database goes on under new passwords', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'longmen-secrets-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const env = { LONGMEN_DATA: folder };
  await longmenWith(env, 'staff', 'create', 'one', '--name', 'One', '--email', 'one@bank.example');
  const before = readFileSync(join(folder, 'secrets.json'), 'utf8');
  assert.equal((await longmenWith(env, 'secrets', 'rotate', 'database')).code, 0);
  assert.notEqual(readFileSync(join(folder, 'secrets.json'), 'utf8'), before);
  assert.equal(((await longmenWith(env, 'staff', 'list')).document.staff as unknown[]).length, 1);
});
