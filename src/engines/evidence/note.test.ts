/** Signed notes, checkpoints, tile paths and proof files: the formats to the letter. */
import assert from 'node:assert/strict';
import { createPrivateKey, createPublicKey, sign } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { suite, test } from 'node:test';
import { formatCheckpoint, openCheckpoint, parseCheckpoint, signCheckpoint } from './checkpoint.ts';
import { emptyRoot, fromBase64, leafHash, nodeHash, toBase64 } from './hash.ts';
import { formatVerifierKey, keyId, openNote, parseNote, parseVerifierKey, type Signer, signNote } from './note.ts';
import { formatProof, verifyProof } from './proof-file.ts';
import { decodeBundle, encodeBundle, parseTilePath, tilePath, tilesOf } from './tiles.ts';

/** A signer from a fixed seed. */
function signer(name: string, seed: number): Signer {
  const der = Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), Buffer.alloc(32, seed)]);
  const privateKey = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' });
  const publicKey = Buffer.from(createPublicKey(privateKey).export({ format: 'jwk' }).x ?? '', 'base64url');
  return { name, publicKey, sign: (text) => sign(null, text, privateKey) };
}

const bank = signer('bank.example/log', 1);
const successor = signer('bank.example/log', 2);
const stranger = signer('else.example', 3);

suite('signed notes', () => {
  test('a note from the documentation of Go’s sumdb opens with its key', () => {
    const text =
      'If you think cryptography is the answer to your problem,\nthen you don’t know what your problem is.\n'.replace(
        '’',
        "'",
      );
    const key = parseVerifierKey('PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW');
    const signature = 'x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=';
    assert.equal(openNote(`${text}\n— PeterNeumann ${signature}\n`, [key]).text, text);
  });

  test('key ids are those of others', () => {
    const go = 'sum.golang.org+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8';
    assert.equal(Buffer.from(keyId(parseVerifierKey(go))).toString('hex'), '033de0ae');
    assert.equal(formatVerifierKey(parseVerifierKey(go)), go);
    for (const bad of [go.replace('033d', '033e'), go.replace('+Ac4', '+Bc4'), 'a b+033de0ae+Ac4z', '', `${go}=`]) {
      assert.throws(() => parseVerifierKey(bad), { code: 'evidence_key_malformed' });
    }
  });

  test('text and signatures are separated by the last empty line', () => {
    const note = signNote('one\n\ntwo\n', [bank]);
    assert.equal(openNote(note, [bank]).text, 'one\n\ntwo\n');
  });

  test('unknown signatures are ignored, wrong ones of known keys refuse the note', () => {
    const note = signNote('text\n', [stranger, bank]);
    assert.deepEqual(openNote(note, [bank]).signedBy, [bank]);
    assert.throws(() => openNote(note, [successor]), { code: 'evidence_signature_invalid' });
    assert.throws(() => openNote(note.replace('text', 'test'), [bank]), { code: 'evidence_signature_invalid' });
  });

  for (const [what, note] of [
    ['no signatures', 'text\n'],
    ['no newline at the end', signNote('text\n', [bank]).slice(0, -1)],
    ['a hyphen instead of a dash', signNote('text\n', [bank]).replace('—', '-')],
    ['a control character', signNote('te\txt\n', [bank])],
    ['base64 with a blank', signNote('text\n', [bank]).replace(/=\n$/, ' =\n')],
  ] as const) {
    test(`refuses a note with ${what}`, () => {
      assert.throws(() => parseNote(note), { code: 'evidence_note_malformed' });
    });
  }
});

suite('checkpoints', () => {
  const checkpoint = { origin: 'bank.example/log', size: 3n, root: emptyRoot() };

  test('are written as the specification shows them', () => {
    const text = 'example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n';
    assert.equal(formatCheckpoint(parseCheckpoint(text)), text);
    assert.deepEqual(parseCheckpoint(`${text}more\n`).extensions, ['more']);
  });

  test('open with the old and the new key while keys change', () => {
    const note = signCheckpoint(checkpoint, [successor, bank]);
    for (const key of [bank, successor]) assert.equal(openCheckpoint(note, [key]).size, 3n);
  });

  test('must be signed by the log itself, not only by a witness', () => {
    const note = signCheckpoint(checkpoint, [stranger]);
    assert.throws(() => openCheckpoint(note, [stranger]), { code: 'evidence_signature_invalid' });
  });

  for (const bad of [
    'a\n03\nAA==\n',
    `a\n3\n${toBase64(emptyRoot())}`,
    `\n3\n${toBase64(emptyRoot())}\n`,
    'a\n3\nAA==\n',
  ]) {
    test(`refuses ${JSON.stringify(bad)}`, () => {
      assert.throws(() => parseCheckpoint(bad), { code: 'evidence_checkpoint_malformed' });
    });
  }
});

suite('tiles', () => {
  for (const [tile, path] of [
    [{ level: 0, index: 0, width: 256 }, 'tile/0/000'],
    [{ level: 1, index: 1234067, width: 256 }, 'tile/1/x001/x234/067'],
    [{ level: 0, index: 1000, width: 17 }, 'tile/0/x001/000.p/17'],
    [{ level: 'entries', index: 273, width: 112 }, 'tile/entries/273.p/112'],
    [{ level: 63, index: 5, width: 1 }, 'tile/63/005.p/1'],
  ] as const) {
    test(path, () => {
      assert.equal(tilePath(tile), path);
      assert.deepEqual(parseTilePath(path), tile);
    });
  }

  test('paths written otherwise name nothing', () => {
    const bad = [
      '0/00',
      '0/0000',
      '0/x000/001',
      '00/000',
      '64/000',
      '0/000.p/0',
      '0/000.p/256',
      '0/000.p/07',
      '0/001/000',
      '0/x001',
      'data/000',
      '0/000/',
      '-1/000',
    ];
    assert.deepEqual(
      bad.filter((path) => parseTilePath(`tile/${path}`) !== null),
      [],
    );
  });

  test('a tree of 70,000 leaves has the tiles the specification counts', () => {
    const tiles = [...tilesOf(70_000)];
    const count = (level: number, full: boolean) =>
      tiles.filter((tile) => tile.level === level && (tile.width === 256) === full).length;
    assert.deepEqual(
      [count(0, true), count(0, false), count(1, true), count(1, false), count(2, false)],
      [273, 1, 1, 1, 1],
    );
    const widths = tiles.filter((tile) => tile.width < 256).map((tile) => tile.width);
    assert.deepEqual(widths, [112, 17, 1]);
    assert.deepEqual(
      [...tilesOf(256)],
      [
        { level: 0, index: 0, width: 256 },
        { level: 1, index: 0, width: 1 },
      ],
    );
  });

  test('bundles hold entries behind their lengths', () => {
    const entries = [Buffer.from('one'), Buffer.alloc(0), Buffer.alloc(65_535, 7)];
    const bundle = encodeBundle(entries);
    assert.equal(Buffer.from(bundle.subarray(0, 7)).toString('hex'), '00036f6e650000');
    assert.deepEqual(
      decodeBundle(bundle)?.map((entry) => Buffer.from(entry)),
      entries,
    );
    assert.equal(decodeBundle(bundle.subarray(0, 4)), null);
    assert.throws(() => encodeBundle([Buffer.alloc(65_536)]), { code: 'evidence_entry_too_long' });
  });
});

suite('proof files', () => {
  const [left, right] = [Buffer.from('left'), Buffer.from('right')];
  const root = nodeHash(leafHash(left), leafHash(right));
  const checkpoint = signCheckpoint({ origin: bank.name, size: 2n, root }, [bank]);
  const file = formatProof({ index: 1n, entry: right, proof: [leafHash(left)], checkpoint, keys: [] });

  test('stand by themselves', () => {
    const proved = verifyProof(JSON.parse(JSON.stringify(file)), [formatVerifierKey(bank)]);
    assert.deepEqual([proved.index, proved.size, Buffer.from(proved.entry)], [1n, 2n, right]);
  });

  for (const [code, change] of [
    ['evidence_proof_invalid', { index: '0' }],
    ['evidence_proof_invalid', { leaf: toBase64(left) }],
    ['evidence_proof_invalid', { proof: [] }],
    ['evidence_signature_invalid', { checkpoint: checkpoint.replace('\n2\n', '\n3\n') }],
    ['evidence_proof_malformed', { format: 'other' }],
    ['evidence_proof_malformed', { index: '01' }],
    ['evidence_proof_malformed', { leaf: 'a' }],
    ['evidence_note_malformed', { checkpoint: '' }],
  ] as const) {
    test(`${code}: ${JSON.stringify(change).slice(0, 60)}`, () => {
      assert.throws(() => verifyProof({ ...file, ...change }, [bank]), { code });
    });
  }
  test('need a key from elsewhere', () => {
    assert.throws(() => verifyProof(file, [stranger]), { code: 'evidence_signature_invalid' });
  });
});

test('base64 has one text for each value', () => {
  assert.deepEqual(
    ['AA==', 'AB==', 'AA', 'A A=', 'AA==\n'].map((text) => fromBase64(text) !== null),
    [true, false, false, false, false],
  );
});

test('what verifies for outsiders needs no Node', () => {
  const seen = new Set<string>();
  const visit = (file: string) => {
    if (seen.has(file)) return;
    seen.add(file);
    const text = readFileSync(file, 'utf8');
    for (const [, from = ''] of text.matchAll(/^(?:import|export)\s(?!type\b)[^;]*?from '([^']+)'/gm)) {
      assert.ok(!from.startsWith('node:'), `${file} imports ${from}`);
      if (from.startsWith('.')) visit(join(dirname(file), from));
      else assert.match(from, /^(@noble\/|#kernel\/errors$)/);
    }
  };
  visit(join(import.meta.dirname, 'pure.ts'));
  assert.ok(seen.size > 5);
});
