/** The log of the audit trail: what an outsider can check, what erasure leaves, what `longmen verify` finds. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import {
  appendHashes,
  leafHashes,
  lockLog,
  openKeyring,
  openMarker,
  readLog,
  signLog,
  verifyProof,
} from '#engines/evidence';
import { type AuditInput, auditEnd, openTrail, searchAudit } from '#kernel/audit';
import { manualClock } from '#kernel/clock';
import { newId } from '#kernel/ids';
import { testDatabase } from '#test/database';
import { readAuditSalts } from './audit-store.ts';
import {
  AUDIT_KEY,
  decodeAuditLeaf,
  encodeAuditLeaf,
  listBytes,
  openAuditEvidence,
  saltedHash,
  verifyAudit,
  whoBytes,
  wordsBytes,
} from './index.ts';

const db = await testDatabase({ after });
const clock = manualClock('2025-03-04T05:06:07.890123Z');
const folder = mkdtempSync(join(tmpdir(), 'longmen-audit-evidence-'));
after(() => rmSync(folder, { recursive: true, force: true }));
const evidence = openAuditEvidence({ db, clock, folder, origin: 'bank.example/evidence' });
const trail = openTrail({ db });
after(() => trail.close());

/** Every optional field is absent in some entries and present in others. */
function entry(index: number): AuditInput {
  const full = index % 2 === 0;
  const actor = { kind: 'staff' as const, id: newId(clock), name: `柜员 ${index}` };
  return {
    at: clock.now().toString(),
    actor,
    onBehalfOf: full ? { ...actor, name: '主任' } : null,
    action: 'party:read',
    effect: full ? 'read' : 'change',
    method: full ? 'GET' : null,
    route: full ? '/api/v1/parties/:id' : null,
    status: full ? 200 : 403,
    code: full ? null : 'permission_missing',
    subjects: full ? [{ kind: 'party', id: `p${index}` }] : [],
    fields: full ? ['mobile', 'name'] : [],
    unitId: 1 + (index % 3),
    address: full ? '10.0.0.1' : null,
    traceId: full ? 'a'.repeat(32) : null,
    approvalId: full ? newId(clock) : null,
    reason: full ? '客户来电' : null,
    requestDigest: full ? Buffer.alloc(32, index).toString('base64') : null,
  };
}

async function record(count: number): Promise<void> {
  for (let index = 0; index < count; index++) trail.record(entry(index));
  await trail.flush();
}

const marker = () => openMarker(folder, { create: false });
const findings = async () => (await verifyAudit(db, { marker: marker() })).findings;

await record(600);
await evidence.catchUp();

test('the leaves are those an outsider makes of what the entries say', async () => {
  const size = Number(await auditEnd(db));
  const leaves = await (await evidence.source()).entries(0, size);
  const entries = (await searchAudit(db, {}, size)).reverse();
  const salts = await readAuditSalts(db, 1, size);
  assert.equal(leaves.length, 600);
  for (const [index, leaf] of leaves.entries()) {
    const decoded = decodeAuditLeaf(leaf);
    assert.deepEqual(Buffer.from(encodeAuditLeaf(decoded)), leaf);
    const row = entries[index];
    assert.ok(row !== undefined);
    const salt = (part: number) => salts.subarray(index * 48 + part * 16, index * 48 + part * 16 + 16);
    assert.deepEqual(decoded, {
      sequence: row.sequence.toString(),
      recorded_at: row.recordedAt,
      actor_kind: row.actorKind,
      actor_id: row.actorId,
      behalf_kind: row.behalfKind,
      behalf_id: row.behalfId,
      who_hash: saltedHash(salt(0), whoBytes(row.actorName, row.behalfName, row.address)),
      action: row.action,
      effect: row.effect,
      method: row.method,
      route: row.route,
      status: String(row.status),
      code: row.code,
      subjects_hash: saltedHash(salt(1), listBytes(row.subjects)),
      fields: row.fields,
      unit_id: String(row.unitId),
      trace_id: row.traceId,
      approval_id: row.approvalId,
      words_hash: saltedHash(salt(2), wordsBytes(row.reason, row.requestDigest)),
    });
  }
});

test('a proof of an entry is verified with a key alone, and names nobody', async () => {
  const proof = await evidence.prove(42);
  const proved = verifyProof(JSON.parse(JSON.stringify(proof)), proof.keys);
  assert.deepEqual([proved.origin, proved.index, proved.size], ['bank.example/evidence/_audit', 41n, 600n]);
  const text = Buffer.from(proved.entry).toString('utf8');
  for (const personal of ['柜员', '主任', '10.0.0.1', '客户来电', 'p41']) assert.ok(!text.includes(personal), personal);
  await assert.rejects(evidence.prove(601), { code: 'evidence_index_out_of_range' });
});

/** Every column of an entry, and another value for it. */
const changes = [
  ['recorded_at', "recorded_at + interval '1 microsecond'"],
  ['actor_kind', "'token'"],
  ['actor_id', "'00000000-0000-7000-8000-000000000001'"],
  ['actor_name', "actor_name || 'x'"],
  ['behalf_kind', "'token'"],
  ['behalf_id', "'00000000-0000-7000-8000-000000000001'"],
  ['behalf_name', 'null'],
  ['action', "'party:writf'"],
  ['effect', "'change'"],
  ['method', "'HEAD'"],
  ['route', 'null'],
  ['status', '201'],
  ['code', "'x'"],
  ['subjects', "array['party:p0']"],
  ['fields', "array['mobile name']"],
  ['unit_id', '9'],
  ['address', "'10.0.0.2'"],
  ['trace_id', "'b'"],
  ['approval_id', 'null'],
  ['reason', "reason || ' '"],
  ['request_digest', "overlay(request_digest placing '\\x00' from 1)"],
] as const;

test('the entry of which any byte was changed is named', async () => {
  assert.deepEqual(await verifyAudit(db, { marker: marker() }), {
    entries: 600,
    leaves: 600,
    behind: 0,
    checks: 3,
    findings: [],
  });
  const { rows } = await db.query<{ name: string }>(
    `select attname as name from pg_attribute
     where attrelid = 'kernel.audit_entry'::regclass and attnum > 0 and not attisdropped and attname <> 'sequence'`,
  );
  assert.deepEqual(new Set(rows.map(({ name }) => name)), new Set(changes.map(([column]) => column)));
  await db.admin.query('create table saved as select * from kernel.audit_entry where sequence = 301');
  for (const [column, value] of changes) {
    await db.admin.query(`update kernel.audit_entry set ${column} = ${value} where sequence = 301`);
    const [found] = await findings();
    const named = { check: found?.check, count: found?.count, sequence: found?.first.sequence };
    assert.deepEqual(named, { check: 'evidence_leaves', count: 1, sequence: 301 }, column);
    await db.admin.query('delete from kernel.audit_entry where sequence = 301');
    await db.admin.query('insert into kernel.audit_entry select * from saved');
  }
  assert.deepEqual(await findings(), []);
});

test('an entry that was taken away is named, also the last one', async () => {
  for (const sequence of [300, 600]) {
    await db.admin.query(
      'create table taken as select * from kernel.audit_entry where sequence = $1'.replace('$1', `${sequence}`),
    );
    await db.admin.query(`delete from kernel.audit_entry where sequence = ${sequence}`);
    const leaves = (await findings()).find(({ check }) => check === 'evidence_leaves');
    assert.equal(leaves?.first.sequence, sequence);
    await db.admin.query('insert into kernel.audit_entry select * from taken');
    await db.admin.query('drop table taken');
  }
  assert.deepEqual(await findings(), []);
});

test('parts of an entry are erased for good, and every proof still holds', async () => {
  const before = (await evidence.prove(11)).leaf;
  const erase = (parts: Parameters<typeof evidence.erase>[2]) =>
    db.transaction((tx) => evidence.erase(tx, 11, parts, 'request 17'));
  assert.equal(await erase(['words']), true);
  assert.equal(await erase(['words']), false);
  assert.equal(await erase(['who', 'subjects']), true);
  const { rows } = await db.query(
    'select actor_name, address, subjects, reason from kernel.audit_entry where sequence = 11',
  );
  assert.deepEqual(rows, [{ actor_name: null, address: null, subjects: [], reason: null }]);
  assert.deepEqual(await readAuditSalts(db, 11, 11), Buffer.alloc(48));
  assert.equal((await evidence.prove(11)).leaf, before);
  assert.deepEqual(await findings(), []);
  await assert.rejects(
    db.transaction((tx) => evidence.erase(tx, 9_999, ['who'], 'x')),
    { code: 'evidence_posting_not_found' },
  );
  await assert.rejects(db.query('update evidence.audit_erasure set reason = $1', ['x']), /permission denied/);
});

/** Changes an entry and computes every hash of the database anew; only what keys outside it made stays as it was. */
async function forge(sequence: number): Promise<void> {
  const { admin } = db;
  await admin.query(`update kernel.audit_entry set unit_id = unit_id + 1 where sequence = ${sequence}`);
  const where = `book_id = 0 and log = 'audit'`;
  const { rows: marks } = await admin.query<{ tile: bigint; marks: Buffer }>(
    `select tile, marks from evidence.tile where ${where} and level = 0`,
  );
  const { size } = await readLog(db, AUDIT_KEY);
  const entries = await (await evidence.source()).entries(0, size);
  await admin.query(`delete from evidence.tile where ${where}`);
  await admin.query(`update evidence.log set size = 0 where ${where}`);
  await db.transaction(async (tx) => appendHashes(tx, await lockLog(tx, AUDIT_KEY), leafHashes(entries)));
  for (const row of marks) {
    await admin.query(`update evidence.tile set marks = $1 where ${where} and level = 0 and tile = $2`, [
      row.marks,
      row.tile,
    ]);
  }
}

test('a changed entry is named also when every hash in the database was computed anew', async () => {
  await forge(77);
  const found = await findings();
  const leaves = found.find(({ check }) => check === 'evidence_leaves');
  assert.deepEqual([leaves?.count, leaves?.first.sequence], [1, 77]);
  assert.ok(found.some(({ check }) => check === 'evidence_checkpoints'));
  // Without the key of the marks the signed checkpoint still tells that something was changed.
  const { findings: blind } = await verifyAudit(db);
  assert.deepEqual(
    blind.map(({ check }) => check),
    ['evidence_checkpoints'],
  );
  await record(1);
  await assert.rejects(evidence.catchUp(), { code: 'evidence_log_inconsistent' });
  const keyring = openKeyring({ folder, clock });
  await assert.rejects(signLog({ db, keyring, clock }, AUDIT_KEY), { code: 'evidence_log_inconsistent' });
});
