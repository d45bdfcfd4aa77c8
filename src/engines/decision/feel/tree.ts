/** Walks over the tree of an expression. */
import type { Iterator, Node } from './ast.ts';

/** Children of a node, in the order of the text. */
export function childrenOf(node: Node): readonly Node[] {
  switch (node.type) {
    case 'literal':
    case 'name':
    case 'table':
      return [];
    case 'path':
      return [node.target];
    case 'filter':
      return [node.list, node.condition];
    case 'call':
      return [node.callee, ...node.args];
    case 'named call':
      return [node.callee, ...node.args.map((arg) => arg.value)];
    case 'negate':
    case 'coerce':
      return [node.operand];
    case 'arithmetic':
    case 'compare':
    case 'and':
    case 'or':
      return [node.left, node.right];
    case 'between':
      return [node.value, node.low, node.high];
    case 'in':
      return [node.value, ...node.tests];
    case 'if':
      return [node.condition, node.consequent, node.alternative];
    case 'for':
      return [...iteratorNodes(node.iterators), node.body];
    case 'some':
    case 'every':
      return [...iteratorNodes(node.iterators), node.condition];
    case 'list':
      return node.items;
    case 'context':
      return [...node.entries.map((entry) => entry.value), ...(node.result === null ? [] : [node.result])];
    case 'range':
      return [node.from, node.to].filter((end) => end !== null);
    case 'function':
      return node.body === null ? [] : [node.body];
    case 'instance':
      return [node.value];
    case 'tests':
      return node.tests;
  }
}

function iteratorNodes(iterators: readonly Iterator[]): Node[] {
  return iterators.flatMap((iterator) => (iterator.to === null ? [iterator.source] : [iterator.source, iterator.to]));
}

/** Levels of the tree; computed without recursion, so that any depth can be told. */
export function depthOf(root: Node): number {
  let depth = 0;
  for (let level: readonly Node[] = [root]; level.length > 0; level = level.flatMap(childrenOf)) depth += 1;
  return depth;
}
