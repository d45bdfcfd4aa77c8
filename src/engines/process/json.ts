/** What the process engine answers over HTTP and on the command line. */
import type { DeployedVersion } from './deploy.ts';
import type { MigrationReport } from './migrate.ts';
import type { DefinitionView, HistoryView, IncidentView, InstanceView, TaskView, TrailView } from './queries.ts';
import type { Started } from './service.ts';

export function deployedJson({ key, version, definitionId, repeated }: DeployedVersion) {
  return { process: key, version, definition_id: definitionId, repeated };
}

export function definitionJson({ process, version, name, deployedAt, deployedBy, open }: DefinitionView) {
  return { process, version, name, deployed_at: deployedAt, deployed_by: deployedBy, open_instances: open };
}

export function startedJson({ instanceId, status, repeated }: Started) {
  return { instance_id: instanceId, status, repeated };
}

export function instanceJson(instance: InstanceView) {
  const { instanceId, businessKey, parentId, startedAt, endedAt, tokens, process, version, status, variables } =
    instance;
  return {
    instance_id: instanceId,
    process,
    version,
    status,
    business_key: businessKey,
    parent_id: parentId,
    started_at: startedAt,
    ended_at: endedAt,
    variables: { ...variables },
    tokens: tokens.map(({ token, node, waitsFor, incident }) => ({ token, node, waits_for: waitsFor, incident })),
  };
}

export function historyJson({ enteredAt, leftAt, ...row }: HistoryView) {
  const { sequence, token, node, outcome, detail } = row;
  return { sequence, token, node, entered_at: enteredAt, left_at: leftAt, outcome, detail };
}

export function trailJson({ recordedAt, actor, action, detail }: TrailView) {
  return { recorded_at: recordedAt, actor, action, detail };
}

export function taskJson(task: TaskView) {
  return {
    task_id: task.taskId,
    instance_id: task.instanceId,
    token: task.token,
    node: task.node,
    name: task.name,
    state: task.state,
    assignee: task.assignee,
    candidate_roles: [...task.candidateRoles],
    form_key: task.formKey,
    priority: task.priority,
    due_at: task.dueAt,
    created_at: task.createdAt,
    ended_at: task.endedAt,
    ended_by: task.endedBy,
  };
}

export function incidentJson(incident: IncidentView) {
  const { incidentId, instanceId, token, node, code, detail, openedAt } = incident;
  return { incident_id: incidentId, instance_id: instanceId, token, node, code, detail, opened_at: openedAt };
}

export function migrationJson({ moved, refused }: MigrationReport) {
  return {
    moved,
    refused: refused.map(({ instanceId, problems }) => ({ instance_id: instanceId, problems: [...problems] })),
  };
}
