import type { processJson } from '#engines/process';
import { table } from '../../output.ts';

interface Shown {
  readonly instance: ReturnType<typeof processJson.instanceJson>;
  readonly tasks: readonly ReturnType<typeof processJson.taskJson>[];
  readonly history: readonly ReturnType<typeof processJson.historyJson>[];
  readonly trail: readonly ReturnType<typeof processJson.trailJson>[];
}

/** One instance, for people. */
export function showText({ instance, tasks, history, trail }: Shown): string {
  const { process, version, status, business_key, started_at, ended_at, variables, tokens } = instance;
  const taskOf = (token: number) => tasks.find((task) => task.token === token)?.task_id ?? '';
  return [
    `${process} ${version}, ${status}${business_key === null ? '' : `, ${business_key}`}`,
    `started ${started_at}${ended_at === null ? '' : `, ended ${ended_at}`}`,
    ...Object.entries(variables).map(([name, value]) => `  ${name} = ${JSON.stringify(value)}`),
    '',
    table(
      ['token', 'element', 'waits for', 'task', 'incident'],
      tokens.map((one) => [
        `${one.token}`,
        one.node,
        one.waits_for ?? '',
        taskOf(one.token),
        one.incident === null ? '' : `${one.incident.code}: ${one.incident.detail}`,
      ]),
    ),
    table(
      ['element', 'entered at', 'left at', 'outcome'],
      history.map((one) => [one.node, one.entered_at, one.left_at, one.outcome]),
    ),
    table(
      ['recorded at', 'who', 'did', 'detail'],
      trail.map((one) => [one.recorded_at, one.actor, one.action, JSON.stringify(one.detail)]),
    ),
  ].join('\n');
}
