/** Requests made from the schemas of a route: what a program would send that knows the API and nothing else. */
import { z } from 'zod';
import type { GuardedRoute } from '#kernel/http';

/** Says what a field holds; undefined: whatever fits its schema. */
export type Hint = (name: string) => string | undefined;

interface Shape {
  readonly type?: string;
  readonly properties?: Readonly<Record<string, Shape>>;
  readonly required?: readonly string[];
  readonly items?: Shape;
  readonly minItems?: number;
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly default?: unknown;
  readonly anyOf?: readonly Shape[];
  readonly oneOf?: readonly Shape[];
  readonly allOf?: readonly Shape[];
  readonly minimum?: number;
  readonly pattern?: string;
  readonly $ref?: string;
}

const ID = '00000000-0000-7000-8000-000000000001';
const known: Readonly<Record<string, string>> = {
  amount: '1.00',
  at_least: '1.00',
  currency: 'CNY',
  buy_currency: 'USD',
  sell_currency: 'CNY',
  code: '2011',
  path: 'fund/one',
  node: 'fund/one',
  dimension: 'chart',
  kind: 'trial-balance',
  period: '2026-01',
  year: '2026',
  email: 'someone@bank.example',
  login: 'someone',
  url: 'http://127.0.0.1:9/',
  role: 'teller',
  version: '1',
};
const dates = /^(date|from|to|as_of|.*_date|effective_.*|closed_through|sealed_through)$/;
const instants = /(_at|_until|_from)$/;

/** The schema of a part of a request as JSON Schema; an object without fields when the part has none. */
export function shapeOf(part: unknown): Shape {
  if (!(part instanceof z.ZodType)) return {};
  return z.toJSONSchema(part, { io: 'input', unrepresentable: 'any' }) as Shape;
}

/** Names of the fields of a part. */
export const fieldsOf = (part: unknown): string[] => Object.keys(shapeOf(part).properties ?? {});

/** A value of a shape: fields that must be there, and those for which there is a hint. */
export function sample(shape: Shape, hint: Hint, name = ''): unknown {
  const choices = shape.anyOf ?? shape.oneOf ?? shape.allOf;
  if (choices !== undefined) return sample(choices.find(({ type }) => type !== 'null') ?? {}, hint, name);
  if (shape.const !== undefined) return shape.const;
  if (shape.enum !== undefined) return shape.enum[0];
  if (shape.type === 'array') return [sample(shape.items ?? {}, hint, name.replace(/s$/, ''))];
  if (shape.type === 'boolean') return true;
  if (shape.type === 'integer' || shape.type === 'number') return Math.max(shape.minimum ?? 1, 1);
  if (shape.type === 'object' || shape.properties !== undefined) {
    const fields = Object.entries(shape.properties ?? {}).flatMap(([field, inner]) =>
      shape.required?.includes(field) || hint(field) !== undefined ? [[field, sample(inner, hint, field)]] : [],
    );
    return Object.fromEntries(fields);
  }
  return textOf(name, hint);
}

function textOf(name: string, hint: Hint): string {
  const hinted = hint(name) ?? known[name];
  if (hinted !== undefined) return hinted;
  if (dates.test(name)) return '2026-01-05';
  if (instants.test(name)) return '2099-01-01T00:00:00Z';
  return name === 'id' || name.endsWith('_id') ? ID : 'x';
}

/** The address of a route with its parameters filled in and a query, below the server's own address. */
export function addressOf(route: GuardedRoute, hint: Hint, query: Readonly<Record<string, string>> = {}): string {
  const path = route.url
    .replace(/:([a-z_]+)/g, (_all, name: string) => encodeURIComponent(textOf(name, hint)))
    .replace('*', '0/000');
  const search = new URLSearchParams(query).toString();
  return search === '' ? path : `${path}?${search}`;
}

/** The query of a route: what must be in it, and what there is a hint for. */
export function queryOf(route: GuardedRoute, hint: Hint): Record<string, string> {
  const { properties = {}, required = [] } = shapeOf(route.schemas.querystring);
  return Object.fromEntries(
    Object.entries(properties).flatMap(([name, shape]) =>
      required.includes(name) || hint(name) !== undefined ? [[name, String(sample(shape, hint, name))]] : [],
    ),
  );
}
