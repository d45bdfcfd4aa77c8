/** Names every expression sees: the built-in functions, and the properties that may follow a dot. */
import { BUILT_INS } from '../builtins/index.ts';
import { NameScope } from '../feel/names.ts';
import { PROPERTY_NAMES } from '../feel/properties.ts';

let functions: NameScope | null = null;
let properties: NameScope | null = null;

export function builtInNames(): NameScope {
  functions ??= new NameScope(null, BUILT_INS.keys());
  return functions;
}

export function propertyNames(): NameScope {
  properties ??= new NameScope(null, PROPERTY_NAMES);
  return properties;
}
