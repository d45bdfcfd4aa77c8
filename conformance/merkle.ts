/**
 * Runs the inclusion and consistency vectors of transparency-dev/merkle (RFC 6962) against the evidence engine: every
 * good proof must be accepted and every bad one refused. One file, one case.
 */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  verifyConsistency,
  verifyInclusion,
  verifySubtreeConsistency,
  verifySubtreeInclusion,
} from '#engines/evidence';
import type { Suite } from './lib/contract.ts';

/** A vector; sizes go up to 2^64 - 1 and are read from their digits. */
type Vector = Readonly<Record<string, unknown>>;

const judges: Readonly<Record<string, (vector: Vector) => boolean>> = {
  inclusion: (v) =>
    verifyInclusion(size(v, 'leafIdx'), size(v, 'treeSize'), bytes(v.leafHash), proof(v), bytes(v.root)),
  consistency: (v) => verifyConsistency(size(v, 'size1'), size(v, 'size2'), proof(v), bytes(v.root1), bytes(v.root2)),
  subtreeinclusion: (v) =>
    verifySubtreeInclusion(size(v, 'leafIdx'), subtree(v), bytes(v.leafHash), proof(v), bytes(v.root)),
  subtreeconsistency: (v) =>
    verifySubtreeConsistency(subtree(v), size(v, 'size'), proof(v), bytes(v.root1), bytes(v.root2)),
};

export const run: Suite = async ({ folder, progress }) => {
  const root = join(folder, 'testdata');
  const files = (await readdir(root, { recursive: true })).filter((file) => file.endsWith('.json')).sort();
  const rows: string[][] = [['suite', 'case', 'expected', 'result']];
  const failures: { case: string; reason: string }[] = [];
  for (const [index, file] of files.entries()) {
    progress(index, files.length, file);
    const [suite = ''] = file.split(/[\\/]/);
    const vector = parse(await readFile(join(root, file), 'utf8'));
    const expected = vector.wantErr === true ? 'refused' : 'accepted';
    const judge = judges[suite];
    const actual = judge === undefined ? `no judge for ${suite}` : judge(vector) ? 'accepted' : 'refused';
    const name = file.replaceAll('\\', '/').replace(/\.json$/, '');
    rows.push([suite, name.slice(suite.length + 1), expected, actual === expected ? 'SUCCESS' : 'ERROR']);
    if (actual !== expected) failures.push({ case: name, reason: `expected ${expected}: ${actual}` });
  }
  progress(files.length, files.length);
  const passed = files.length - failures.length;
  return { total: files.length, passed, failed: failures.length, skipped: 0, failures, rows };
};

function parse(text: string): Vector {
  return JSON.parse(text, (_key, value, context?: { source?: string }) =>
    typeof value === 'number' && context?.source !== undefined ? BigInt(context.source) : value,
  ) as Vector;
}

function size(vector: Vector, name: string): bigint {
  const value = vector[name];
  if (typeof value !== 'bigint') throw new Error(`${name} is no whole number`);
  return value;
}

function subtree(vector: Vector) {
  return { start: size(vector, 'start'), end: size(vector, 'end') };
}

/** Go writes no bytes and no proof as null. */
function bytes(value: unknown): Uint8Array {
  return typeof value === 'string' ? Buffer.from(value, 'base64') : new Uint8Array(0);
}

function proof(vector: Vector): Uint8Array[] {
  return Array.isArray(vector.proof) ? vector.proof.map(bytes) : [];
}
