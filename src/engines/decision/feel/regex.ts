/**
 * A backtracking matcher for the trees of `regex-parse.ts`. It is our own so that every step is charged to the running
 * evaluation: a pattern such as `(a+)+$` runs into the caller's limit instead of hanging the process.
 */
import { type ParsedRegex, parseRegex, type RegexNode } from './regex-parse.ts';
import type { Run } from './run.ts';

export interface Match {
  readonly start: number;
  readonly end: number;
  /** Start and end of each group by its number; index 0 is unused; null for a group that took no part. */
  readonly groups: readonly ([number, number] | null)[];
}

interface State {
  readonly input: Uint32Array;
  readonly groups: ([number, number] | null)[];
  readonly run: Run;
}

type Next = (at: number) => number;
/** Tries to match at `at` and then `next`; the end of the whole match, or -1. */
type Matcher = (state: State, at: number, next: Next) => number;

export interface Regex {
  readonly groups: number;
  /** The first match at or after `from` (an index of code points). */
  find(input: Uint32Array, from: number, run: Run): Match | null;
}

const CACHE_LIMIT = 256;
const cache = new Map<string, Regex | null>();

/** Null when pattern or flags are not valid XPath. */
export function compileRegex(pattern: string, flags: string): Regex | null {
  const key = `${flags}/${pattern}`;
  const cached = cache.get(key);
  if (cached !== undefined) return cached;
  const parsed = parseRegex(pattern, flags);
  const regex = parsed === null ? null : build(parsed, flags.includes('m'));
  if (cache.size >= CACHE_LIMIT) cache.clear();
  cache.set(key, regex);
  return regex;
}

export function codePoints(text: string): Uint32Array {
  return Uint32Array.from(Array.from(text), (char) => char.codePointAt(0) ?? 0);
}

function build(parsed: ParsedRegex, multiline: boolean): Regex {
  const matcher = compile(parsed.root, multiline);
  return {
    groups: parsed.groups,
    find(input, from, run) {
      for (let start = from; start <= input.length; start += 1) {
        const state: State = { input, groups: new Array(parsed.groups + 1).fill(null), run };
        const end = matcher(state, start, (at) => at);
        if (end >= 0) return { start, end, groups: state.groups };
      }
      return null;
    },
  };
}

function compile(node: RegexNode, multiline: boolean): Matcher {
  switch (node.type) {
    case 'set': {
      const { test } = node;
      return (state, at, next) => {
        state.run.charge(1);
        const code = state.input[at];
        return code !== undefined && test(code) ? next(at + 1) : -1;
      };
    }
    case 'start':
      return (state, at, next) => (at === 0 || (multiline && state.input[at - 1] === 0x0a) ? next(at) : -1);
    case 'end':
      return (state, at, next) =>
        at === state.input.length || (multiline && state.input[at] === 0x0a) ? next(at) : -1;
    case 'group':
      return compileGroup(compile(node.body, multiline), node.index);
    case 'reference':
      return compileReference(node.index);
    case 'sequence':
      return compileSequence(node.items.map((item) => compile(item, multiline)));
    case 'choice': {
      const options = node.options.map((option) => compile(option, multiline));
      return (state, at, next) => {
        for (const option of options) {
          state.run.charge(1);
          const end = option(state, at, next);
          if (end >= 0) return end;
        }
        return -1;
      };
    }
    case 'repeat':
      if (node.body.type === 'set') return compileSetRepeat(node.body.test, node.min, node.max, node.lazy);
      return compileRepeat(compile(node.body, multiline), node.min, node.max, node.lazy);
  }
}

function compileGroup(body: Matcher, index: number | null): Matcher {
  if (index === null) return body;
  return (state, at, next) => {
    const before = state.groups[index] ?? null;
    const end = body(state, at, (stop) => {
      const inner = state.groups[index] ?? null;
      state.groups[index] = [at, stop];
      const result = next(stop);
      if (result < 0) state.groups[index] = inner;
      return result;
    });
    if (end < 0) state.groups[index] = before;
    return end;
  };
}

function compileReference(index: number): Matcher {
  return (state, at, next) => {
    const [start, end] = state.groups[index] ?? [0, 0];
    state.run.charge(end - start + 1);
    for (let offset = 0; offset < end - start; offset += 1) {
      if (state.input[at + offset] !== state.input[start + offset]) return -1;
    }
    return next(at + end - start);
  };
}

function compileSequence(items: readonly Matcher[]): Matcher {
  const from = (index: number): Matcher => {
    const item = items[index];
    if (item === undefined) return (_state, at, next) => next(at);
    if (index === items.length - 1) return item;
    const rest = from(index + 1);
    return (state, at, next) => item(state, at, (stop) => rest(state, stop, next));
  };
  return from(0);
}

function compileSetRepeat(test: (code: number) => boolean, min: number, max: number, lazy: boolean): Matcher {
  return (state, at, next) => {
    const { input, run } = state;
    const last = Math.min(input.length, at + max);
    const matches = (position: number): boolean => {
      run.charge(1);
      const code = input[position];
      return code !== undefined && test(code);
    };
    let stop = at;
    if (lazy) {
      for (;;) {
        if (stop - at >= min) {
          const end = next(stop);
          if (end >= 0) return end;
        }
        if (stop >= last || !matches(stop)) return -1;
        stop += 1;
      }
    }
    while (stop < last && matches(stop)) stop += 1;
    for (; stop - at >= min; stop -= 1) {
      run.charge(1);
      const end = next(stop);
      if (end >= 0) return end;
    }
    return -1;
  };
}

function compileRepeat(body: Matcher, min: number, max: number, lazy: boolean): Matcher {
  const turn = (state: State, at: number, count: number, next: Next): number => {
    state.run.charge(1);
    const more = (): number =>
      count >= max
        ? -1
        : // A turn that takes nothing would repeat for ever; it counts only towards the minimum.
          body(state, at, (stop) => (stop === at && count >= min ? -1 : turn(state, stop, count + 1, next)));
    if (count < min) return more();
    if (lazy) {
      const end = next(at);
      return end >= 0 ? end : more();
    }
    const end = more();
    return end >= 0 ? end : next(at);
  };
  return (state, at, next) => turn(state, at, 0, next);
}
