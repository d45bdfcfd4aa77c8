/** Layouts and consolidations by code: the shipped ones, and those an institution adds, each version once. */
import { readFileSync } from 'node:fs';
import type { Clock } from '#kernel/clock';
import { isUniqueViolation, type Queryable, type Transaction } from '#kernel/database';
import { chartOf } from '#systems/general-ledger';
import { type Consolidation, readConsolidation } from './consolidation.ts';
import { type CompiledLayout, checkAgainstChart, type LayoutProblem, readLayout } from './layout.ts';
import { reportError } from './model.ts';

export const definitionKinds = ['layout', 'consolidation'] as const;
export type DefinitionKind = (typeof definitionKinds)[number];

/** A layout or consolidation that was given; versions count from 1. */
export interface Definition {
  readonly kind: DefinitionKind;
  readonly code: string;
  readonly version: number;
  readonly createdAt: string;
}

const shippedCodes = ['balance-sheet', 'income-statement'] as const;

/** The layouts that come with the house, for banks with a chart as in the Chinese accounting standards. */
export function shippedLayouts(): CompiledLayout[] {
  return shippedCodes.map((code) =>
    readLayout(JSON.parse(readFileSync(new URL(`./layouts/${code}.json`, import.meta.url), 'utf8'))),
  );
}

/** The latest version of a layout. Error: `layout_not_found`. */
export async function findLayout(db: Queryable, code: string): Promise<CompiledLayout> {
  const shipped = shippedLayouts().find(({ layout }) => layout.code === code);
  if (shipped !== undefined) return shipped;
  const content = await contentOf(db, 'layout', code);
  if (content === undefined) throw reportError('layout_not_found', `No layout ${code}`, { layout: code });
  return readLayout(content);
}

/**
 * Compares a layout with the chart of a book: codes that are not there, and codes that accounts can stand on without a
 * line. Null when the book has no chart.
 */
export async function checkLayoutOfBook(
  db: Queryable,
  bookId: number,
  layout: CompiledLayout,
): Promise<LayoutProblem[] | null> {
  const chart = await chartOf(db, bookId);
  if (chart.length === 0) return null;
  return checkAgainstChart(
    layout,
    chart.filter(({ marks }) => !marks.includes('heading')).map(({ code }) => code),
  );
}

/** The latest version of a consolidation. Error: `consolidation_not_found`. */
export async function findConsolidation(db: Queryable, code: string): Promise<Consolidation> {
  const content = await contentOf(db, 'consolidation', code);
  if (content === undefined) throw reportError('consolidation_not_found', `No consolidation ${code}`, { code });
  return readConsolidation(content);
}

async function contentOf(db: Queryable, kind: DefinitionKind, code: string): Promise<unknown> {
  const { rows } = await db.query<{ content: unknown }>(
    'select content from reports.definition where kind = $1 and code = $2 order by version desc limit 1',
    [kind, code],
  );
  return rows[0]?.content;
}

/**
 * Adds a version; the content of the latest one again adds none. Errors: `layout_invalid`, `consolidation_invalid`,
 * `report_definition_exists` for the code of a shipped layout, or when another version came in between.
 */
export async function addDefinition(
  tx: Transaction,
  clock: Clock,
  kind: DefinitionKind,
  content: unknown,
): Promise<Definition> {
  const { code } = kind === 'layout' ? readLayout(content).layout : readConsolidation(content);
  if (kind === 'layout' && shippedCodes.some((shipped) => shipped === code)) {
    throw reportError('report_definition_exists', `The layout ${code} comes with the house; give yours another code`, {
      code,
    });
  }
  const { rows } = await tx.query<{ version: number; created_at: string; same: boolean }>(
    `select version, created_at, content = $3::jsonb as same from reports.definition
     where kind = $1 and code = $2 order by version desc limit 1`,
    [kind, code, JSON.stringify(content)],
  );
  const latest = rows[0];
  if (latest?.same === true) return { kind, code, version: latest.version, createdAt: latest.created_at };
  const version = (latest?.version ?? 0) + 1;
  const createdAt = clock.now().toString();
  try {
    await tx.query(
      'insert into reports.definition (kind, code, version, content, created_at) values ($1, $2, $3, $4, $5)',
      [kind, code, version, JSON.stringify(content), createdAt],
    );
  } catch (error) {
    if (!isUniqueViolation(error)) throw error;
    throw reportError(
      'report_definition_exists',
      `Version ${version} of ${code} was added by somebody else; try again`,
      {
        code,
      },
    );
  }
  return { kind, code, version, createdAt };
}

/** All versions of all definitions, latest first within a code. */
export async function listDefinitions(db: Queryable): Promise<Definition[]> {
  const { rows } = await db.query<Definition>(
    `select kind, code, version, created_at as "createdAt" from reports.definition order by kind, code, version desc`,
  );
  return rows;
}
