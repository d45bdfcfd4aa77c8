/**
 * The reference models of the BPMN Model Interchange Working Group: each is imported, exported and imported again. A model
 * passes when both imports are without a warning, every reference is resolved or names another document, both exports are
 * equal, and the canonical form of the original, the export and the export of the export is the same text. As a check
 * that does not rest on the metamodel, every element and attribute of the original must be in the export by number.
 */
import { readdir, readFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { isDeclaration, parseXml, type XmlElement } from '#kernel/xml';
import { canonical } from '../src/engines/process/model/canonical.ts';
import type { ProcessProblem } from '../src/engines/process/model/problems.ts';
import { readBpmn } from '../src/engines/process/model/read.ts';
import { writeBpmn } from '../src/engines/process/model/write.ts';
import type { Failure, Suite } from './lib/contract.ts';

export const run: Suite = async ({ folder, log, progress }) => {
  const files = (await readdir(folder, { recursive: true, withFileTypes: true }))
    .filter((entry) => entry.isFile() && /\.bpmn$/i.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
  const failures: Failure[] = [];
  const rows: string[][] = [['case', 'result', 'reason']];
  for (const [index, file] of files.entries()) {
    const name = relative(folder, file);
    const reasons = differences(await readFile(file));
    if (reasons.length > 0) failures.push({ case: name, reason: reasons.join('; ') });
    rows.push([name, reasons.length === 0 ? 'SUCCESS' : 'ERROR', reasons.join('; ')]);
    progress(index + 1, files.length, name);
  }
  log(`${files.length - failures.length} of ${files.length} models`);
  const failed = failures.length;
  return { total: files.length, passed: files.length - failed, failed, skipped: 0, failures, rows };
};

/** What is lost or changed between a model and its export; empty when nothing is. */
export function differences(bytes: Uint8Array): string[] {
  try {
    const original = decode(bytes);
    const imported = readBpmn(original);
    const exported = writeBpmn(imported);
    const again = readBpmn(exported);
    const reasons = [
      ...imported.warnings.map((warning) => `import: ${warningText(warning)}`),
      ...again.warnings.map((warning) => `re-import: ${warningText(warning)}`),
    ];
    const expected = canonical(original);
    const difference = firstDifference(expected, canonical(exported));
    if (difference !== null) reasons.push(`canonical XML differs: ${difference}`);
    if (writeBpmn(again) !== exported) reasons.push('the second export differs from the first');
    if (canonical(expected) !== expected) reasons.push('the canonical form is not stable');
    return [...reasons, ...inventoryDifferences(original, exported)];
  } catch (error) {
    return [error instanceof Error ? error.message : String(error)];
  }
}

/** The text of a file in the encoding its byte order mark or XML declaration names. */
function decode(bytes: Uint8Array): string {
  const mark = bytes[0] === 0xff && bytes[1] === 0xfe ? 'utf-16le' : bytes[0] === 0xfe ? 'utf-16be' : null;
  const head = new TextDecoder('latin1').decode(bytes.subarray(0, 200));
  const declared = /^<\?xml[^>]*encoding=["']([^"']+)["']/.exec(head.replace(/^\u00ef\u00bb\u00bf/, ''))?.[1];
  return new TextDecoder(mark ?? declared ?? 'utf-8', { fatal: true }).decode(bytes);
}

function warningText({ code, en, element, line }: ProcessProblem): string {
  return `${code}: ${en}${element === undefined ? '' : ` (${element}`}${element === undefined ? '' : `, line ${line})`}`;
}

function firstDifference(expected: string, actual: string): string | null {
  if (expected === actual) return null;
  const left = expected.split('\n');
  const right = actual.split('\n');
  const at = left.findIndex((line, index) => line !== right[index]);
  return `line ${at + 1}: ${left[at]?.trim()} became ${right[at]?.trim()}`;
}

function inventoryDifferences(original: string, exported: string): string[] {
  const before = inventory(parseXml(original).root);
  const after = inventory(parseXml(exported).root);
  const names = new Set([...before.keys(), ...after.keys()]);
  return [...names]
    .filter((name) => before.get(name) !== after.get(name))
    .map((name) => `${name}: ${before.get(name) ?? 0} before, ${after.get(name) ?? 0} after`);
}

/** How often each element and each attribute of each element occurs, by namespace and name. */
function inventory(root: XmlElement): Map<string, number> {
  const counts = new Map<string, number>();
  const add = (name: string) => counts.set(name, (counts.get(name) ?? 0) + 1);
  const visit = (element: XmlElement) => {
    const name = `{${element.namespace}}${element.local}`;
    add(name);
    for (const attribute of element.attributes) {
      // Declarations and prefixes are free; an `xsi:type` may go when it says what is so anyway.
      if (!isDeclaration(attribute.name) && !/:type$/.test(attribute.name)) add(`${name}@${attribute.name}`);
    }
    for (const child of element.children) if (child.kind === 'element') visit(child);
  };
  visit(root);
  return counts;
}
