/** The decision requirements graph over a model and its imports: what each element is, needs and is called. */
import { decisionError } from '../errors.ts';
import { normalizeName } from '../feel/names.ts';
import type { FeelType } from '../feel/types.ts';
import { TypeTable } from './item-types.ts';
import type { Definitions, DrgElement, Reference } from './model.ts';
import type { Problem } from './problems.ts';

/** One model of the set, with its types and the models it imports by their local names. */
export interface ModelUnit {
  readonly definitions: Definitions;
  readonly types: TypeTable;
  readonly imports: Map<string, ModelUnit>;
  readonly problems: Problem[];
}

/** One element of the graph. `needs` are the elements it may use, with the import name when they are another model's. */
export interface GraphNode {
  readonly unit: ModelUnit;
  readonly element: DrgElement;
  /** Name of its variable: what expressions call it. */
  readonly name: string;
  /** Declared type of its variable; null without. */
  readonly type: FeelType | null;
  readonly needs: readonly Need[];
}

export interface Need {
  readonly node: GraphNode;
  /** Local name of the import it comes through; null for an element of the same model or of a nameless import. */
  readonly importName: string | null;
}

interface BuildingNode extends GraphNode {
  needs: Need[];
}

/** Nodes of the main model by id, and of all models by namespace and id. */
export class Graph {
  readonly units: readonly ModelUnit[];
  readonly nodes: readonly GraphNode[];
  private readonly byKey = new Map<string, BuildingNode>();

  constructor(models: readonly Definitions[]) {
    const problemsOf = models.map((): Problem[] => []);
    this.units = models.map((definitions, index) => {
      const problems = problemsOf[index] ?? [];
      return { definitions, problems, types: new TypeTable(definitions, problems), imports: new Map() };
    });
    for (const unit of this.units) this.linkImports(unit);
    const nodes = this.units.flatMap((unit) => unit.definitions.elements.map((element) => this.addNode(unit, element)));
    for (const node of nodes) this.linkNeeds(node);
    this.nodes = nodes;
    this.refuseCycles();
  }

  get main(): ModelUnit {
    const unit = this.units[0];
    if (unit === undefined) throw decisionError('decision_not_dmn', 'No model given');
    return unit;
  }

  private linkImports(unit: ModelUnit): void {
    for (const { name, namespace, importType } of unit.definitions.imports) {
      if (!/DMN/.test(importType)) continue;
      const imported = this.units.find((other) => other !== unit && other.definitions.namespace === namespace);
      if (imported === undefined) {
        throw decisionError('decision_import_missing', `Model ${namespace}, imported as ${name}, is not given`, {
          namespace,
          name,
        });
      }
      const local = normalizeName(name);
      unit.imports.set(local === '' ? `#${namespace}` : local, imported);
      unit.types.addImport(local, imported.types);
    }
  }

  private addNode(unit: ModelUnit, element: DrgElement): BuildingNode {
    const node: BuildingNode = {
      unit,
      element,
      name: normalizeName(element.variable?.name ?? element.name),
      type: unit.types.resolve(element.variable?.typeRef, element.id),
      needs: [],
    };
    const place = key(unit.definitions.namespace, element.id ?? '');
    if (element.id !== undefined && this.byKey.has(place)) {
      unit.problems.push({
        code: 'id_twice',
        severity: 'error',
        en: `The id ${element.id} is used twice`,
        zh: `标识 ${element.id} 重复`,
        element: element.id,
        name: node.name,
      });
    }
    this.byKey.set(place, node);
    return node;
  }

  /** The element an href names: `#id` of the same model or `namespace#id`. */
  find(unit: ModelUnit, href: string): GraphNode | undefined {
    const hash = href.lastIndexOf('#');
    const namespace = hash <= 0 ? unit.definitions.namespace : href.slice(0, hash);
    return this.byKey.get(key(namespace, href.slice(hash + 1)));
  }

  private linkNeeds(node: BuildingNode): void {
    const { element, unit } = node;
    const hrefs =
      element.kind === 'decision' || element.kind === 'businessKnowledgeModel'
        ? element.requirements.map((requirement) => requirement.href)
        : [];
    for (const href of hrefs) {
      const target = this.find(unit, href);
      if (target === undefined) {
        unit.problems.push({
          code: 'requirement_missing',
          severity: 'error',
          en: `${node.name} requires ${href}, which does not exist`,
          zh: `${node.name} 所需的 ${href} 不存在`,
          element: element.id,
          name: node.name,
        });
        continue;
      }
      node.needs.push({ node: target, importName: importNameOf(unit, target) });
    }
  }

  /** Decisions of a service. */
  references(unit: ModelUnit, references: readonly Reference[]): GraphNode[] {
    return references.flatMap((reference) => this.find(unit, reference.href) ?? []);
  }

  /** A decision that needs itself, however indirectly, has no value; the models with one are refused. */
  private refuseCycles(): void {
    const done = new Set<GraphNode>();
    const visit = (node: GraphNode, path: readonly GraphNode[]): void => {
      if (done.has(node)) return;
      if (path.includes(node) && node.element.kind === 'decision') {
        throw decisionError('decision_model_invalid', `${node.name} requires itself`, { element: node.element.id });
      }
      if (path.includes(node)) return;
      for (const need of node.needs) visit(need.node, [...path, node]);
      done.add(node);
    };
    for (const node of this.nodes) visit(node, []);
  }
}

function key(namespace: string, id: string): string {
  return `${namespace}#${id}`;
}

function importNameOf(unit: ModelUnit, target: GraphNode): string | null {
  if (target.unit === unit) return null;
  for (const [name, imported] of unit.imports) {
    if (imported === target.unit) return name.startsWith('#') ? null : name;
  }
  return null;
}
