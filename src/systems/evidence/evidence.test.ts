/** The log of postings on a real database: leaves, checkpoints, proofs, keys, erasure. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { after, suite, test } from 'node:test';
import {
  consistencyProof,
  formatVerifierKey,
  latestCheckpoint,
  openCheckpoint,
  parseNote,
  readLog,
  verifierKeys,
  verifyConsistency,
  verifyProof,
} from '#engines/evidence';
import { listTransfers } from '#engines/ledger';
import { findBook } from '#kernel/events';
import { testEvidence } from '#test/evidence';
import { about, transfer } from '#test/ledger';
import { decodeLeaf, encodeLeaf, openPostingEvidence } from './index.ts';

const { db, clock, ledger, book, evidence, folder, marker, logged, more, catchUp, report, findings } =
  await testEvidence({ after });

suite('leaves', () => {
  test('hold every field of a posting, so that an outsider can rebuild them', async () => {
    const made = await book({ side: 'debit', code: '1001' }, {});
    const [debit, credit] = made.ids;
    const pending = transfer(debit, credit, 500n, { kind: 'pending', expiresAt: '9999-12-31T00:00:00Z' });
    const plain = transfer(debit, credit, 700n, {
      type: '工资',
      description: '三月工资',
      reference: 'R-1',
      effectiveDate: '1999-12-31',
      adjustment: true,
    });
    const linked = transfer(debit, credit, 1n, { linked: true });
    await ledger.post(made.code, [pending, plain, linked, transfer(debit, credit, 2n)]);
    await ledger.post(made.code, [about('post', pending.id, { amount: 200n }), about('reverse', plain.id)]);
    await catchUp(made);
    const rows = await listTransfers(db, made.bookId, { limit: 10 });
    assert.equal(rows.length, 6);
    for (const row of rows) {
      const proof = await evidence.prove(made.code, row.id, { texts: true });
      const leaf = Buffer.from(proof.leaf, 'base64');
      const said = decodeLeaf(leaf);
      assert.deepEqual(Buffer.from(encodeLeaf(said)), leaf);
      const { rows: stored } = await db.query<Record<string, unknown>>(
        'select * from ledger.transfer where book_id = $1 and sequence = $2',
        [made.bookId, row.sequence],
      );
      const dayTotals = ['debit', 'credit'].flatMap((side) =>
        ['debits_pending', 'credits_pending', 'debits_posted', 'credits_posted'].map((name) =>
          String(stored[0]?.[`${side}_day_${name}`]),
        ),
      );
      const hashOf = (told: { text: string; salt: string } | null | undefined) =>
        told
          ? createHash('sha256').update(Buffer.from(told.salt, 'hex')).update(told.text, 'utf8').digest('hex')
          : null;
      assert.deepEqual(said, {
        book: made.code,
        sequence: String(row.sequence),
        id: row.id,
        kind: row.kind,
        debit_account_id: row.debitAccountId,
        credit_account_id: row.creditAccountId,
        amount_minor: String(row.amount),
        currency: 'CNY',
        effective_date: row.effectiveDate,
        recorded_at: row.recordedAt,
        related_id: stored[0]?.related_id ?? null,
        expires_at: row.kind === 'pending' ? '9999-12-31T00:00:00.000000Z' : null,
        linked: row.linked,
        adjustment: row.id === plain.id,
        type: row.type,
        description_hash: hashOf(proof.texts?.description),
        reference_hash: hashOf(proof.texts?.reference),
        released_minor: String(stored[0]?.released_minor),
        day_totals_minor: dayTotals,
      });
      const texts = [proof.texts?.description?.text ?? null, proof.texts?.reference?.text ?? null];
      assert.deepEqual(texts, [row.description, row.reference]);
    }
    for (const bad of ['', '02', '0100', `01${'00'.repeat(300)}`]) {
      assert.throws(() => decodeLeaf(Buffer.from(bad, 'hex')), { code: 'evidence_leaf_malformed' });
    }
  });

  test('stand in the order of the journal, also when several append at once and events come again', async () => {
    const made = await book({ side: 'debit', code: '1001' }, {});
    const one = await findBook(db, made.code);
    const stop = new AbortController();
    const another = openPostingEvidence({ db: await db.reopen(), clock, folder, origin: 'bank.example/evidence' });
    const running = [evidence.run(one, stop.signal), another.run(one, stop.signal)];
    for (let round = 0; round < 6; round++) {
      const batch = Array.from({ length: 60 }, () => transfer(made.ids[0], made.ids[1], 1n));
      await Promise.all([ledger.post(made.code, batch), another.catchUp(one)]);
    }
    assert.equal((await evidence.catchUp(one)).size, 360);
    stop.abort();
    await Promise.all(running);
    assert.deepEqual(await findings(made, marker()), []);
    const { rows } = await db.query("select from kernel.consumer_checkpoint where state <> 'running'");
    assert.equal(rows.length, 0);
  });
});

suite('proofs and checkpoints', () => {
  test('a posting is proved by a document that needs no database', async () => {
    const made = await logged(700, 'text');
    const { origin } = await readLog(db, made.key);
    const keys = (await verifierKeys(db, origin)).map(formatVerifierKey);
    for (const at of [0, 255, 256, 699]) {
      const proof: unknown = JSON.parse(JSON.stringify(await evidence.prove(made.code, made.transfers[at] ?? '')));
      const proved = verifyProof(proof, keys);
      assert.deepEqual([proved.index, proved.size, proved.origin], [BigInt(at), 700n, origin]);
      assert.equal(decodeLeaf(proved.entry).id, made.transfers[at]);
    }
    for (const id of ['00000000-0000-7000-8000-000000000000', 'nonsense']) {
      await assert.rejects(evidence.prove(made.code, id), { code: 'evidence_posting_not_found' });
    }
  });

  test('every checkpoint continues the ones before, and an unchanged log is not signed again', async () => {
    const made = await logged(300);
    const first = await latestCheckpoint(db, made.key);
    assert.equal((await evidence.sign(await findBook(db, made.code)))?.note, first.note);
    await more(made, 40);
    const second = await catchUp(made);
    assert.equal(second.size, 340);
    const proof = await consistencyProof(db, made.key, 300, 340);
    assert.ok(verifyConsistency(300n, 340n, proof, first.root, second.root));
    for (const [from, to] of [
      [0, 340],
      [341, 340],
      [1, 341],
    ] as const) {
      await assert.rejects(consistencyProof(db, made.key, from, to), { code: 'evidence_size_invalid' });
    }
  });

  test('keys are files only their owner can read; after a rotation old and new ones sign', async () => {
    const made = await logged(3);
    const one = await findBook(db, made.code);
    const { origin } = await readLog(db, made.key);
    const [old] = await verifierKeys(db, origin);
    const before = await latestCheckpoint(db, made.key);
    await evidence.keyring.rotate(db, 30);
    const during = await evidence.sign(one);
    const [, successor] = await verifierKeys(db, origin);
    assert.ok(old !== undefined && successor !== undefined && during !== null);
    assert.equal(parseNote(during.note).signatures.length, 2);
    for (const key of [old, successor]) assert.equal(openCheckpoint(during.note, [key]).size, 3n);
    clock.advance({ hours: 24 * 31 });
    const later = await evidence.sign(one);
    assert.ok(later !== null);
    assert.equal(parseNote(later.note).signatures.length, 1);
    assert.throws(() => openCheckpoint(later.note, [old]), { code: 'evidence_signature_invalid' });
    assert.equal(openCheckpoint(before.note, [old]).size, 3n);
    assert.deepEqual(await findings(made), []);
    if (process.platform !== 'win32') {
      for (const file of readdirSync(folder)) assert.equal(statSync(join(folder, file)).mode & 0o777, 0o600, file);
    }
    const elsewhere = openPostingEvidence({ db, clock, folder: join(folder, 'none'), origin: 'bank.example/evidence' });
    await more(made, 1);
    await assert.rejects(elsewhere.catchUp(one), { code: 'evidence_key_unavailable' });
  });
});

suite('erasure', () => {
  test('takes texts and salts, keeps reason, leaf and proof', async () => {
    const made = await logged(300, '给某人');
    const id = made.transfers[100] ?? '';
    const before = await evidence.prove(made.code, id, { texts: true });
    assert.equal(before.texts?.description?.text, '给某人 100');
    const erase = () => db.transaction((tx) => evidence.erase(tx, made.code, id, 'request 17'));
    assert.equal(await erase(), true);
    assert.equal(await erase(), false);
    const afterwards = await evidence.prove(made.code, id, { texts: true });
    assert.deepEqual(afterwards, { ...before, texts: { description: null, reference: null } });
    assert.deepEqual(await findings(made), []);
    const { rows } = await db.query<{ reason: string; zeros: boolean }>(
      `select e.reason, substring(s.salts from 1 + 32 * 100 for 32) = decode(repeat('00', 32), 'hex') as zeros
       from evidence.erasure e join evidence.salt s using (book_id) where book_id = $1`,
      [made.bookId],
    );
    assert.deepEqual(rows, [{ reason: 'request 17', zeros: true }]);
    // Somebody who puts a text back is found.
    const restore = "update ledger.transfer set description = 'x' where book_id = $1 and sequence = 101";
    await db.admin.query(restore, [made.bookId]);
    assert.equal((await findings(made))[0]?.first.sequence, 101);
  });

  test('waits for the posting to be in the log', async () => {
    const made = await logged(1, 'text');
    const late = transfer(made.debit, made.credit, 1n, { description: 'late' });
    await ledger.post(made.code, [late]);
    const erase = db.transaction((tx) => evidence.erase(tx, made.code, late.id, 'why'));
    await assert.rejects(erase, { code: 'evidence_posting_not_found' });
    assert.equal((await report(made)).books[0]?.behind, 1);
  });
});

test('the application can add to its evidence and not rewrite it', async () => {
  for (const statement of [
    'delete from evidence.tile',
    'delete from evidence.checkpoint',
    "update evidence.checkpoint set note = ''",
    'delete from evidence.signing_key',
    "update evidence.signing_key set public_key = ''",
    'delete from evidence.erasure',
    "update evidence.salt set salts = ''",
    "update ledger.transfer set description = 'x'",
  ]) {
    await assert.rejects(db.query(statement), { code: '42501' }, statement);
  }
});
