/**
 * The audit trail: who read or changed what, when, from where, why, and on whose approval; and the masking of personal data
 * with its logged, reasoned lifting.
 */
export {
  type AuditActor,
  type AuditEffect,
  type AuditInput,
  type AuditSubject,
  parseSubject,
  subjectText,
} from './entry.ts';
export { auditError } from './errors.ts';
export { requestAudit } from './http.ts';
export { type MaskKind, mask, maskKinds } from './mask.ts';
export { type AuditNote, auditRead, auditSubject } from './record.ts';
export { csvHeader, csvLine, deedOf, entryJson, subjectLine, type Text2 } from './report.ts';
export { auditRoutes } from './routes.ts';
export { type AuditEntry, type AuditFilter, allAudit, auditEnd, searchAudit } from './search.ts';
export { csvField, plainText, plainTextOrNull } from './text.ts';
export { auditChange, openTrail, type Trail, type TrailLog, type TrailOptions } from './trail.ts';
export {
  grantUnmask,
  mayUnmask,
  type UnmaskGrant,
  type UnmaskInput,
  unmaskedFields,
  unmaskedSubjects,
} from './unmask.ts';
