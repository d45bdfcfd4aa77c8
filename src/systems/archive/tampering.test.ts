/** Archives, and what is kept of archived rows, changed by hand: everything is found. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, suite, test } from 'node:test';
import { gunzipSync, gzipSync } from 'node:zlib';
import { formatVerifierKey, readLog, verifierKeys } from '#engines/evidence';
import { verify } from '#engines/ledger';
import { type OldBook, testArchive } from '#test/archive';
import { transfer } from '#test/ledger';
import { archivePath } from './files.ts';
import { checkArchives, listArchives, verifyArchiveRecords } from './index.ts';
import { archiveFiles, MANIFEST } from './model.ts';

const { db, old, findings, marker } = await testArchive({ after });

async function allFindings(one: OldBook): Promise<string[]> {
  const found = [
    ...(await verify(db, { book: one.code })).findings,
    ...(await findings(one, marker())),
    ...(await verifyArchiveRecords(db, one.code)),
  ];
  return found.map(({ check }) => check);
}

suite('tampering', () => {
  const database: readonly [string, string, string[]][] = [
    [
      'a carried total',
      'update ledger.carried_day set debits_posted = debits_posted + 1 where book_id = $1 and debits_posted = 527',
      ['counters', 'code_days', 'archived'],
    ],
    [
      'a carried total and its digest',
      `update ledger.carried_day c set debits_posted = debits_posted + 1, digest = ledger.digest_of(row(c.book_id, c.account_id, c.effective_date, c.sequence, c.debits_pending, c.credits_pending, c.debits_posted + 1, c.credits_posted, null)::ledger.carried_day) where book_id = $1 and debits_posted = 527`,
      ['counters', 'code_days'],
    ],
    [
      'where a carried total stands',
      'update ledger.carried_day set sequence = sequence - 1 where book_id = $1 and debits_posted = 527',
      ['archived'],
    ],
    [
      'a carried day gone',
      'delete from ledger.carried_day where book_id = $1 and debits_posted = 527',
      ['counters', 'code_days'],
    ],
    [
      'a carried hold',
      'update ledger.carried_transfer set amount_minor = 101 where book_id = $1',
      ['pending', 'archived'],
    ],
    ['an answer gone', 'delete from ledger.answer where book_id = $1 and sequence = 2', ['archived']],
    [
      'where the journal begins',
      'update ledger.archive_end set through_sequence = 4 where book_id = $1',
      ['sequence', 'answers', 'archived', 'evidence_leaves', 'evidence_checkpoints', 'archives'],
    ],
    [
      'a posting behind the cut',
      'update ledger.transfer set amount_minor = 2 where book_id = $1',
      ['running_totals', 'counters', 'code_days', 'evidence_leaves', 'evidence_tiles', 'evidence_checkpoints'],
    ],
    [
      'a leaf of an archived posting',
      `update evidence.tile set hashes = overlay(hashes placing '\\x00' from 40) where book_id = $1 and level = 0`,
      ['evidence_leaves', 'evidence_tiles', 'evidence_checkpoints'],
    ],
    [
      'what is known of an archive',
      `update archive.archive set manifest = replace(manifest, '"records": 5', '"records": 6') where book_id = $1`,
      ['archives'],
    ],
    ['an archive forgotten', 'delete from archive.archive where book_id = $1', ['archives']],
  ];
  for (const [what, sql, checks] of database) {
    test(`${what} is found`, async () => {
      const one = await old(({ ids: [debit, credit] }) => [
        [transfer(debit, credit, 500n), transfer(debit, credit, 20n)],
        [
          transfer(credit, debit, 30n, { effectiveDate: '2026-01-31' }),
          transfer(debit, credit, 100n, { kind: 'pending' }),
        ],
        [transfer(debit, credit, 7n)],
      ]);
      await one.archive();
      const { rowCount } = await db.admin.query(sql, [one.bookId]);
      assert.ok(rowCount > 0);
      assert.deepEqual(await allFindings(one), checks);
    });
  }

  test('any changed byte of an archive is found, also by who rewrites hashes', async () => {
    const one = await old();
    await one.archive({ postingsPerArchive: 2 });
    const { origin } = await readLog(db, { bookId: one.bookId, log: 'postings' });
    const keys = (await verifierKeys(db, origin)).map(formatVerifierKey);
    const [{ manifest_sha256 = '' } = {}] = (await checkArchives(one.folder, keys)).books;
    assert.equal((await listArchives(db, one.bookId)).at(-1)?.manifestSha256, manifest_sha256);
    const unsound = (why: RegExp) =>
      assert.rejects(checkArchives(one.folder, keys), (error: { code?: string; message: string }) => {
        assert.equal(error.code, 'archive_unsound', error.message);
        assert.match(error.message, why);
        return true;
      });
    const first = archivePath(one.folder, one.code, 1);
    const changed = async (path: string, change: (text: string) => string, why: RegExp) => {
      const bytes = readFileSync(path);
      const zipped = path.endsWith('.gz');
      const text = zipped ? gunzipSync(bytes).toString() : bytes.toString();
      assert.notEqual(change(text), text);
      const after = Buffer.from(change(text));
      writeFileSync(path, zipped ? gzipSync(after) : after);
      await unsound(why);
      return () => writeFileSync(path, bytes);
    };
    for (const name of Object.values(archiveFiles)) {
      (await changed(join(first, name), (text) => text.replace('0', '1'), /is not what the manifest says/))();
    }
    // Whoever changes the manifest to fit is found by the tree, the sums, or the archive behind it.
    const rewritten = async (name: string, change: (text: string) => string, why: RegExp) => {
      const undo = await changed(join(first, name), change, /./);
      const now = createHash('sha256')
        .update(readFileSync(join(first, name)))
        .digest('hex');
      const key = Object.entries(archiveFiles).find(([, file]) => file === name)?.[0] ?? '';
      const back = await changed(
        join(first, MANIFEST),
        (text) => {
          const manifest = JSON.parse(text);
          manifest.files[key].sha256 = now;
          return `${JSON.stringify(manifest, null, 2)}\n`;
        },
        why,
      );
      back();
      undo();
    };
    const line = /"type":null/;
    await rewritten(
      archiveFiles.postings,
      (text) => text.replace(line, '"type":"x"'),
      /not those under the signed checkpoint/,
    );
    await rewritten(
      archiveFiles.postings,
      (text) => text.replace('"amount_minor":"500"', '"amount_minor":"501"'),
      /does not continue the day totals/,
    );
    await rewritten(archiveFiles.texts, (text) => text.replace('工资', '奖金'), /texts of posting 1 were changed/);
    await rewritten(
      archiveFiles.accounts,
      (text) => text.replace('"520"', '"521"'),
      /was moved otherwise|carries forward/,
    );
    (
      await changed(
        join(first, MANIFEST),
        (text) => text.replace('"archived_at": "2041', '"archived_at": "2042'),
        /manifest before it is another/,
      )
    )();
    await checkArchives(one.folder, keys);
    await assert.rejects(
      checkArchives(
        one.folder,
        keys.map((key) => key.replace('bank', 'bunk')),
      ),
      { code: 'archive_unsound' },
    );
    rmSync(first, { recursive: true });
    assert.equal((await checkArchives(one.folder, keys)).books[0]?.first_sequence, '3');
    assert.ok(!existsSync(first));
  });
});
