import type { RouteOptions } from 'fastify';

/** Remembers which methods each address knows, to tell 405 from 404. */
export interface AddressBook {
  add(route: RouteOptions): void;
  /** Methods that some route has for `path` (decoded, without query), sorted; none when there is nothing at all. */
  methodsAt(path: string): string[];
}

export function createAddressBook(): AddressBook {
  const methods = new Map<string, { pattern: RegExp; methods: Set<string> }>();
  return {
    add(route) {
      const known = methods.get(route.url) ?? { pattern: patternOf(route.url), methods: new Set() };
      for (const method of [route.method].flat()) known.methods.add(method);
      methods.set(route.url, known);
    },
    methodsAt(path) {
      const found = new Set<string>();
      for (const entry of methods.values()) {
        if (entry.pattern.test(path)) for (const method of entry.methods) found.add(method);
      }
      return [...found].sort();
    },
  };
}

/** `/things/:id/parts` as a pattern; a parameter matches one part of the path, `*` the rest. */
function patternOf(url: string): RegExp {
  const parts = url.split('/').map((part) => {
    if (part === '*') return '.*';
    if (part.includes(':')) return '[^/]+';
    return part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  });
  return new RegExp(`^${parts.join('/')}$`);
}
