/** What a function is called with, from the state as it is when it is called. */
import type { ProcessDefinition } from '../model/graph.ts';
import { inputOf } from './activities.ts';
import { Execution, type StepContext } from './execution.ts';
import type { State } from './state.ts';
import type { Variables } from './values.ts';

export function functionInput(
  definition: ProcessDefinition,
  state: State,
  tokenId: number,
  context: StepContext,
): Variables {
  const x = new Execution(definition, state, context);
  const token = x.tokens.get(tokenId);
  return token === undefined ? {} : inputOf(x, token);
}
