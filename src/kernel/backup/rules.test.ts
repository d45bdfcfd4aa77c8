/** The rules without I/O: positions, sealing, the manifest, cutting archives, errors. */
import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { LongmenError } from '#kernel/errors';
import { translateWriting } from './errors.ts';
import { type Entry, firstPrevious, lineHash, manifestLine, readHead, readManifest } from './manifest.ts';
import { parsePosition, positionText, segmentName, segmentStart } from './positions.ts';
import { deriveKeys, openPart, sealPart } from './seal.ts';
import { blockBytes, paddingOf, TarCutter } from './tar.ts';
import { TarReader } from './tar-reader.ts';

const keys = deriveKeys(Buffer.alloc(32, 7));
const otherKeys = deriveKeys(Buffer.alloc(32, 8));
const mib = 1024 * 1024;

const codeOf = (error: unknown) => (error instanceof LongmenError ? error.code : String(error));
async function codeFrom(work: () => unknown): Promise<string> {
  try {
    await work();
    return 'ok';
  } catch (error) {
    return codeOf(error);
  }
}

test('positions in the log and names of segments', () => {
  const cases: [text: string, position: bigint, timeline: number, bytes: number, start: string, name: string][] = [
    ['0/0', 0n, 1, 16 * mib, '0/0', '000000010000000000000000'],
    ['0/1B82768', 0x1b82768n, 1, 16 * mib, '0/1000000', '000000010000000000000001'],
    ['16/B374D848', 0x16b374d848n, 2, 16 * mib, '16/B3000000', '0000000200000016000000B3'],
    ['1/FF000000', 0x1ff000000n, 11, 16 * mib, '1/FF000000', '0000000B00000001000000FF'],
    ['1/FFFFFFFF', 0x1ffffffffn, 1, 1024 * mib, '1/C0000000', '000000010000000100000003'],
  ];
  for (const [text, position, timeline, bytes, start, name] of cases) {
    assert.equal(parsePosition(text), position);
    assert.equal(positionText(position), text);
    assert.equal(positionText(segmentStart(position, bytes)), start);
    assert.equal(segmentName(timeline, position, bytes), name);
  }
  for (const bad of ['', '1', '1/', 'G/0', '1/123456789', ' 0/0']) assert.throws(() => parsePosition(bad), RangeError);
});

test('what is sealed comes back, whatever its size', async () => {
  const random = Buffer.from(fc.sample(fc.uint8Array({ minLength: 4096, maxLength: 4096 }), 1)[0] ?? []);
  const incompressible = Buffer.concat(
    Array.from({ length: 600 }, (_, index) => Buffer.from(lineHash(`${index}`), 'hex')),
  );
  for (const content of [Buffer.alloc(0), Buffer.alloc(1), random, incompressible, Buffer.alloc(3 * mib, 'abc')]) {
    const sealed = await sealPart(keys, 'name', content);
    assert.ok(content.equals(await openPart(keys, 'name', sealed)));
    assert.notDeepEqual(sealed, await sealPart(keys, 'name', content));
  }
  assert.ok((await sealPart(keys, 'name', Buffer.alloc(8 * mib))).length < 10_000);
});

test('a sealed part that was tampered with is found', async () => {
  // Hashes do not compress: three chunks.
  const content = Buffer.concat(Array.from({ length: 70_000 }, (_, index) => Buffer.from(lineHash(`${index}`), 'hex')));
  const sealed = await sealPart(keys, 'wal/1', content);
  const other = await sealPart(keys, 'wal/2', content);
  const chunk = mib + 16;
  const flipped = (at: number) => {
    const copy = Buffer.from(sealed);
    copy[at] = (copy[at] ?? 0) ^ 1;
    return copy;
  };
  const swapped = Buffer.concat([
    sealed.subarray(0, 22),
    sealed.subarray(22 + chunk, 22 + 2 * chunk),
    sealed.subarray(22, 22 + chunk),
    sealed.subarray(22 + 2 * chunk),
  ]);
  const cases: [what: string, name: string, bytes: Buffer, code: string, by?: ReturnType<typeof deriveKeys>][] = [
    ['nothing', 'wal/1', sealed, 'ok'],
    ['another key', 'wal/1', sealed, 'backup_part_damaged', otherKeys],
    ['another name', 'wal/2', sealed, 'backup_part_damaged'],
    ['another part in its place', 'wal/1', other, 'backup_part_damaged'],
    ['the header', 'wal/1', flipped(0), 'backup_part_damaged'],
    ['the version', 'wal/1', flipped(4), 'backup_format_unknown'],
    ['the compression', 'wal/1', flipped(5), 'backup_part_damaged'],
    ['the file id', 'wal/1', flipped(6), 'backup_part_damaged'],
    ['the first byte', 'wal/1', flipped(22), 'backup_part_damaged'],
    ['a byte of the second chunk', 'wal/1', flipped(22 + chunk + 5), 'backup_part_damaged'],
    ['the last tag', 'wal/1', flipped(sealed.length - 1), 'backup_part_damaged'],
    ['cut off within a chunk', 'wal/1', sealed.subarray(0, sealed.length - 100), 'backup_part_damaged'],
    ['cut off behind a chunk', 'wal/1', sealed.subarray(0, 22 + 2 * chunk), 'backup_part_damaged'],
    ['cut off behind the header', 'wal/1', sealed.subarray(0, 22), 'backup_part_damaged'],
    ['empty', 'wal/1', Buffer.alloc(0), 'backup_part_damaged'],
    ['chunks in another order', 'wal/1', swapped, 'backup_part_damaged'],
    ['something behind it', 'wal/1', Buffer.concat([sealed, Buffer.alloc(20)]), 'backup_part_damaged'],
  ];
  for (const [what, name, bytes, code, by = keys] of cases) {
    assert.equal(await codeFrom(() => openPart(by, name, bytes)), code, what);
  }
});

const head: Entry = {
  kind: 'repository',
  format: 1,
  repository: 'r',
  created_at: '2026-03-02T00:00:00.000000Z',
  key: { kind: 'file' },
};
const points: Entry[] = ['0/1', '0/2', '0/3'].map((at) => ({
  kind: 'point',
  chain: 'c',
  at,
  time: '2026-03-02T00:00:01.000000Z',
}));

function manifestOf(entries: readonly Entry[], by = keys): string[] {
  let previous = firstPrevious;
  return entries.map((entry) => {
    const line = manifestLine(by, entry, previous);
    previous = lineHash(line);
    return line;
  });
}

test('a manifest that was tampered with is found, and the line named', async () => {
  const lines = manifestOf([head, ...points]);
  const [first = '', second = '', third = '', fourth = ''] = lines;
  const text = (...some: string[]) => some.map((line) => `${line}\n`).join('');
  const forged = manifestOf([head, ...points], otherKeys);
  const newer = manifestOf([{ ...head, format: 2 }]);
  const cases: [what: string, text: string, code: string, line?: number][] = [
    ['nothing', text(...lines), 'ok'],
    ['a last line that was being written', `${text(first, second)}${third.slice(0, 40)}`, 'ok'],
    ['a changed value', text(first, second.replace('0/1', '0/9'), third, fourth), 'backup_manifest_damaged', 2],
    ['a line left out', text(first, second, fourth), 'backup_manifest_damaged', 3],
    ['two lines exchanged', text(first, third, second, fourth), 'backup_manifest_damaged', 2],
    ['a line twice', text(first, second, second), 'backup_manifest_damaged', 3],
    ['a line that is no JSON', text(first, 'x', second), 'backup_manifest_damaged', 2],
    ['a line by another key', text(first, forged[1] ?? ''), 'backup_manifest_damaged', 2],
    ['all by another key', text(...forged), 'backup_key_wrong'],
    ['no first line', text(second, third), 'backup_manifest_damaged', 1],
    ['nothing at all', '', 'backup_manifest_damaged', 1],
    ['a newer format', text(...newer), 'backup_format_unknown'],
  ];
  for (const [what, given, code, line] of cases) {
    try {
      readHead(given);
      readManifest(keys, given);
      assert.equal('ok', code, what);
    } catch (error) {
      if (!(error instanceof LongmenError)) throw error;
      assert.deepEqual([error.code, error.meta.line], [code, line], what);
    }
  }
});

test('an archive is its pieces, its files come back, and what has not changed has the same pieces', (t) => {
  const file = fc.record({
    size: fc.oneof(
      { weight: 5, arbitrary: fc.nat(3_000) },
      { weight: 1, arbitrary: fc.constantFrom(0, 512, mib - 1, mib, 8 * mib, 8 * mib + 1, 17 * mib) },
    ),
    fill: fc.nat(255),
  });
  const chunks = fc.array(fc.integer({ min: 1, max: 3 * mib }), { minLength: 1, maxLength: 6 });
  fc.assert(
    fc.property(fc.array(file, { maxLength: 8 }), chunks, (files, sizes) => {
      const archive = tarOf(files);
      const pieces = cut(archive, sizes);
      assert.ok(Buffer.concat(pieces).equals(archive));
      assert.ok(pieces.every((piece) => piece.length <= 9 * mib));
      // A small file more at the front moves everything, and changes no piece of a large file.
      const moved = new Set(cut(tarOf([{ size: 100, fill: 1 }, ...files]), sizes).map((piece) => keys.nameOf(piece)));
      for (const { size, fill } of files) {
        if (size >= 8 * mib) assert.ok(moved.has(keys.nameOf(Buffer.alloc(8 * mib, fill))));
      }
      const folder = mkdtempSync(join(tmpdir(), 'longmen-tar-'));
      try {
        const reader = new TarReader(folder);
        for (const piece of pieces) reader.push(piece);
        reader.end();
        assert.equal(readdirSync(join(folder, 'base')).length, files.length);
        for (const [index, { size, fill }] of files.entries()) {
          const path = join(folder, `base/${index}`);
          assert.equal(statSync(path).size, size);
          assert.ok(readFileSync(path).equals(Buffer.alloc(size, fill)));
        }
      } finally {
        rmSync(folder, { recursive: true });
      }
    }),
    { numRuns: 12 },
  );
  const folder = mkdtempSync(join(tmpdir(), 'longmen-tar-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const cutOff = new TarReader(folder);
  cutOff.push(tarOf([{ size: 700, fill: 1 }]).subarray(0, 1_200));
  assert.throws(() => cutOff.end(), { code: 'backup_part_damaged' });
  cutOff.close();
  const outside = new TarReader(folder);
  assert.throws(() => outside.push(headerOf('../../outside', 0, '0')), { code: 'backup_part_damaged' });
});

function tarOf(files: readonly { size: number; fill: number }[]): Buffer {
  const parts = files.flatMap(({ size, fill }, index) => [
    headerOf(`base/${index}`, size, '0'),
    Buffer.alloc(size, fill),
    Buffer.alloc(paddingOf(size)),
  ]);
  return Buffer.concat([headerOf('base/', 0, '5'), ...parts, Buffer.alloc(2 * blockBytes)]);
}

function headerOf(path: string, size: number, type: string): Buffer {
  const block = Buffer.alloc(blockBytes);
  block.write(path, 0);
  block.write(size.toString(8).padStart(11, '0'), 124);
  block.write(type, 156);
  return block;
}

/** Cuts `archive` as it comes in chunks of these sizes, again and again. */
function cut(archive: Buffer, sizes: readonly number[]): Buffer[] {
  const cutter = new TarCutter();
  const pieces: Buffer[] = [];
  for (let offset = 0, turn = 0; offset < archive.length; turn++) {
    const size = sizes[turn % sizes.length] ?? 1;
    pieces.push(...cutter.push(archive.subarray(offset, offset + size)));
    offset += size;
  }
  return [...pieces, ...cutter.end()];
}

test('errors of writing have codes of the house', () => {
  const cases: [code: string, house: string | null][] = [
    ['ENOSPC', 'backup_disk_full'],
    ['EDQUOT', 'backup_disk_full'],
    ['EFBIG', 'backup_disk_full'],
    ['EACCES', 'backup_folder_unusable'],
    ['EROFS', 'backup_folder_unusable'],
    ['EIO', 'backup_folder_unusable'],
    ['ENOENT', null],
  ];
  for (const [code, house] of cases) {
    const error = Object.assign(new Error(code), { code });
    const translated = translateWriting(error, 'folder');
    assert.equal(translated === error ? null : codeOf(translated), house, code);
  }
});
