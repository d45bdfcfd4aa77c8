/** Deployed processes and decision models, kept in memory: a version never changes. */
import { evaluateValues, type FeelValue, load, type Model } from '#engines/decision';
import type { Queryable } from '#kernel/database';
import type { Layers } from '../core/expressions.ts';
import { decode } from '../core/values.ts';
import { processError } from '../errors.ts';
import type { ProcessDefinition } from '../model/graph.ts';
import { readProcesses } from '../read.ts';

export interface Deployed {
  readonly definitionId: string;
  readonly key: string;
  readonly version: number;
  readonly graph: ProcessDefinition;
  /** Some element evaluates a decision. */
  readonly decides: boolean;
}

interface DefinitionRow {
  readonly definitionId: string;
  readonly key: string;
  readonly version: number;
  readonly document: string;
}

interface ModelEntry {
  readonly version: number;
  readonly namespace: string;
  readonly model: Model;
}

const columns = `definition_id as "definitionId", key, version, document`;

export class Definitions {
  private readonly bookId: number;
  private readonly byId = new Map<string, Deployed>();
  private models = new Map<string, ModelEntry>();

  constructor(bookId: number) {
    this.bookId = bookId;
  }

  /** The definition of an instance; it exists as long as the instance does. */
  async get(db: Queryable, definitionId: string): Promise<Deployed> {
    const known = this.byId.get(definitionId);
    if (known !== undefined) return known;
    const { rows } = await db.query<DefinitionRow>(
      `select ${columns} from process.definition where book_id = $1 and definition_id = $2`,
      [this.bookId, definitionId],
    );
    const [row] = rows;
    if (row === undefined) throw processError('process_not_found', `No definition ${definitionId}`);
    return this.keep(row);
  }

  /** One version of a process, the latest by default. Errors: `process_not_found`, `process_version_not_found`. */
  async find(db: Queryable, key: string, version: number | null = null): Promise<Deployed> {
    const { rows } = await db.query<{ definitionId: string }>(
      `select definition_id as "definitionId" from process.definition
        where book_id = $1 and key = $2 and ($3::integer is null or version = $3) order by version desc limit 1`,
      [this.bookId, key, version],
    );
    const [row] = rows;
    if (row !== undefined) return this.get(db, row.definitionId);
    if (version === null) throw processError('process_not_found', `No process ${key} is deployed`, { process: key });
    throw processError('process_version_not_found', `Process ${key} has no version ${version}`, {
      process: key,
      version,
    });
  }

  private keep(row: DefinitionRow): Deployed {
    const graph = readProcesses(row.document).processes.find((one) => one.id === row.key);
    if (graph === undefined) throw processError('process_not_found', `The document of ${row.key} has no such process`);
    const decides = [...graph.nodes.values()].some((node) => node.kind === 'businessRuleTask');
    const { definitionId, key, version } = row;
    const deployed = { definitionId, key, version, graph, decides };
    this.byId.set(definitionId, deployed);
    return deployed;
  }

  /** Brings the decision models up to date; asked before a step of a process that decides. */
  async refreshModels(db: Queryable): Promise<void> {
    const { rows } = await db.query<{ name: string; version: number }>(
      `select name, max(version) as version from process.decision_model where book_id = $1 group by name`,
      [this.bookId],
    );
    for (const { name, version } of rows) {
      if (this.models.get(name)?.version === version) continue;
      const found = await db.query<{ document: string; namespace: string }>(
        `select document, namespace from process.decision_model where book_id = $1 and name = $2 and version = $3`,
        [this.bookId, name, version],
      );
      const [row] = found.rows;
      if (row !== undefined) this.models.set(name, { version, namespace: row.namespace, model: load(row.document) });
    }
  }

  /** Evaluates a decision by name or id. Error: `process_not_found` when no model has it. */
  decide(decision: string, modelName: string | null, layers: Layers, now_ms: number, timeZone: string): FeelValue {
    for (const [name, { model, namespace }] of this.models) {
      if (modelName !== null && modelName !== name && modelName !== namespace) continue;
      const node = model.program.node(decision, 'decision');
      if (node === undefined) continue;
      const inputs = new Map<string, FeelValue>();
      for (const layer of layers.toReversed()) {
        for (const [key, value] of Object.entries(layer)) inputs.set(key, decode(value));
      }
      const request = { decisions: [decision], now: { epochMilliseconds: now_ms }, timeZone };
      return evaluateValues(model, inputs, request).values.get(node.name) ?? null;
    }
    throw processError('process_not_found', `No deployed model has a decision ${decision}`, { decision });
  }
}
