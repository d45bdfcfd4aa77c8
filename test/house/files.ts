/** The files of the project, as the tests of the house look at them. */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The folder of the project: where `package.json` is. */
export const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

/** Made by tools and not kept: no file in there is ours to judge. */
const generated = new Set(['node_modules', '.git', 'dist', '.longmen', 'results']);

/** Paths of all files below `folder`, relative to the project, with `/` between names. */
export function projectFiles(folder = '.'): string[] {
  const found: string[] = [];
  for (const entry of readdirSync(join(root, folder), { withFileTypes: true })) {
    const path = folder === '.' ? entry.name : `${folder}/${entry.name}`;
    if (entry.isDirectory()) {
      if (!generated.has(entry.name)) found.push(...projectFiles(path));
    } else if (entry.isFile()) {
      found.push(path);
    }
  }
  return found.sort();
}

/** Text of a file named relative to the project. */
export function projectText(path: string): string {
  return readFileSync(join(root, path), 'utf8');
}

/** Names of the folders directly below `folder`. */
export function foldersIn(folder: string): string[] {
  return readdirSync(join(root, folder), { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name)
    .sort();
}
