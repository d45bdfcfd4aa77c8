/** Look-ups in the metamodel, at run time and in types. */
import { metamodel } from './metamodel.ts';
import type { TypeSpec } from './metamodel-spec.ts';

type Specs = typeof metamodel;

export type TypeName = keyof Specs;

/** A type and everything it extends. */
export type Ancestors<T extends TypeName> =
  | T
  | (Specs[T] extends { readonly is: infer Base extends TypeName } ? Ancestors<Base> : never);

type Own<T extends TypeName, Part extends 'attributes' | 'elements'> = Specs[T] extends {
  readonly [P in Part]: infer Members;
}
  ? Members
  : unknown;

type All<T extends TypeName, Part extends 'attributes' | 'elements'> = Own<T, Part> &
  (Specs[T] extends { readonly is: infer Base extends TypeName } ? All<Base, Part> : unknown);

type Without<S, Suffix extends string> = S extends `${infer Head}${Suffix}` ? Head : S;

export type AttributeName<T extends TypeName> = keyof All<T, 'attributes'> & string;
export type ElementName<T extends TypeName> = keyof All<T, 'elements'> & string;

/** The notation of an attribute, without its default. */
type AttributeNotation<T extends TypeName, N extends AttributeName<T>> = All<T, 'attributes'>[N] extends infer S
  ? S extends `${infer Head}=${string}`
    ? Head
    : S
  : never;

type ElementNotation<T extends TypeName, N extends ElementName<T>> = Without<
  Without<Without<All<T, 'elements'>[N], '?'>, '*'>,
  '+'
>;

/** Attributes of plain values, by name, and what they hold. */
export type ValueOf<T extends TypeName, N extends AttributeName<T>> = ValueOfNotation<AttributeNotation<T, N>>;

type ValueOfNotation<S> = S extends 'boolean'
  ? boolean
  : S extends 'integer'
    ? bigint
    : S extends 'double'
      ? number
      : S extends 'string' | 'id'
        ? string
        : S extends `&${string}` | `@${string}` | 'QName'
          ? never
          : Choice<S>;

type Choice<S> = S extends `${infer First}|${infer Rest}` ? First | Choice<Rest> : S;

/** The type a reference (attribute or element) points to, or a child element has. */
export type TargetOf<T extends TypeName, N extends string> =
  N extends AttributeName<T>
    ? Referenced<AttributeNotation<T, N>>
    : N extends ElementName<T>
      ? Referenced<ElementNotation<T, N>>
      : never;

type Referenced<S> = S extends `&${infer Target extends TypeName}` | `@${infer Target extends TypeName}`
  ? Target
  : S extends 'QName'
    ? 'Element'
    : S extends TypeName
      ? S
      : never;

export const namespaces = {
  bpmn: 'http://www.omg.org/spec/BPMN/20100524/MODEL',
  bpmndi: 'http://www.omg.org/spec/BPMN/20100524/DI',
  di: 'http://www.omg.org/spec/DD/20100524/DI',
  dc: 'http://www.omg.org/spec/DD/20100524/DC',
  xsi: 'http://www.w3.org/2001/XMLSchema-instance',
  xml: 'http://www.w3.org/XML/1998/namespace',
  xmlns: 'http://www.w3.org/2000/xmlns/',
  longmen: 'http://longmen.dev/schema/bpmn/1.0',
} as const;

export type AttributeKind = 'string' | 'boolean' | 'integer' | 'double' | 'id' | 'QName' | 'reference' | 'enumeration';

export interface AttributeMeta {
  readonly name: string;
  readonly kind: AttributeKind;
  /** Of a reference: the type it points to. */
  readonly target: TypeName | null;
  /** True when the target may be in another document. */
  readonly outside: boolean;
  readonly values: readonly string[];
  readonly defaultText: string | null;
}

export interface SlotMeta {
  /** Name of the slot as the metamodel gives it, with the prefix of diagram namespaces. */
  readonly name: string;
  readonly namespace: string;
  readonly local: string;
  readonly type: TypeName;
  readonly reference: boolean;
  /** True when what it refers to may be in another document. */
  readonly outside: boolean;
  readonly many: boolean;
  /** It takes every element of its substitution group. */
  readonly group: boolean;
  /** Place in the schema's order. */
  readonly order: number;
}

export interface TypeMeta {
  readonly name: TypeName;
  readonly abstract: boolean;
  readonly content: 'mixed' | 'any' | 'elements';
  readonly namespace: string;
  readonly ancestors: ReadonlySet<string>;
  readonly attributes: ReadonlyMap<string, AttributeMeta>;
  readonly slots: readonly SlotMeta[];
}

const specs: Readonly<Record<string, TypeSpec>> = metamodel;
const types = new Map<string, TypeMeta>();

export function isTypeName(text: string): text is TypeName {
  return Object.hasOwn(specs, text);
}

/** What the metamodel says of a type, with everything it inherits. */
export function metaOf(name: TypeName): TypeMeta {
  const known = types.get(name);
  if (known !== undefined) return known;
  const spec: TypeSpec = metamodel[name];
  const base = spec.is !== undefined && isTypeName(spec.is) ? metaOf(spec.is) : null;
  const attributes = new Map(base?.attributes ?? []);
  for (const [attribute, notation] of Object.entries(spec.attributes ?? {})) {
    attributes.set(attribute, attributeMeta(attribute, notation));
  }
  const slots = [...(base?.slots ?? [])];
  for (const [slot, notation] of Object.entries(spec.elements ?? {}))
    slots.push(slotMeta(slot, notation, slots.length));
  const meta: TypeMeta = {
    name,
    abstract: spec.abstract === true,
    content: spec.content ?? base?.content ?? 'elements',
    namespace: namespaces[spec.namespace ?? 'bpmn'],
    ancestors: new Set([name, ...(base?.ancestors ?? [])]),
    attributes,
    slots,
  };
  types.set(name, meta);
  return meta;
}

function attributeMeta(name: string, notation: string): AttributeMeta {
  const equals = notation.indexOf('=');
  const kind = equals < 0 ? notation : notation.slice(0, equals);
  const defaultText = equals < 0 ? null : notation.slice(equals + 1);
  const common = { name, target: null, outside: false, values: [], defaultText };
  if (kind.startsWith('&') || kind.startsWith('@')) {
    const target = kind.slice(1);
    if (!isTypeName(target)) throw new TypeError(`metamodel: no type ${target}`);
    return { ...common, kind: 'reference', target, outside: kind.startsWith('@') };
  }
  switch (kind) {
    case 'string':
    case 'boolean':
    case 'integer':
    case 'double':
    case 'id':
    case 'QName':
      return { ...common, kind };
    default:
      return { ...common, kind: 'enumeration', values: kind.split('|') };
  }
}

function slotMeta(name: string, notation: string, order: number): SlotMeta {
  const colon = name.indexOf(':');
  const prefix = colon < 0 ? 'bpmn' : name.slice(0, colon);
  const local = name.slice(colon + 1);
  const reference = /^[&@]/.test(notation);
  const type = notation.replace(/^[&@]/, '').replace(/[?*+]$/, '');
  if (!isTypeName(type)) throw new TypeError(`metamodel: no type ${type}`);
  return {
    name,
    namespace: prefix === 'bpmndi' || prefix === 'di' || prefix === 'dc' ? namespaces[prefix] : namespaces.bpmn,
    local,
    type,
    reference,
    outside: notation.startsWith('@'),
    many: /[*+]$/.test(notation),
    group: !reference && (local === type || local === elementName(type)),
    order,
  };
}

/** Name of the global element of a type: `userTask` of UserTask; diagram types keep their capital. */
export function elementName(type: string): string {
  if (type.startsWith('BPMN')) return type;
  if (type === 'InputOutputSpecification') return 'ioSpecification';
  if (type === 'InputOutputBinding') return 'ioBinding';
  return `${type.charAt(0).toLowerCase()}${type.slice(1)}`;
}

const modelElements = new Map<string, TypeName>();
for (const name of Object.keys(specs)) {
  if (!isTypeName(name)) continue;
  const { namespace, abstract } = metaOf(name);
  if (!abstract) modelElements.set(`${namespace} ${elementName(name)}`, name);
}

/** The type that a reference, held by an attribute or by child elements of that name, must point to. */
export function referencedType(type: TypeName, name: string): TypeName | null {
  const { attributes, slots } = metaOf(type);
  const target = attributes.get(name)?.target ?? slots.find((slot) => slot.reference && slot.name === name)?.type;
  return target ?? null;
}

export function isKindOf(type: TypeName, ancestor: TypeName): boolean {
  return metaOf(type).ancestors.has(ancestor);
}

/** Where a child element of the given name stands in an element of the given type, and its own type; null if nowhere. */
export function slotOf(
  parent: TypeName,
  namespace: string | null,
  local: string,
): { readonly slot: SlotMeta; readonly type: TypeName } | null {
  const { slots } = metaOf(parent);
  const named = slots.find((slot) => slot.local === local && slot.namespace === namespace);
  if (named !== undefined) return { slot: named, type: named.type };
  const type = modelElements.get(`${namespace} ${local}`);
  if (type === undefined) return null;
  const slot = slots.find((candidate) => candidate.group && isKindOf(type, candidate.type));
  return slot === undefined ? null : { slot, type };
}
