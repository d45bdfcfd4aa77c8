/** From a BPMN document to executable processes. */
import { type ProcessDefinition, type ProcessProblem, processIds, readBpmn, toGraph } from './model/index.ts';

export interface ReadProcesses {
  /** The processes that can be executed; with an error in any of them it cannot be deployed. */
  readonly processes: readonly ProcessDefinition[];
  readonly problems: readonly ProcessProblem[];
}

/**
 * Reads every process of a document that is not marked `isExecutable="false"`. Errors: `process_xml_malformed`,
 * `process_not_bpmn`.
 */
export function readProcesses(text: string): ReadProcesses {
  const document = readBpmn(text);
  const processes: ProcessDefinition[] = [];
  const problems: ProcessProblem[] = [];
  for (const id of processIds(document)) {
    if (document.byId.get(id)?.attributes.get('isExecutable') === false) continue;
    const result = toGraph(document, id);
    problems.push(...result.problems);
    if (result.ok) processes.push(result.definition);
  }
  return { processes, problems };
}
