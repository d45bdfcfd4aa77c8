/** Deployed processes and decision models, kept in memory: a version never changes. */
import { evaluateValues, type FeelValue, load, type Model } from '#engines/decision';
import type { Queryable } from '#kernel/database';
import type { Layers } from '../core/expressions.ts';
import type { Moment } from '../core/moment.ts';
import { decode } from '../core/values.ts';
import { processError } from '../errors.ts';
import type { DecisionBinding, ProcessDefinition } from '../model/graph.ts';
import { readProcesses } from '../read.ts';

export interface Deployed {
  readonly definitionId: string;
  readonly key: string;
  readonly version: number;
  readonly graph: ProcessDefinition;
  /** Some element evaluates a decision. */
  readonly decides: boolean;
  /** Version of each decision model, by name, when it was deployed. */
  readonly decisions: Readonly<Record<string, number>>;
}

interface DefinitionRow {
  readonly definitionId: string;
  readonly key: string;
  readonly version: number;
  readonly document: string;
  readonly decisions: Readonly<Record<string, number>>;
}

interface ModelEntry {
  readonly name: string;
  readonly version: number;
  readonly namespace: string;
  readonly model: Model;
}

/** Which decision a task asks for. */
export interface DecisionRequest {
  readonly decision: string;
  /** Name or namespace of the model; null: any that has it. */
  readonly model: string | null;
  readonly binding: DecisionBinding;
}

const columns = `definition_id as "definitionId", key, version, document, decisions`;

export class Definitions {
  private readonly bookId: number;
  private readonly byId = new Map<string, Deployed>();
  /** By name and version. */
  private readonly models = new Map<string, ModelEntry>();
  /** The latest version of each model, by name. */
  private latest: ReadonlyMap<string, number> = new Map();

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
    const { definitionId, key, version, decisions } = row;
    const deployed = { definitionId, key, version, graph, decides, decisions };
    this.byId.set(definitionId, deployed);
    return deployed;
  }

  /** Has the decision models in memory that an instance of this version may ask; before a step of one that decides. */
  async refreshModels(db: Queryable, deployed: Deployed): Promise<void> {
    const { rows } = await db.query<{ name: string; version: number }>(
      `select name, max(version) as version from process.decision_model where book_id = $1 group by name order by name`,
      [this.bookId],
    );
    this.latest = new Map(rows.map(({ name, version }) => [name, version]));
    for (const node of deployed.graph.nodes.values()) {
      if (node.kind !== 'businessRuleTask') continue;
      for (const [name, version] of this.versionsFor(deployed, node.binding)) await this.loadModel(db, name, version);
    }
  }

  /** The version of each model that a binding means. */
  private versionsFor(deployed: Deployed, binding: DecisionBinding): (readonly [string, number])[] {
    if (binding === 'latest') return [...this.latest];
    if (binding === 'deployment') return Object.entries(deployed.decisions);
    return [...this.latest].flatMap(([name, latest]) => (binding <= latest ? [[name, binding] as const] : []));
  }

  private async loadModel(db: Queryable, name: string, version: number): Promise<void> {
    if (this.models.has(modelKey(name, version))) return;
    const { rows } = await db.query<{ document: string; namespace: string }>(
      `select document, namespace from process.decision_model where book_id = $1 and name = $2 and version = $3`,
      [this.bookId, name, version],
    );
    const [row] = rows;
    if (row === undefined) return;
    const { namespace, document } = row;
    this.models.set(modelKey(name, version), { name, version, namespace, model: load(document) });
  }

  /** Evaluates a decision by name or id. Error: `process_not_found` when no model has it. */
  decide(deployed: Deployed, request: DecisionRequest, layers: Layers, moment: Moment): FeelValue {
    const { decision, model: wanted, binding } = request;
    for (const [key, version] of this.versionsFor(deployed, binding)) {
      const entry = this.models.get(modelKey(key, version));
      if (entry === undefined) continue;
      const { name, namespace, model } = entry;
      if (wanted !== null && wanted !== name && wanted !== namespace) continue;
      const node = model.program.node(decision, 'decision');
      if (node === undefined) continue;
      const inputs = new Map<string, FeelValue>();
      for (const layer of layers.toReversed()) {
        for (const [variable, value] of Object.entries(layer)) inputs.set(variable, decode(value));
      }
      const now = { epochMilliseconds: moment.now_ms };
      const asked = { decisions: [decision], now, timeZone: moment.timeZone };
      return evaluateValues(model, inputs, asked).values.get(node.name) ?? null;
    }
    const which = typeof binding === 'number' ? ` in version ${binding}` : binding === 'latest' ? '' : ' as deployed';
    throw processError('process_not_found', `No deployed model has a decision ${decision}${which}`, { decision });
  }
}

function modelKey(name: string, version: number): string {
  return JSON.stringify([name, version]);
}
