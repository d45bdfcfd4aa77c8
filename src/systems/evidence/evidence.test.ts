/** The log of postings on a real database: leaves, checkpoints, proofs, what verify finds, erasure, keys. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { after, suite, test } from 'node:test';
import {
  consistencyProof,
  formatVerifierKey,
  latestCheckpoint,
  leafHashes,
  openCheckpoint,
  openMarker,
  parseNote,
  readLog,
  verifierKeys,
  verifyConsistency,
  verifyProof,
} from '#engines/evidence';
import { listTransfers } from '#engines/ledger';
import { findBook } from '#kernel/events';
import { about, type TestBook, testLedger, transfer } from '#test/ledger';
import { decodeLeaf, encodeLeaf, leafKinds, openPostingEvidence, POSTINGS, verifyPostings } from './index.ts';

const { db, clock, ledger, book } = await testLedger({ after });
const folder = join(db.config.dataFolder, 'evidence');
const evidence = openPostingEvidence({ db, clock, folder, origin: 'bank.example/evidence' });

/** A book with `count` transfers in batches, caught up and signed. */
async function filled(count: number, text?: string): Promise<TestBook & { ids: string[] }> {
  const made = await book({ side: 'debit', code: '1001' }, {});
  const ids: string[] = [];
  for (let from = 0; from < count; from += 400) {
    const batch = Array.from({ length: Math.min(400, count - from) }, (_, index) =>
      transfer(made.ids[0], made.ids[1], BigInt(from + index + 1), {
        ...(text === undefined ? {} : { description: `${text} ${from + index}`, reference: 'R' }),
      }),
    );
    await ledger.post(made.code, batch);
    ids.push(...batch.map(({ id }) => id));
  }
  await evidence.catchUp(await findBook(db, made.code));
  return { ...made, ids: ids as unknown as TestBook['ids'] & string[] };
}

const key = (made: TestBook) => ({ bookId: made.bookId, log: POSTINGS });
const verifyBook = (made: TestBook, marker = openMarker(folder, { create: false })) =>
  verifyPostings(db, { book: made.code, marker });
const findings = async (made: TestBook, marker?: ReturnType<typeof openMarker>) =>
  (await verifyPostings(db, { book: made.code, marker })).findings;

suite('leaves', () => {
  test('hold every field of a posting, so that an outsider can rebuild them', async () => {
    const made = await book({ side: 'debit', code: '1001' }, {});
    const pending = transfer(made.ids[0], made.ids[1], 500n, { kind: 'pending', expiresAt: '9999-12-31T00:00:00Z' });
    const plain = transfer(made.ids[0], made.ids[1], 700n, {
      type: '工资',
      description: '三月工资',
      reference: 'R-1',
      effectiveDate: '1999-12-31',
    });
    const linked = transfer(made.ids[0], made.ids[1], 1n, { linked: true });
    await ledger.post(made.code, [pending, plain, linked, transfer(made.ids[0], made.ids[1], 2n)]);
    await ledger.post(made.code, [about('post', pending.id, { amount: 200n }), about('reverse', plain.id)]);
    await evidence.catchUp(await findBook(db, made.code));
    const rows = await listTransfers(db, made.bookId, { limit: 10 });
    assert.equal(rows.length, 6);
    for (const row of rows) {
      const proof = await evidence.prove(made.code, row.id, { texts: true });
      const leaf = Buffer.from(proof.leaf, 'base64');
      const said = decodeLeaf(leaf);
      assert.deepEqual(Buffer.from(encodeLeaf(said)), leaf);
      const { rows: stored } = await db.query<Record<string, bigint>>(
        'select * from ledger.transfer where book_id = $1 and sequence = $2',
        [made.bookId, row.sequence],
      );
      const day = ['debit', 'credit'].flatMap((side) =>
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
        adjustment: false,
        type: row.type,
        description_hash: hashOf(proof.texts?.description),
        reference_hash: hashOf(proof.texts?.reference),
        released_minor: String(stored[0]?.released_minor),
        day_totals_minor: day,
      });
      assert.deepEqual(
        [proof.texts?.description?.text ?? null, proof.texts?.reference?.text ?? null],
        [row.description, row.reference],
      );
    }
    assert.deepEqual(new Set(rows.map(({ kind }) => leafKinds.includes(kind))), new Set([true]));
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
    await evidence.catchUp(one);
    stop.abort();
    await Promise.all(running);
    assert.equal((await readLog(db, key(made))).size, 360);
    assert.deepEqual(await findings(made, openMarker(folder, { create: false })), []);
    const { rows } = await db.query('select from kernel.consumer_checkpoint where state <> $1', ['running']);
    assert.equal(rows.length, 0);
  });
});

suite('proofs and checkpoints', () => {
  test('a posting is proved by a document that needs no database', async () => {
    const made = await filled(700, 'text');
    const log = await readLog(db, key(made));
    const keys = (await verifierKeys(db, log.origin)).map(formatVerifierKey);
    for (const at of [0, 255, 256, 699]) {
      const proof = JSON.parse(JSON.stringify(await evidence.prove(made.code, made.ids[at] ?? '')));
      const proved = verifyProof(proof, keys);
      assert.deepEqual(
        [proved.index, proved.size, proved.origin],
        [BigInt(at), 700n, `bank.example/evidence/${made.code}`],
      );
      assert.equal(decodeLeaf(proved.entry).id, made.ids[at]);
    }
    await assert.rejects(evidence.prove(made.code, '00000000-0000-7000-8000-000000000000'), {
      code: 'evidence_posting_not_found',
    });
    await assert.rejects(evidence.prove(made.code, 'nonsense'), { code: 'evidence_posting_not_found' });
  });

  test('every checkpoint continues the ones before, and an unchanged log is not signed again', async () => {
    const made = await filled(300);
    const first = await latestCheckpoint(db, key(made));
    const one = await findBook(db, made.code);
    assert.deepEqual((await evidence.sign(one))?.note, first.note);
    await ledger.post(
      made.code,
      Array.from({ length: 40 }, () => transfer(made.ids[0], made.ids[1], 1n)),
    );
    // The two accounts of the book are not the transfers' ids: they were refused, so nothing was appended.
    assert.equal((await evidence.catchUp(one)).size, 300);
    const more = await accountsOf(made);
    await ledger.post(
      made.code,
      Array.from({ length: 40 }, () => transfer(more[0], more[1], 1n)),
    );
    const second = await evidence.catchUp(one);
    assert.equal(second.size, 340);
    const proof = await consistencyProof(db, key(made), 300, 340);
    assert.ok(verifyConsistency(300n, 340n, proof, first.root, second.root));
    for (const [from, to] of [
      [0, 340],
      [341, 340],
      [1, 341],
    ] as const) {
      await assert.rejects(consistencyProof(db, key(made), from, to), { code: 'evidence_size_invalid' });
    }
  });

  test('keys are files only their owner can read; after a rotation old and new ones sign', async () => {
    const made = await filled(3);
    const one = await findBook(db, made.code);
    const { origin } = await readLog(db, key(made));
    const [old] = await verifierKeys(db, origin);
    assert.ok(old !== undefined);
    const before = await latestCheckpoint(db, key(made));
    await evidence.keyring.rotate(db, 30);
    const during = await evidence.sign(one);
    assert.equal(parseNote(during?.note ?? '').signatures.length, 2);
    const [, successor] = await verifierKeys(db, origin);
    assert.ok(successor !== undefined);
    for (const one of [old, successor]) assert.equal(openCheckpoint(during?.note ?? '', [one]).size, 3n);
    clock.advance({ hours: 24 * 31 });
    const later = await evidence.sign(one);
    assert.equal(parseNote(later?.note ?? '').signatures.length, 1);
    assert.throws(() => openCheckpoint(later?.note ?? '', [old]), { code: 'evidence_signature_invalid' });
    assert.equal(openCheckpoint(before.note, [old]).size, 3n);
    assert.deepEqual(await findings(made), []);
    if (process.platform !== 'win32') {
      for (const file of readdirSync(folder)) assert.equal(statSync(join(folder, file)).mode & 0o777, 0o600, file);
    }
  });
});

async function accountsOf(made: TestBook): Promise<readonly [string, string]> {
  const { rows } = await db.query<{ id: string }>(
    'select account_id as id from ledger.account where book_id = $1 order by code',
    [made.bookId],
  );
  return [rows[0]?.id ?? '', rows[1]?.id ?? ''];
}

suite('verify', () => {
  const columns = [
    ['transfer_id', "'00000000-0000-7000-8000-000000000001'"],
    ['kind', '1'],
    ['amount_minor', 'amount_minor + 1'],
    ['currency', "'CNX'"],
    ['effective_date', 'effective_date + 1'],
    ['recorded_at', "recorded_at + interval '1 microsecond'"],
    ['related_id', "'00000000-0000-7000-8000-000000000001'"],
    ['expires_at', "'2030-01-01'"],
    ['linked', 'not linked'],
    ['type', "'x'"],
    ['description', "description || ' '"],
    ['reference', 'null'],
    ['released_minor', '1'],
    ['credit_day_credits_posted', 'credit_day_credits_posted + 1'],
  ] as const;

  test('names the posting of which any field was changed', async () => {
    const made = await filled(600, 'text');
    assert.deepEqual(await verifyBook(made), {
      books: [{ book: made.code, leaves: 600, behind: 0 }],
      checks: 3,
      findings: [],
    });
    for (const [column, value] of columns) {
      const where = `book_id = ${made.bookId} and sequence = 300`;
      await db.admin.query(`create table saved as select * from ledger.transfer where ${where}`);
      await db.admin.query(`update ledger.transfer set ${column} = ${value} where ${where}`);
      const [found, ...more] = await findings(made);
      assert.equal(found?.check, 'evidence_leaves', column);
      assert.equal(found?.first.sequence, 300, column);
      assert.equal(found?.count, 1, column);
      assert.ok(more.every(({ check }) => check !== 'evidence_leaves'));
      await db.admin.query(`delete from ledger.transfer where ${where}`);
      await db.admin.query('insert into ledger.transfer select * from saved');
      await db.admin.query('drop table saved');
    }
    assert.deepEqual(await findings(made), []);
  });

  /** What somebody does who owns the database: changes a row and computes all hashes above it anew. */
  async function forge(made: TestBook, sequence: number): Promise<void> {
    await db.admin.query(
      `update ledger.transfer set amount_minor = amount_minor + 1 where book_id = $1 and sequence = $2`,
      [made.bookId, sequence],
    );
    const marks = await db.admin.query('select tile, marks from evidence.tile where book_id = $1 and level = 0', [
      made.bookId,
    ]);
    const { size } = await readLog(db, key(made));
    const source = await evidence.source(made.code);
    const entries = await source.entries(0, size);
    await db.admin.query('delete from evidence.tile where book_id = $1', [made.bookId]);
    await db.admin.query(`update evidence.log set size = 0 where book_id = $1`, [made.bookId]);
    const { appendHashes, lockLog } = await import('#engines/evidence');
    await db.transaction(async (tx) => appendHashes(tx, await lockLog(tx, key(made)), leafHashes(entries)));
    for (const row of marks.rows) {
      await db.admin.query('update evidence.tile set marks = $3 where book_id = $1 and level = 0 and tile = $2', [
        made.bookId,
        row.tile,
        row.marks,
      ]);
    }
  }

  test('names the posting also when every hash in the database was computed anew', async () => {
    const made = await filled(600);
    await forge(made, 123);
    const found = await findings(made, openMarker(folder, { create: false }));
    assert.deepEqual(
      found.map(({ check }) => check),
      ['evidence_leaves', 'evidence_checkpoints'],
    );
    assert.equal(found[0]?.first.sequence, 123);
    await assert.rejects(
      async () => {
        await db.admin.query(
          'insert into evidence.tile select book_id, log, 7, 0, hashes from evidence.tile where book_id = $1 and level = 1',
          [made.bookId],
        );
        await ledger.post(made.code, [transfer(...(await accountsOf(made)), 1n)]);
        await evidence.catchUp(await findBook(db, made.code));
      },
      { code: 'evidence_log_inconsistent' },
    );
  });

  test('without the key of the marks it names the postings between two checkpoints', async () => {
    const made = await book({ side: 'debit', code: '1001' }, {});
    for (let round = 0; round < 3; round++) {
      await ledger.post(
        made.code,
        Array.from({ length: 50 }, () => transfer(made.ids[0], made.ids[1], 1n)),
      );
      await evidence.catchUp(await findBook(db, made.code));
    }
    await forge(made, 70);
    const [found, ...more] = await findings(made);
    assert.deepEqual(more, []);
    assert.deepEqual([found?.check, found?.count], ['evidence_checkpoints', 2]);
    assert.deepEqual([found?.first.first_sequence_in_question, found?.first.last_sequence_in_question], [51, 100]);
  });

  for (const [what, change, check] of [
    ['a deleted posting', 'delete from ledger.transfer where book_id = $1 and sequence = 200', 'evidence_leaves'],
    [
      'a changed leaf hash',
      `update evidence.tile set hashes = set_byte(hashes, 3200, get_byte(hashes, 3200) # 1) where book_id = $1 and level = 0 and tile = 0`,
      'evidence_leaves',
    ],
    [
      'a changed inner hash',
      `update evidence.tile set hashes = set_byte(hashes, 3, get_byte(hashes, 3) # 1) where book_id = $1 and level = 1`,
      'evidence_tiles',
    ],
    ['a missing tile', 'delete from evidence.tile where book_id = $1 and level = 1', 'evidence_tiles'],
    [
      'a changed checkpoint',
      `update evidence.checkpoint set note = replace(note, E'\\n300\\n', E'\\n299\\n') where book_id = $1`,
      'evidence_checkpoints',
    ],
    ['a changed root', `update evidence.log set root = sha256('x') where book_id = $1`, 'evidence_tiles'],
    [
      'a changed salt',
      `update evidence.salt set salts = set_byte(salts, 5, get_byte(salts, 5) # 1) where book_id = $1`,
      'evidence_leaves',
    ],
  ] as const) {
    test(`finds ${what}`, async () => {
      const made = await filled(300, 'text');
      await db.admin.query(change, [made.bookId]);
      const found = await findings(made);
      assert.equal(found[0]?.check, check, JSON.stringify(found));
    });
  }
});

suite('erasure', () => {
  test('takes texts and salts, keeps reason, leaf and proof', async () => {
    const made = await filled(300, '给某人');
    const id = made.ids[100] ?? '';
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
    // Somebody who puts the text back is found.
    await db.admin.query("update ledger.transfer set description = 'x' where book_id = $1 and sequence = 101", [
      made.bookId,
    ]);
    assert.equal((await findings(made))[0]?.first.sequence, 101);
  });

  test('waits for the posting to be in the log', async () => {
    const made = await filled(1, 'text');
    const late = transfer(...(await accountsOf(made)), 1n, { description: 'late' });
    await ledger.post(made.code, [late]);
    await assert.rejects(
      db.transaction((tx) => evidence.erase(tx, made.code, late.id, 'why')),
      { code: 'evidence_posting_not_found' },
    );
    assert.equal((await verifyBook(made)).books[0]?.behind, 1);
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
