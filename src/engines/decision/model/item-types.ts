/** Item definitions as FEEL types (DMN 1.5 §7.3.3). */

import { compile, Frame, Scope } from '../feel/compile.ts';
import { NameScope, normalizeName } from '../feel/names.ts';
import { parseUnaryTests } from '../feel/parser.ts';
import type { Run } from '../feel/run.ts';
import { ANY, builtInType, type FeelType, listOf } from '../feel/types.ts';
import type { Value } from '../feel/values.ts';
import type { Definitions, ItemDefinition } from './model.ts';
import { builtInNames } from './names-in-scope.ts';
import type { Problem } from './problems.ts';

/** The types of one model: its own item definitions and, behind an import's name and a dot, those of other models. */
export class TypeTable {
  private readonly definitions = new Map<string, FeelType>();
  private readonly written = new Map<string, ItemDefinition>();
  private readonly imports = new Map<string, TypeTable>();
  private readonly problems: Problem[];
  /** All names of components: what may follow a dot. */
  readonly members = new Set<string>();

  constructor(model: Definitions, problems: Problem[]) {
    this.problems = problems;
    for (const definition of model.itemDefinitions) {
      const name = normalizeName(definition.name);
      this.written.set(name, definition);
      this.definitions.set(name, { kind: 'named', name, base: memoized(() => this.typeOf(definition)) });
      this.collectMembers(definition);
    }
  }

  private collectMembers(definition: ItemDefinition): void {
    for (const component of definition.components) {
      this.members.add(normalizeName(component.name));
      this.collectMembers(component);
    }
  }

  addImport(name: string, types: TypeTable): void {
    if (name === '') for (const [key, type] of types.definitions) this.definitions.set(key, type);
    else this.imports.set(name, types);
    for (const member of types.members) this.members.add(member);
  }

  /** The type of a name, without looking at built-in ones. */
  readonly find = (name: string): FeelType | undefined => {
    const own = this.definitions.get(name);
    if (own !== undefined) return own;
    for (const [prefix, types] of this.imports) {
      if (name.startsWith(`${prefix}.`)) return types.find(name.slice(prefix.length + 1));
    }
    return undefined;
  };

  /** The type of a typeRef; null for none, Any (with a problem) for one that does not exist. */
  resolve(typeRef: string | undefined, element: string | undefined): FeelType | null {
    if (typeRef === undefined || typeRef.trim() === '') return null;
    const name = normalizeName(typeRef).replace(/^feel[:.]/, '');
    const type = this.find(name) ?? builtInType(name);
    if (type !== undefined) return type;
    this.problems.push({
      code: 'type_unknown',
      severity: 'error',
      en: `There is no type ${name}`,
      zh: `类型 ${name} 不存在`,
      element,
    });
    return ANY;
  }

  /** What an item definition stands for. Allowed values are those of each item, a type constraint that of the whole. */
  private typeOf(definition: ItemDefinition): FeelType {
    const { allowedValues, typeConstraint } = definition;
    let type: FeelType = this.baseOf(definition);
    if (allowedValues !== undefined && allowedValues.text.trim() !== '') {
      type = this.constrained(definition, type, allowedValues.text);
    }
    if (definition.isCollection) type = listOf(type);
    if (typeConstraint !== undefined && typeConstraint.text.trim() !== '') {
      type = this.constrained(definition, type, typeConstraint.text);
    }
    return type;
  }

  private baseOf(definition: ItemDefinition): FeelType {
    if (definition.components.length > 0) {
      return {
        kind: 'context',
        fields: new Map(
          definition.components.map((component) => [normalizeName(component.name), this.typeOf(component)]),
        ),
      };
    }
    const fn = definition.functionItem;
    if (fn !== undefined) {
      return {
        kind: 'function',
        parameters: fn.parameters.map((parameter) => this.resolve(parameter.typeRef, fn.id) ?? ANY),
        result: this.resolve(fn.outputTypeRef, fn.id) ?? ANY,
      };
    }
    if (this.goesRound(definition)) {
      this.problems.push({
        code: 'type_goes_round',
        severity: 'error',
        en: `Type ${definition.name} stands for itself`,
        zh: `类型 ${definition.name} 循环引用自身`,
        element: definition.id,
      });
      return ANY;
    }
    return this.resolve(definition.typeRef, definition.id) ?? ANY;
  }

  /** Whether following typeRefs from a definition comes back to one already seen. Components may refer back freely. */
  private goesRound(definition: ItemDefinition): boolean {
    const seen = new Set<ItemDefinition>();
    let current: ItemDefinition | undefined = definition;
    while (current !== undefined && current.components.length === 0 && current.typeRef !== undefined) {
      if (seen.has(current)) return true;
      seen.add(current);
      current = this.written.get(normalizeName(current.typeRef));
    }
    return false;
  }

  private constrained(definition: ItemDefinition, base: FeelType, constraint: string): FeelType {
    const test = memoized(() => this.compileConstraint(definition, constraint));
    return {
      kind: 'named',
      name: normalizeName(definition.name),
      base: () => base,
      constraint,
      allows: (value, run) => test()(value, run),
    };
  }

  private compileConstraint(definition: ItemDefinition, constraint: string): (value: Value, run: Run) => boolean {
    try {
      const names = new NameScope(builtInNames(), ['?']);
      const node = parseUnaryTests(constraint, { names, members: this.members, resolveType: this.find });
      const code = compile(node, new Scope(null, ['?']));
      return (value, run) => code(new Frame([value], null), run) === true;
    } catch {
      this.problems.push({
        code: 'constraint_invalid',
        severity: 'error',
        en: `The allowed values of ${definition.name} cannot be read`,
        zh: `${definition.name} 的允许值无法解析`,
        element: definition.id,
        text: constraint,
      });
      return () => true;
    }
  }
}

function memoized<T>(make: () => T): () => T {
  let made: { value: T } | null = null;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}
