/** Entries as people and spreadsheets read them. Pure. */
import type { AuditEntry } from './search.ts';
import { csvField } from './text.ts';

/** A text in both languages of the house. */
export interface Text2 {
  readonly zh: string;
  readonly en: string;
}

const verbs: Readonly<Record<string, Text2>> = {
  unmask: { zh: '查看未脱敏信息', en: 'asked to see in plain' },
  export: { zh: '导出', en: 'exported' },
  merge: { zh: '合并', en: 'merged' },
  split: { zh: '拆分', en: 'split' },
  approve: { zh: '审批', en: 'decided on' },
};
const effects: Readonly<Record<AuditEntry['effect'], Text2>> = {
  read: { zh: '查看', en: 'looked at' },
  change: { zh: '修改', en: 'changed' },
};

/** What an entry tells of, as a sentence without its subject: for the report that a customer may be given. */
export function deedOf(entry: Pick<AuditEntry, 'action' | 'effect' | 'status' | 'fields' | 'reason'>): Text2 {
  const verb = verbs[entry.action.split(':').at(-1) ?? ''] ?? effects[entry.effect];
  const fields = entry.fields.length === 0 ? '' : `: ${entry.fields.join(', ')}`;
  const fieldsZh = entry.fields.length === 0 ? '' : `：${entry.fields.join('、')}`;
  if (entry.status < 400) return { zh: `${verb.zh}${fieldsZh}`, en: `${verb.en}${fields}` };
  const refused = entry.status < 500;
  return {
    zh: `${refused ? '尝试但被拒绝' : '尝试但失败'}：${verb.zh}${fieldsZh}`,
    en: `${refused ? 'was refused' : 'failed'}: ${verb.en}${fields}`,
  };
}

const columns: readonly [title: string, value: (entry: AuditEntry) => string][] = [
  ['sequence', ({ sequence }) => sequence.toString()],
  ['recorded_at', ({ recordedAt }) => recordedAt],
  ['actor_kind', ({ actorKind }) => actorKind],
  ['actor_id', ({ actorId }) => actorId],
  ['actor_name', ({ actorName }) => actorName ?? ''],
  ['on_behalf_of', ({ behalfId }) => behalfId ?? ''],
  ['action', ({ action }) => action],
  ['effect', ({ effect }) => effect],
  ['method', ({ method }) => method ?? ''],
  ['route', ({ route }) => route ?? ''],
  ['status', ({ status }) => String(status)],
  ['code', ({ code }) => code ?? ''],
  ['subjects', ({ subjects }) => subjects.join(' ')],
  ['fields', ({ fields }) => fields.join(' ')],
  ['unit_id', ({ unitId }) => String(unitId)],
  ['address', ({ address }) => address ?? ''],
  ['trace_id', ({ traceId }) => traceId ?? ''],
  ['approval_id', ({ approvalId }) => approvalId ?? ''],
  ['reason', ({ reason }) => reason ?? ''],
  ['request_digest', ({ requestDigest }) => requestDigest ?? ''],
];

/** The first line of the export. */
export const csvHeader = `${columns.map(([title]) => title).join(',')}\r\n`;

/** One line of the export, RFC 4180. */
export function csvLine(entry: AuditEntry): string {
  return `${columns.map(([, value]) => csvField(value(entry))).join(',')}\r\n`;
}

/** An entry in JSON, as the API and the command show it. */
export function entryJson(entry: AuditEntry) {
  return {
    sequence: entry.sequence.toString(),
    recorded_at: entry.recordedAt,
    actor: { kind: entry.actorKind, id: entry.actorId, name: entry.actorName },
    on_behalf_of:
      entry.behalfKind === null || entry.behalfId === null
        ? null
        : { kind: entry.behalfKind, id: entry.behalfId, name: entry.behalfName },
    action: entry.action,
    effect: entry.effect,
    method: entry.method,
    route: entry.route,
    status: entry.status,
    code: entry.code,
    subjects: [...entry.subjects],
    fields: [...entry.fields],
    unit_id: entry.unitId,
    address: entry.address,
    trace_id: entry.traceId,
    approval_id: entry.approvalId,
    reason: entry.reason,
    request_digest: entry.requestDigest,
  };
}

/** A line of the report on one subject: who, when, what, why; nothing of addresses and requests. */
export function subjectLine(entry: AuditEntry) {
  return {
    sequence: entry.sequence.toString(),
    recorded_at: entry.recordedAt,
    actor: { kind: entry.actorKind, id: entry.actorId, name: entry.actorName },
    on_behalf_of: entry.behalfName,
    deed: deedOf(entry),
    action: entry.action,
    status: entry.status,
    reason: entry.reason,
    approval_id: entry.approvalId,
  };
}
