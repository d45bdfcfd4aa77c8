import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { LongmenError } from '#kernel/errors';
import { readLines } from './lines.ts';
import { formatOf, readRecords } from './records.ts';

type Read = [line: number, values: Record<string, string>][];

async function read(name: string, content: string | Buffer): Promise<Read> {
  const folder = await mkdtemp(join(tmpdir(), 'longmen-records-'));
  try {
    const path = join(folder, name);
    await writeFile(path, content);
    const records: Read = [];
    for await (const { line, values } of readRecords(readLines(path), formatOf(path))) {
      records.push([line, Object.fromEntries(values)]);
    }
    return records;
  } finally {
    await rm(folder, { recursive: true });
  }
}

describe('the records of a file', () => {
  const readable: [name: string, file: string, content: string, expected: Read][] = [
    [
      'CSV',
      'a.csv',
      'id,amount\n1,2.50\n3,4\n',
      [
        [2, { id: '1', amount: '2.50' }],
        [3, { id: '3', amount: '4' }],
      ],
    ],
    [
      'CSV with CRLF and no last line end',
      'a.csv',
      'id,amount\r\n1,2\r\n3,4',
      [
        [2, { id: '1', amount: '2' }],
        [3, { id: '3', amount: '4' }],
      ],
    ],
    ['CSV with nothing but a header', 'a.csv', 'id,amount\n', []],
    ['CSV with empty fields', 'a.csv', 'id,type,amount\n,,2\n', [[2, { amount: '2' }]]],
    ['CSV with quotes', 'a.csv', 'id,description\n1,"a, ""b"""\n', [[2, { id: '1', description: 'a, "b"' }]]],
    [
      'CSV with a line end in a field',
      'a.csv',
      'id,description\n1,"one\ntwo\n\nthree"\n2,x\n',
      [
        [2, { id: '1', description: 'one\ntwo\n\nthree' }],
        [6, { id: '2', description: 'x' }],
      ],
    ],
    ['CSV with a byte order mark', 'a.csv', '\uFEFFid\n1\n', [[2, { id: '1' }]]],
    [
      'JSON Lines',
      'a.jsonl',
      '{"id":"1","linked":true}\n{"id":"2","type":null,"reference":""}',
      [
        [1, { id: '1', linked: 'true' }],
        [2, { id: '2' }],
      ],
    ],
    ['an empty JSON Lines file', 'a.ndjson', '', []],
  ];
  for (const [name, file, content, expected] of readable) {
    it(`are read from ${name}`, async () => assert.deepEqual(await read(file, content), expected));
  }

  const damaged: [name: string, file: string, content: string | Buffer, line: number, reason: RegExp][] = [
    ['an empty CSV file', 'a.csv', '', 1, /the header is missing/],
    ['an unknown column', 'a.csv', 'id,value\n1,2\n', 1, /unknown column "value"/],
    ['a column twice', 'a.csv', 'id,id\n1,2\n', 1, /column "id" twice/],
    ['a field too few', 'a.csv', 'id,amount\n1,2\n3\n', 3, /has 1 columns instead of 2/],
    ['a field too many', 'a.csv', 'id,amount\n1,2,3\n', 2, /has 3 columns instead of 2/],
    ['an empty line', 'a.csv', 'id,amount\n1,2\n\n3,4\n', 3, /has 1 columns instead of 2/],
    ['a quote never closed', 'a.csv', `id,type\n1,2\n3,"4\n${'5,6\n'.repeat(500)}`, 3, /a quote is not closed/],
    ['a quote out of place', 'a.csv', 'id,type\n1,2\n3,"4" x\n5,6\n', 3, /a quote is out of place/],
    [
      'quotes that pair up over lines but not over fields',
      'a.csv',
      'id,type\n1,x"y\nz"\n5,6\n',
      2,
      /a quote is out of place/,
    ],
    ['bytes that are not UTF-8', 'a.csv', Buffer.from([...Buffer.from('id\n1\n'), 0xff, 0x0a]), 3, /not UTF-8/],
    ['a line without end', 'a.jsonl', `{}\n"${'x'.repeat(1_100_000)}"`, 2, /is longer than/],
    ['text that is not JSON', 'a.jsonl', '{"id":"1"}\n{"id":\n', 2, /is not JSON/],
    ['an empty line in JSON Lines', 'a.jsonl', '{}\n\n{}\n', 2, /is empty/],
    ['JSON that is no object', 'a.jsonl', '["id"]\n', 1, /is not a JSON object/],
    ['an unknown key', 'a.jsonl', '{"ID":"1"}\n', 1, /unknown key "ID"/],
    ['an amount as a JSON number', 'a.jsonl', '{"amount":12.3}\n', 1, /amount: must be a string such as "12.30"/],
    ['a text as true', 'a.jsonl', '{"type":true}\n', 1, /type: must be a string/],
  ];
  for (const [name, file, content, line, reason] of damaged) {
    it(`are refused for ${name}`, async () => {
      const error = await read(file, content).then(
        () => assert.fail('nothing was refused'),
        (cause: unknown) => cause,
      );
      assert.ok(error instanceof LongmenError, String(error));
      assert.deepEqual([error.code, error.meta.file, error.meta.line], ['import_row_invalid', file, line]);
      assert.match(String(error.meta.reason), reason);
    });
  }

  it('keep their lines over the borders of what is read at once', async () => {
    const count = 20_000;
    const rows = Array.from({ length: count }, (_, index) => `${index},"${'é'.repeat(index % 40)}"\n`);
    const records = await read('a.csv', `id,description\n${rows.join('')}`);
    assert.equal(records.length, count);
    assert.ok(
      records.every(
        ([line, { id, description = '' }], index) =>
          line === index + 2 && Number(id) === index && description.length === index % 40,
      ),
    );
  });

  it('have no format but these', () => {
    assert.throws(() => formatOf('a.xlsx'), { code: 'import_format_unknown' });
  });
});
