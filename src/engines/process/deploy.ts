/** Deployment: a document becomes the next version of each of its processes, or is refused with the elements at fault. */
import { createHash } from 'node:crypto';
import { load } from '#engines/decision';
import type { Transaction } from '#kernel/database';
import { newId } from '#kernel/ids';
import { evaluate } from './core/expressions.ts';
import { firstDue } from './core/timers.ts';
import type { Actor, Engine } from './engine.ts';
import { processError } from './errors.ts';
import type { EventDefinition, ProcessDefinition } from './model/graph.ts';
import { readProcesses } from './read.ts';
import { instantOf } from './store/rows.ts';

export interface DeployInput {
  /** BPMN 2.0 XML. */
  readonly document: string;
  readonly actor: Actor;
}

export interface DeployedVersion {
  readonly key: string;
  readonly version: number;
  readonly definitionId: string;
  /** The document is the one of this version already; nothing changed. */
  readonly repeated: boolean;
}

/**
 * Deploys every executable process of a document. Start events with a timer, message or signal now start the new version.
 * Errors: `process_model_invalid` (its `problems` name the elements), `process_xml_malformed`, `process_not_bpmn`.
 */
export async function deploy(engine: Engine, tx: Transaction, input: DeployInput): Promise<DeployedVersion[]> {
  const { document, actor } = input;
  const { processes, problems } = readProcesses(document);
  const errors = problems.filter((problem) => problem.severity === 'error');
  if (errors.length > 0 || processes.length === 0) {
    const [first] = errors;
    const where = first?.name ?? first?.element;
    const detail =
      first === undefined ? 'The document has no executable process' : `${where ?? 'document'}: ${first.en}`;
    throw processError('process_model_invalid', detail, { problems: errors });
  }
  const checksum = createHash('sha256').update(document).digest('hex');
  const deployed: DeployedVersion[] = [];
  await tx.query(`select pg_advisory_xact_lock(hashtextextended('process.deploy', $1))`, [engine.bookId]);
  for (const graph of processes) {
    engine.allow(actor, 'deploy', graph.id);
    const { rows } = await tx.query<{ version: number; checksum: string; definitionId: string }>(
      `select version, checksum, definition_id as "definitionId" from process.definition
        where book_id = $1 and key = $2 order by version desc limit 1`,
      [engine.bookId, graph.id],
    );
    const [last] = rows;
    if (last !== undefined && last.checksum === checksum) {
      deployed.push({ key: graph.id, version: last.version, definitionId: last.definitionId, repeated: true });
      continue;
    }
    const version = (last?.version ?? 0) + 1;
    const definitionId = newId(engine.clock);
    await tx.query(
      `insert into process.definition (book_id, definition_id, key, version, name, checksum, document, deployed_at, deployed_by,
              decisions)
       select $1, $2, $3, $4, $5, $6, $7, $8, $9, coalesce(jsonb_object_agg(m.name, m.version), '{}')
         from (select name, max(version) as version from process.decision_model where book_id = $1 group by name) as m`,
      [
        engine.bookId,
        definitionId,
        graph.id,
        version,
        graph.name ?? graph.id,
        checksum,
        document,
        instantOf(engine.clock.now().epochMilliseconds),
        actor.id,
      ],
    );
    await listen(engine, tx, graph, definitionId);
    deployed.push({ key: graph.id, version, definitionId, repeated: false });
  }
  return deployed;
}

/** Has the start events of the new version listen in place of those of the version before. */
async function listen(engine: Engine, tx: Transaction, graph: ProcessDefinition, definitionId: string): Promise<void> {
  await tx.query(`delete from process.start_event where book_id = $1 and process_key = $2`, [engine.bookId, graph.id]);
  for (const { node, event } of startEvents(graph)) {
    const name = event.kind === 'message' ? event.message.name : event.kind === 'signal' ? event.name : null;
    const moment = engine.moment();
    const due =
      event.kind !== 'timer'
        ? null
        : firstDue(
            event.timer,
            event.value.kind === 'literal' ? event.value.text : evaluate(event.value.expression.text, [], moment),
            event.calendar,
            moment,
          );
    await tx.query(
      `insert into process.start_event (book_id, process_key, node, kind, name, definition_id, due_at, repeat)
       values ($1, $2, $3, $4, $5, $6, $7, $8)`,
      [
        engine.bookId,
        graph.id,
        node,
        event.kind,
        name,
        definitionId,
        due === null ? null : instantOf(due.due_ms),
        due?.repeat ? JSON.stringify(due.repeat) : null,
      ],
    );
  }
}

/** Nodes an instance can start at by itself; of an instantiating gateway, the events behind it. */
function startEvents(graph: ProcessDefinition): { node: string; event: StartedBy }[] {
  return graph.root.triggerIds.flatMap((id) => {
    const node = graph.nodes.get(id);
    const targets =
      node?.kind === 'eventBasedGateway' ? node.outgoing.map((flow) => graph.flows.get(flow)?.targetId ?? '') : [id];
    return targets.flatMap((target) => {
      const found = graph.nodes.get(target);
      const event = found !== undefined && 'event' in found ? found.event : null;
      return event !== null && startsInstances(event) ? [{ node: target, event }] : [];
    });
  });
}

type StartedBy = Extract<EventDefinition, { kind: 'message' | 'signal' | 'timer' }>;

function startsInstances(event: EventDefinition): event is StartedBy {
  return event.kind === 'message' || event.kind === 'signal' || event.kind === 'timer';
}

/** Deploys a DMN model for business-rule tasks; those that are not bound to another version use it from now on. */
export async function deployDecisions(
  engine: Engine,
  tx: Transaction,
  input: DeployInput,
): Promise<{ name: string; version: number }> {
  const { definitions } = load(input.document);
  const { name, namespace } = definitions;
  engine.allow(input.actor, 'deploy', name);
  await tx.query(`select pg_advisory_xact_lock(hashtextextended('process.deploy', $1))`, [engine.bookId]);
  const { rows } = await tx.query<{ version: number }>(
    `insert into process.decision_model (book_id, name, version, namespace, document, deployed_at, deployed_by)
     select $1, $2, coalesce(max(version), 0) + 1, $3, $4, $5, $6 from process.decision_model
      where book_id = $1 and name = $2
     returning version`,
    [engine.bookId, name, namespace, input.document, instantOf(engine.clock.now().epochMilliseconds), input.actor.id],
  );
  return { name, version: rows[0]?.version ?? 1 };
}
