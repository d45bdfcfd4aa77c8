import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { manualClock } from '#kernel/clock';
import { testDatabase } from '#test/database';
import { createToken, createTokenVerifier, listTokens, revokeToken, verifyToken } from './index.ts';

const db = await testDatabase({ after });
const clock = manualClock('2025-01-02T03:04:05Z');

test('a token verifies as who it was made for, and only its digest is stored', async () => {
  const made = await createToken(db, 'payroll', clock);
  assert.match(made.secret, /^lm_[A-Za-z0-9_-]{43}$/);
  assert.deepEqual(await verifyToken(db, made.secret, clock), {
    tokenId: made.tokenId,
    name: 'payroll',
    permissions: ['*:*'],
    unitId: 1,
    expiresAt: null,
  });
  const { rows } = await db.admin.query<{ stored: string }>(
    `select row_to_json(token)::text as stored from kernel.token where token_id = $1`,
    [made.tokenId],
  );
  assert.ok(!rows[0]?.stored.includes(made.secret.slice(3)));
  const other = await createToken(db, 'payroll', clock);
  assert.notEqual(other.secret, made.secret);
});

test('what is no valid secret is refused with one code', async () => {
  const verifier = createTokenVerifier({ db, clock });
  const { secret } = await createToken(db, 'probe', clock);
  const cases = [
    '',
    'lm_',
    secret.slice(0, -1),
    `${secret}A`,
    secret.replace('lm_', 'LM_'),
    `lm_${'A'.repeat(43)}`,
    'é',
  ];
  for (const text of cases) {
    await assert.rejects(async () => verifier.verify(text), { code: 'token_invalid', status: 401 }, text);
  }
});

test('names have 1 to 100 characters without control characters', async () => {
  for (const name of ['', ' padded', 'x'.repeat(101), 'two\nlines']) {
    await assert.rejects(createToken(db, name, clock), { code: 'token_name_invalid' }, name);
  }
  await createToken(db, '柜面系统', clock);
});

test('a verified token is remembered for seconds, without a promise; one question serves concurrent requests', async () => {
  const { secret, tokenId } = await createToken(db, 'hot', clock);
  let questions = 0;
  const counted: typeof db.query = (sql, values, options) => {
    if (sql.includes('select')) questions += 1;
    return db.query(sql, values, options);
  };
  const verifier = createTokenVerifier({ db: { query: counted }, clock });
  const answers = await Promise.all([1, 2, 3].map(() => verifier.verify(secret)));
  assert.deepEqual(new Set(answers.map((answer) => answer.tokenId)), new Set([tokenId]));
  assert.equal(questions, 1);
  assert.deepEqual(verifier.verify(secret), { tokenId, name: 'hot', permissions: ['*:*'], unitId: 1, expiresAt: null });
  assert.equal(questions, 1);
});

test('a revoked token stops working when it is no longer remembered, at once where forgotten', async () => {
  const { secret, tokenId } = await createToken(db, 'leaked', clock);
  const remembering = createTokenVerifier({ db, clock, rememberedSeconds: 0.3 });
  const forgetting = createTokenVerifier({ db, clock });
  await remembering.verify(secret);
  await forgetting.verify(secret);
  await revokeToken(db, tokenId, clock);
  forgetting.forget();
  await assert.rejects(async () => forgetting.verify(secret), { code: 'token_invalid' });
  await new Promise((resolve) => setTimeout(resolve, 350));
  await assert.rejects(async () => remembering.verify(secret), { code: 'token_invalid' });
  assert.throws(() => createTokenVerifier({ db, clock, rememberedSeconds: 10 }), /revocation_effective/);
});

test('revoking twice keeps the first time; revoking nothing says so', async () => {
  const { tokenId } = await createToken(db, 'twice', clock);
  await revokeToken(db, tokenId, clock);
  const first = (await listTokens(db)).find((token) => token.tokenId === tokenId);
  await revokeToken(db, tokenId, manualClock('2026-01-01T00:00:00Z'));
  const second = (await listTokens(db)).find((token) => token.tokenId === tokenId);
  assert.ok(first?.revokedAt?.startsWith('2025-01-02T03:04:05'));
  assert.deepEqual(second, first);
  for (const id of ['00000000-0000-7000-8000-000000000000', 'no uuid']) {
    await assert.rejects(revokeToken(db, id, clock), { code: 'token_not_found', status: 404 });
  }
});

test('the list shows when a token was last used', async () => {
  const { secret, tokenId } = await createToken(db, 'seen', clock);
  const record = async () => (await listTokens(db)).find((token) => token.tokenId === tokenId);
  assert.equal((await record())?.lastUsedAt, null);
  await verifyToken(db, secret, clock);
  for (let tries = 0; tries < 50 && (await record())?.lastUsedAt === null; tries += 1) {
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  assert.ok((await record())?.lastUsedAt?.startsWith('2025-01-02T03:04:05'));
});

test('the application role can neither delete a token nor change its secret', async () => {
  const { tokenId } = await createToken(db, 'kept', clock);
  for (const sql of [
    'delete from kernel.token where token_id = $1',
    `update kernel.token set name = 'x' where token_id = $1`,
  ]) {
    await assert.rejects(db.query(sql, [tokenId]), /permission denied/);
  }
});

test('a token has permissions in a unit, and expires', async () => {
  const moving = manualClock('2025-01-02T03:04:05Z');
  const options = {
    permissions: ['ledger.*:read', 'ledger.*:read'],
    unitId: 7,
    expiresAt: '2025-01-02T12:00:00+08:00',
  };
  const made = await createToken(db, 'reader', moving, options);
  const identity = await verifyToken(db, made.secret, moving);
  assert.deepEqual(identity.permissions, ['ledger.*:read']);
  assert.equal(identity.unitId, 7);
  assert.equal(identity.expiresAt, '2025-01-02T04:00:00.000000Z');
  moving.set('2025-01-02T04:00:00Z');
  await assert.rejects(verifyToken(db, made.secret, moving), { code: 'token_expired', status: 401 });
  const cases = [
    { permissions: [] },
    { permissions: ['all'] },
    { permissions: ['ledger:*:*'] },
    { permissions: ['ledger*:read'] },
    { expiresAt: '2025-01-01T00:00:00Z' },
  ];
  for (const wrong of cases) {
    await assert.rejects(
      createToken(db, 'wrong', moving, wrong),
      { code: 'token_scope_invalid' },
      JSON.stringify(wrong),
    );
  }
});

test('without options a token may do everything, for ever', async () => {
  const made = await createToken(db, 'plain', clock);
  assert.deepEqual([made.permissions, made.unitId, made.expiresAt], [['*:*'], 1, null]);
});
