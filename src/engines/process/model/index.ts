/** BPMN 2.0 models: reading, writing, comparing, and making the executable graph. */
export { canonical } from './canonical.ts';
export { type ElementExecutability, executability, type Reason } from './executability.ts';
export * from './graph.ts';
export type { AnyElement, BpmnDocument, BpmnElement } from './model.ts';
export {
  attributeOf,
  childOf,
  childrenOf,
  idOf,
  isA,
  nameOf,
  referenceOf,
  referencesOf,
  targetOf,
  textIn,
  walk,
} from './model.ts';
export type { ProcessProblem, Severity } from './problems.ts';
export { readBpmn } from './read.ts';
export { type GraphResult, processIds, toGraph } from './to-graph.ts';
export { writeBpmn } from './write.ts';
