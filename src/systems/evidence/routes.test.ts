/** The log over HTTP, read as a client of tiled logs reads it: from the specification, with nothing of ours. */
import assert from 'node:assert/strict';
import { createHash, createPublicKey, verify } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, suite, test } from 'node:test';
import { exportLog } from '#engines/evidence';
import { openLedger } from '#engines/ledger';
import { createBook } from '#kernel/events';
import { newId } from '#kernel/ids';
import { testServer } from '#test/http';
import { timeZone, transfer } from '#test/ledger';
import { evidenceRoutes, openAuditEvidence, openPostingEvidence, type PostingEvidence } from './index.ts';

const folder = mkdtempSync(join(tmpdir(), 'longmen-evidence-'));
after(() => rmSync(folder, { recursive: true, force: true }));
let opened: PostingEvidence | undefined;
const server = await testServer({ after }, [
  (app, deps) => {
    const evidenceDeps = { db: deps.db, clock: deps.clock, folder, origin: 'bank.example/evidence' };
    opened = openPostingEvidence(evidenceDeps);
    return evidenceRoutes(opened, openAuditEvidence(evidenceDeps))(app, deps);
  },
]);
const { db, clock } = server;
assert.ok(opened !== undefined);
const evidence = opened;
const ledger = openLedger({ db, clock, timeZone });
after(() => ledger.close());
const book = await db.transaction((tx) => createBook(tx, { code: 'main', name: 'Main' }, clock));
const [debit, credit] = [newId(), newId()];
await db.transaction((tx) =>
  ledger.openAccounts(tx, 'main', [
    { id: debit, currency: 'CNY', code: '1001', side: 'debit' },
    { id: credit, currency: 'CNY', code: '2011', side: 'credit' },
  ]),
);
const SIZE = 600;
const transfers = Array.from({ length: SIZE }, (_, index) =>
  transfer(debit, credit, BigInt(index + 1), { description: `for somebody ${index}` }),
);

const get = (path: string, headers: Record<string, string> = {}) =>
  fetch(`${server.url}/api/v1/evidence/main/${path}`, { headers: { ...server.authorized, ...headers } });
const bytes = async (path: string) => {
  const response = await get(path);
  assert.equal(response.status, 200, path);
  return Buffer.from(await response.arrayBuffer());
};
const sha256 = (...parts: Uint8Array[]) => createHash('sha256').update(Buffer.concat(parts)).digest();

/** MTH of RFC 6962 over leaf hashes. */
function treeHash(hashes: readonly Buffer[]): Buffer {
  const [first] = hashes;
  if (first === undefined) return sha256();
  if (hashes.length === 1) return first;
  let k = 1;
  while (k * 2 < hashes.length) k *= 2;
  return sha256(Buffer.of(1), treeHash(hashes.slice(0, k)), treeHash(hashes.slice(k)));
}

suite('a client of tiled logs', () => {
  test('is told that nothing is there before anything is', async () => {
    const response = await get('checkpoint');
    assert.equal(response.status, 404);
    assert.equal(((await response.json()) as { code: string }).code, 'evidence_log_not_found');
  });

  test('finds a checkpoint, tiles and entries that make one tree, and a good signature', async () => {
    await ledger.post('main', transfers);
    await evidence.catchUp(book);
    const response = await get('checkpoint');
    assert.equal(response.headers.get('content-type'), 'text/plain; charset=utf-8');
    const note = await response.text();
    const [, text = '', name, signature = ''] = /^(.*\n)\n— (\S+) (\S+)\n$/s.exec(note) ?? [];
    const [origin, size, root] = text.split('\n');
    assert.deepEqual([origin, size, name], ['bank.example/evidence/main', '600', 'bank.example/evidence/main']);

    const { keys } = (await (await get('keys')).json()) as { keys: string[] };
    const [, id = '', encoded = ''] = keys[0]?.split('+') ?? [];
    // The key is base64 and may hold a plus itself.
    const key = Buffer.from(keys[0]?.slice(`${origin}+${id}+`.length) ?? encoded, 'base64');
    assert.equal(
      sha256(Buffer.from(`${origin}\n`), key)
        .subarray(0, 4)
        .toString('hex'),
      id,
    );
    const signed = Buffer.from(signature, 'base64');
    assert.equal(signed.subarray(0, 4).toString('hex'), id);
    const spki = Buffer.concat([Buffer.from('302a300506032b6570032100', 'hex'), key.subarray(1)]);
    const publicKey = createPublicKey({ key: spki, format: 'der', type: 'spki' });
    assert.ok(verify(null, Buffer.from(text), publicKey, signed.subarray(4)));

    const level0 = Buffer.concat([
      await bytes('tile/0/000'),
      await bytes('tile/0/001'),
      await bytes('tile/0/002.p/88'),
    ]);
    const hashes = Array.from({ length: SIZE }, (_, index) => level0.subarray(32 * index, 32 * index + 32));
    assert.equal(treeHash(hashes).toString('base64'), root);
    const level1 = await bytes('tile/1/000.p/2');
    assert.equal(
      level1.toString('hex'),
      [0, 256].map((from) => treeHash(hashes.slice(from, from + 256)).toString('hex')).join(''),
    );

    const bundles = Buffer.concat([
      await bytes('tile/entries/000'),
      await bytes('tile/entries/001'),
      await bytes('tile/entries/002.p/88'),
    ]);
    let offset = 0;
    for (const hash of hashes) {
      const length = bundles.readUInt16BE(offset);
      const entry = bundles.subarray(offset + 2, offset + 2 + length);
      assert.ok(sha256(Buffer.of(0), entry).equals(hash));
      offset += 2 + length;
    }
    assert.equal(offset, bundles.length);
    assert.ok(!bundles.includes('somebody'));
  });

  test('may keep tiles for ever, and the checkpoint for a moment', async () => {
    const tile = await get('tile/0/000');
    assert.equal(tile.headers.get('content-type'), 'application/octet-stream');
    assert.match(tile.headers.get('cache-control') ?? '', /immutable/);
    assert.equal(tile.headers.get('content-encoding'), null);
    assert.match((await get('checkpoint')).headers.get('cache-control') ?? '', /max-age=1$/);
    assert.equal((await get('tile/entries/000')).headers.get('content-encoding'), 'gzip');
    const plain = await get('tile/entries/000', { 'accept-encoding': 'identity' });
    assert.equal(plain.headers.get('content-encoding'), null);
  });

  test('finds partial tiles of earlier sizes, and nothing under other paths', async () => {
    assert.equal((await bytes('tile/0/000.p/7')).length, 7 * 32);
    for (const path of [
      '0/002',
      '0/002.p/89',
      '0/003.p/1',
      '1/000',
      '1/000.p/3',
      '2/000.p/1',
      '0/0',
      '0/000/',
      'data/000',
      'entries/002',
      'entries/002.p/89',
    ]) {
      assert.equal((await get(`tile/${path}`)).status, 404, path);
    }
    const response = await fetch(`${server.url}/api/v1/evidence/main/tile/0/000`);
    assert.equal(response.status, 401);
  });

  test('can read the same log as files', async () => {
    const source = await evidence.source('main');
    const target = join(folder, 'copy');
    const { files, size } = await exportLog(db, source, async (path, content) => {
      mkdirSync(dirname(join(target, path)), { recursive: true });
      writeFileSync(join(target, path), content);
    });
    assert.deepEqual([files, size], [8, SIZE]);
    for (const path of ['checkpoint', 'tile/0/002.p/88', 'tile/1/000.p/2', 'tile/entries/001']) {
      assert.deepEqual(readFileSync(join(target, path)), await bytes(path));
    }
  });
});

suite('proofs by HTTP', () => {
  test('inclusion and consistency', async () => {
    const proof = (await (await get('inclusion?index=599')).json()) as { size: string; proof: string[] };
    assert.equal(proof.size, '600');
    let hash = (await bytes('tile/0/002.p/88')).subarray(87 * 32);
    for (const [at, sibling] of proof.proof.entries()) {
      // The last leaf of 600 = 512 + 64 + 16 + 8: to its left is all that is beside it.
      assert.ok(at < 6);
      hash = sha256(Buffer.of(1), Buffer.from(sibling, 'base64'), hash);
    }
    assert.equal(hash.toString('base64'), (await (await get('checkpoint')).text()).split('\n')[2]);
    assert.equal((await get('consistency?from=256')).status, 200);
    for (const [path, code] of [
      ['inclusion?index=600', 'evidence_index_out_of_range'],
      ['inclusion?index=0&size=601', 'evidence_size_invalid'],
      ['consistency?from=0', 'evidence_size_invalid'],
      ['consistency?from=7&to=601', 'evidence_size_invalid'],
      ['consistency?from=x', 'request_invalid'],
      ['proof?transfer=nobody', 'evidence_posting_not_found'],
    ]) {
      assert.equal(((await (await get(path ?? '')).json()) as { code: string }).code, code, path);
    }
  });

  test('a posting, and the erasure of its texts', async () => {
    const id = transfers[17]?.id ?? '';
    const proof = (await (await get(`proof?transfer=${id}&texts=true`)).json()) as Record<string, { id?: string }>;
    assert.equal(proof.posting?.id, id);
    const erase = (reason: string) =>
      fetch(`${server.url}/api/v1/evidence/main/erasures`, {
        method: 'POST',
        headers: { ...server.authorized, 'content-type': 'application/json', 'idempotency-key': 'one' },
        body: JSON.stringify({ transfer_id: id, reason }),
      });
    for (let round = 0; round < 2; round++)
      assert.deepEqual(await (await erase('request 17')).json(), { erased: true });
    assert.equal((await erase('another')).status, 422);
    const after = (await (await get(`proof?transfer=${id}&texts=true`)).json()) as Record<string, unknown>;
    assert.deepEqual(after, { ...proof, texts: { description: null, reference: null } });
  });
});
