/**
 * A model ready to run: every element compiled on first use, and the way values flow along the requirements graph
 * (DMN 1.5 §10.4). The reference evaluator runs the same graph with the plain interpreter instead of closures.
 */
import type { Node } from '../feel/ast.ts';
import { compile, Frame, Scope } from '../feel/compile.ts';
import { NameScope } from '../feel/names.ts';
import { evaluateReference } from '../feel/reference.ts';
import type { Run } from '../feel/run.ts';
import { ANY, coerce, type FeelType, underlying } from '../feel/types.ts';
import { FeelFunction, isContext, type Parameter, type Value } from '../feel/values.ts';
import { Graph, type GraphNode } from './graph.ts';
import { Lowering } from './lower.ts';
import type { BusinessKnowledgeModel, DecisionService, Definitions } from './model.ts';
import { builtInNames } from './names-in-scope.ts';

export type Evaluator = 'compiled' | 'reference';

/** The values of one evaluation: given inputs, values that stand in for decisions, and what has been decided. */
class Session {
  readonly inputs: ReadonlyMap<string, Value>;
  readonly given: ReadonlyMap<GraphNode, Value>;
  readonly decided = new Map<GraphNode, Value>();
  readonly evaluator: Evaluator;

  constructor(inputs: ReadonlyMap<string, Value>, given: ReadonlyMap<GraphNode, Value>, evaluator: Evaluator) {
    this.inputs = inputs;
    this.given = given;
    this.evaluator = evaluator;
  }
}

/** The tree of an element's logic and the names its scope has, in the order of the frame. */
interface Logic {
  readonly node: Node;
  readonly names: readonly string[];
  readonly run: (values: Value[], run: Run) => Value;
}

export class Program {
  readonly graph: Graph;
  private readonly logics = new Map<GraphNode, Logic>();
  private readonly functions = new Map<GraphNode, FeelFunction>();

  constructor(models: readonly Definitions[]) {
    this.graph = new Graph(models);
  }

  /** An element of the main model by name or id. */
  node(name: string, kind?: GraphNode['element']['kind']): GraphNode | undefined {
    const own = this.graph.nodes.filter(
      (node) => node.unit === this.graph.main && (kind === undefined || node.element.kind === kind),
    );
    return (
      own.find((node) => node.name === name || node.element.name === name) ??
      own.find((node) => node.element.id === name)
    );
  }

  /** Compiles everything, so that all problems of the expressions are known. */
  compileAll(): void {
    for (const node of this.graph.nodes) {
      if (node.element.kind === 'decision' || node.element.kind === 'businessKnowledgeModel') this.logic(node);
    }
  }

  /** Values of decisions (all of the main model when none are named). */
  decide(nodes: readonly GraphNode[], inputs: ReadonlyMap<string, Value>, run: Run, evaluator: Evaluator): Value[] {
    const session = new Session(inputs, new Map(), evaluator);
    return nodes.map((node) => this.valueOf(node, session, run));
  }

  /** Calls a decision service or knowledge model with values by parameter name; missing ones are null. */
  call(node: GraphNode, inputs: ReadonlyMap<string, Value>, run: Run, evaluator: Evaluator): Value {
    const fn = this.functionOf(node, evaluator);
    const args = (fn.signatures[0] ?? []).map(({ name, type }) =>
      coerce(inputs.get(name) ?? null, type, run, `parameter ${name}`),
    );
    return fn.invoke(args, run, 0);
  }

  private valueOf(node: GraphNode, session: Session, run: Run): Value {
    const given = session.given.get(node);
    if (given !== undefined) return given;
    switch (node.element.kind) {
      case 'inputData':
        return coerce(inputValue(node, session.inputs, this.graph), node.type ?? ANY, run, `input ${node.name}`);
      case 'decision':
        return this.decisionValue(node, session, run);
      default:
        return this.functionOf(node, session.evaluator);
    }
  }

  private decisionValue(node: GraphNode, session: Session, run: Run): Value {
    const decided = session.decided.get(node);
    if (decided !== undefined) return decided;
    const { logic, values } = this.prepared(node, session, run);
    const outer = run.element;
    run.element = node.element.id;
    run.enter();
    const raw = session.evaluator === 'compiled' ? logic.run(values, run) : referenceValue(logic, values, run);
    const value = coerce(raw, node.type ?? ANY, run, `decision ${node.name}`);
    run.leave();
    run.element = outer;
    session.decided.set(node, value);
    return value;
  }

  /** The logic of a node and the values of the names it sees. */
  private prepared(node: GraphNode, session: Session, run: Run): { logic: Logic; values: Value[] } {
    const logic = this.logic(node);
    const values: Value[] = [];
    const byName = new Map<string, Value>();
    for (const { node: needed, importName } of node.needs) {
      const value = this.valueOf(needed, session, run);
      if (importName === null) {
        byName.set(needed.name, value);
      } else {
        const known = byName.get(importName) ?? null;
        byName.set(importName, new Map(isContext(known) ? known : []).set(needed.name, value));
      }
    }
    for (const name of logic.names) values.push(byName.get(name) ?? null);
    return { logic, values };
  }

  /** The compiled logic of a decision or a knowledge model (a function node). */
  logic(node: GraphNode): Logic {
    const known = this.logics.get(node);
    if (known !== undefined) return known;
    const names = [...new Set(node.needs.map((need) => need.importName ?? need.node.name))];
    const tree = this.lower(node, names);
    const code = compile(tree, new Scope(null, names));
    const logic: Logic = { node: tree, names, run: (values, run) => code(new Frame(values, null), run) };
    this.logics.set(node, logic);
    return logic;
  }

  private lower(node: GraphNode, names: readonly string[]): Node {
    const { unit, element } = node;
    const lowering = new Lowering(unit.types, unit.problems, element);
    lowering.addMembers(node.needs.flatMap((need) => (need.importName === null ? [] : [need.node.name])));
    const scope = new NameScope(builtInNames(), names);
    if (element.kind === 'decision') return lowering.expression(element.expression, scope);
    if (element.kind === 'businessKnowledgeModel' && element.logic !== undefined) {
      // A knowledge model may call itself.
      scope.add(node.name);
      return lowering.function(element.logic, scope);
    }
    return { type: 'literal', value: null, start: 0, end: 0 };
  }

  private functionOf(node: GraphNode, evaluator: Evaluator): FeelFunction {
    const known = evaluator === 'compiled' ? this.functions.get(node) : undefined;
    if (known !== undefined) return known;
    const { element } = node;
    const fn =
      element.kind === 'decisionService'
        ? this.serviceFunction(node, element, evaluator)
        : this.knowledgeFunction(node, evaluator);
    if (evaluator === 'compiled') this.functions.set(node, fn);
    return fn;
  }

  /** The function of a knowledge model; made again per call only in the reference evaluator. */
  private knowledgeFunction(node: GraphNode, evaluator: Evaluator): FeelFunction {
    const element = node.element as BusinessKnowledgeModel;
    const parameters = (element.logic?.parameters ?? []).map(
      (parameter): Parameter => ({
        name: parameter.name.trim().replace(/\s+/g, ' '),
        type: node.unit.types.resolve(parameter.typeRef, parameter.id) ?? ANY,
      }),
    );
    const result = resultType(node.type);
    const fn: FeelFunction = new FeelFunction(node.name, [parameters], (args, run) => {
      const session = new Session(new Map(), new Map([[node, fn]]), evaluator);
      const { logic, values } = this.prepared(node, session, run);
      const made = evaluator === 'compiled' ? logic.run(values, run) : referenceValue(logic, values, run);
      if (!(made instanceof FeelFunction)) return run.report('not_a_function', `${node.name} has no logic`);
      return coerce(made.invoke(args, run, 0), result, run, node.name);
    });
    return fn;
  }

  private serviceFunction(node: GraphNode, service: DecisionService, evaluator: Evaluator): FeelFunction {
    const { unit } = node;
    const inputs = [
      ...this.graph.references(unit, service.inputData),
      ...this.graph.references(unit, service.inputDecisions),
    ];
    const outputs = this.graph.references(unit, service.outputDecisions);
    const parameters = inputs.map((input): Parameter => ({ name: input.name, type: input.type ?? ANY }));
    const result = resultType(node.type);
    return new FeelFunction(node.name, [parameters], (args, run) => {
      const given = new Map(inputs.map((input, index) => [input, args[index] ?? null]));
      const session = new Session(new Map(), given, evaluator);
      const values = outputs.map((output) => this.valueOf(output, session, run));
      const value =
        outputs.length === 1
          ? (values[0] ?? null)
          : new Map(outputs.map((output, index) => [output.name, values[index] ?? null]));
      return coerce(value, result, run, node.name);
    });
  }
}

function referenceValue(logic: Logic, values: readonly Value[], run: Run): Value {
  return evaluateReference(logic.node, new Map(logic.names.map((name, index) => [name, values[index] ?? null])), run);
}

/** The variable of an invocable is typed by what it returns, or by its function type. */
function resultType(type: FeelType | null): FeelType {
  if (type === null) return ANY;
  const base = underlying(type);
  return base.kind === 'function' ? base.result : type;
}

function inputValue(node: GraphNode, inputs: ReadonlyMap<string, Value>, graph: Graph): Value {
  if (node.unit === graph.main) return inputs.get(node.name) ?? inputs.get(node.element.name) ?? null;
  for (const [local, unit] of graph.main.imports) {
    if (unit !== node.unit) continue;
    const nested = inputs.get(local) ?? null;
    const found = (isContext(nested) ? nested.get(node.name) : undefined) ?? inputs.get(`${local}.${node.name}`);
    if (found !== undefined) return found;
  }
  return inputs.get(node.name) ?? null;
}
