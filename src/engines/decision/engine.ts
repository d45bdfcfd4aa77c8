/** Loading of models and evaluation of decisions: what users of the engine call. No input or output of its own. */
import { LongmenError } from '#kernel/errors';
import { decisionError } from './errors.ts';
import { compile, Frame, Scope } from './feel/compile.ts';
import { NameScope } from './feel/names.ts';
import { parseExpression, parseUnaryTests } from './feel/parser.ts';
import type { PathStep } from './feel/path.ts';
import { evaluateReference } from './feel/reference.ts';
import { DEFAULT_LIMITS, type Limits, type Message, type Moment, Run } from './feel/run.ts';
import type { Value } from './feel/values.ts';
import { assertWeight } from './feel/weight.ts';
import { fromJson, toJson } from './json.ts';
import type { GraphNode } from './model/graph.ts';
import type { Definitions } from './model/model.ts';
import { builtInNames, propertyNames } from './model/names-in-scope.ts';
import type { Problem } from './model/problems.ts';
import { type Evaluator, Program } from './model/program.ts';
import { readDmn } from './model/read.ts';

/** A model ready for evaluation. It is immutable; one model serves any number of evaluations. */
export interface Model {
  readonly definitions: Definitions;
  readonly imports: readonly Definitions[];
  readonly program: Program;
  /** What is wrong with the expressions and references of the model; an expression with an error evaluates to null. */
  readonly problems: readonly Problem[];
}

/**
 * Reads a model (XML text, or what `readDmn` gave) and the models it imports, and compiles all of it. Throws
 * `decision_xml_malformed`, `decision_not_dmn`, `decision_import_missing`, or `decision_model_invalid` for a decision
 * that requires itself.
 */
export function load(model: string | Definitions, imports: readonly (string | Definitions)[] = []): Model {
  const [definitions, ...imported] = [model, ...imports].map((one) => (typeof one === 'string' ? readDmn(one) : one));
  if (definitions === undefined) throw decisionError('decision_not_dmn', 'No model given');
  const program = new Program([definitions, ...imported]);
  program.compileAll();
  return {
    definitions,
    imports: imported,
    program,
    get problems() {
      return program.graph.units.flatMap((unit) => unit.problems);
    },
  };
}

/** What bounds and surrounds one evaluation. */
export interface EvaluationOptions {
  readonly limits?: Partial<Limits>;
  /** The instant `now()` and `today()` speak of; without it they give 1970-01-01 UTC, so results stay reproducible. */
  readonly now?: { readonly epochMilliseconds: number };
  /** IANA name of the zone of `now()`; UTC by default. */
  readonly timeZone?: string;
  /** `reference` runs the slow, plain evaluator that judges the compiled one. */
  readonly evaluator?: Evaluator;
}

export interface EvaluationRequest extends EvaluationOptions {
  /** Names or ids of decisions; all decisions of the model by default. */
  readonly decisions?: readonly string[];
  /** A decision service or knowledge model to call instead; its parameters come from the input. */
  readonly invocable?: string;
}

/** Values by name, and how they came about. */
export interface EvaluationResult {
  readonly values: ReadonlyMap<string, Value>;
  /** The decision tables that were used, in order: inputs, rules that hit, result. */
  readonly path: readonly PathStep[];
  /** Why values became null. */
  readonly messages: readonly Message[];
  readonly steps: number;
}

export function makeRun(options: EvaluationOptions): Run {
  const moment = (): Moment => ({
    epochMilliseconds: options.now?.epochMilliseconds ?? 0,
    zone: options.timeZone ?? 'UTC',
  });
  return new Run(options.limits === undefined ? DEFAULT_LIMITS : { ...DEFAULT_LIMITS, ...options.limits }, moment);
}

/** Runs work under the limits; a JavaScript stack that ends first counts as nesting too deeply. */
export function guarded<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof RangeError && /call stack/i.test(error.message)) {
      throw decisionError('decision_depth_exceeded', 'Evaluation nests deeper than the machine allows');
    }
    throw error;
  }
}

/**
 * Evaluates decisions of a model over FEEL values. Expressions that fail give null with a message; only the limits throw
 * (`decision_steps_exceeded`, `decision_time_exceeded`, `decision_depth_exceeded`, `decision_size_exceeded`), and
 * `decision_not_found` for a name the model does not have.
 */
export function evaluateValues(
  model: Model,
  inputs: ReadonlyMap<string, Value>,
  request: EvaluationRequest = {},
): EvaluationResult {
  const { program } = model;
  const run = makeRun(request);
  const evaluator = request.evaluator ?? 'compiled';
  const values = new Map<string, Value>();
  guarded(() => {
    if (request.invocable !== undefined) {
      const node = find(program, request.invocable);
      values.set(node.name, program.call(node, inputs, run, evaluator));
      return;
    }
    const nodes = request.decisions?.map((name) => find(program, name)) ?? allDecisions(program);
    const results = program.decide(nodes, inputs, run, evaluator);
    nodes.forEach((node, index) => {
      values.set(node.name, results[index] ?? null);
    });
  });
  for (const value of values.values()) assertWeight(value, run.limits.size);
  return {
    values,
    get path() {
      return run.traces.map((step) => step());
    },
    messages: run.messages,
    steps: run.steps,
  };
}

function find(program: Program, name: string): GraphNode {
  const node = program.node(name, 'decision') ?? program.node(name);
  if (node === undefined) throw decisionError('decision_not_found', `No decision ${name}`, { name });
  return node;
}

function allDecisions(program: Program): GraphNode[] {
  return program.graph.nodes.filter((node) => node.unit === program.graph.main && node.element.kind === 'decision');
}

/** A result in plain data. */
export interface JsonResult {
  readonly values: Readonly<Record<string, unknown>>;
  readonly path: readonly PathStep[];
  readonly messages: readonly Message[];
}

/** Evaluates over plain data and answers in plain data; text is read by the declared type of its input. */
export function evaluate(
  model: Model,
  input: Readonly<Record<string, unknown>>,
  request: EvaluationRequest = {},
): JsonResult {
  const result = evaluateValues(model, inputsFromJson(model, input), request);
  return {
    values: Object.fromEntries([...result.values].map(([name, value]) => [name, toJson(value)])),
    path: result.path,
    messages: result.messages,
  };
}

/** Input values by name. Throws `decision_input_invalid`. */
export function inputsFromJson(model: Model, input: Readonly<Record<string, unknown>>): Map<string, Value> {
  const types = inputTypes(model);
  const values = new Map<string, Value>();
  for (const name of Object.keys(input)) values.set(name, fromJson(input[name], types.get(name) ?? null));
  return values;
}

const typesOf = new WeakMap<Model, Map<string, GraphNode['type']>>();

function inputTypes(model: Model): Map<string, GraphNode['type']> {
  const known = typesOf.get(model);
  if (known !== undefined) return known;
  const types = new Map<string, GraphNode['type']>();
  for (const node of model.program.graph.nodes) {
    if (node.unit !== model.program.graph.main) continue;
    types.set(node.name, node.type);
    if (node.element.kind === 'inputData') types.set(node.element.name, node.type);
  }
  typesOf.set(model, types);
  return types;
}

/** An expression by itself, compiled for a set of variable names. */
export interface CompiledExpression {
  evaluate(variables: ReadonlyMap<string, Value>, options?: EvaluationOptions): Value;
}

/** Compiles an expression (or unary tests over `?`). Throws `feel_syntax` with `start` and `end` in its meta. */
export function compileExpression(
  text: string,
  names: readonly string[] = [],
  dialect: 'expression' | 'unary tests' = 'expression',
): CompiledExpression {
  const own = dialect === 'expression' ? [...names] : [...names, '?'];
  const options = { names: new NameScope(builtInNames(), own), members: propertyNames() };
  const node = dialect === 'expression' ? parseExpression(text, options) : parseUnaryTests(text, options);
  const code = compile(node, new Scope(null, own));
  return {
    evaluate(variables, request = {}) {
      const run = makeRun(request);
      return guarded(() => {
        const value =
          request.evaluator === 'reference'
            ? evaluateReference(node, variables, run)
            : code(
                new Frame(
                  own.map((name) => variables.get(name) ?? null),
                  null,
                ),
                run,
              );
        assertWeight(value, run.limits.size);
        return value;
      });
    },
  };
}

/** Evaluates an expression over plain data. */
export function evaluateExpression(
  text: string,
  variables: Readonly<Record<string, unknown>> = {},
  options: EvaluationOptions = {},
): unknown {
  const values = new Map(Object.entries(variables).map(([name, data]) => [name, fromJson(data)]));
  return toJson(compileExpression(text, [...values.keys()]).evaluate(values, options));
}

export function isDecisionError(error: unknown): error is LongmenError {
  return error instanceof LongmenError;
}
