/** Evidence: every posting of a book, and every entry of the audit trail, becomes a leaf of a Merkle log. See README.md. */
export { AUDIT_CODE, AUDIT_KEY, type AuditEvidence, type AuditProof, openAuditEvidence } from './audit.ts';
export {
  AUDIT_LEAF_VERSION,
  type AuditLeaf,
  decodeAuditLeaf,
  encodeAuditLeaf,
  listBytes,
  saltedHash,
  whoBytes,
  wordsBytes,
} from './audit-leaf.ts';
export { type AuditPart, auditParts } from './audit-store.ts';
export { type AuditReport, verifyAudit } from './audit-verify.ts';
export { decodeLeaf, encodeLeaf, LEAF_VERSION, leafKinds, type PostingLeaf } from './leaf.ts';
export { evidenceRoutes } from './routes.ts';
export {
  type EvidenceDeps,
  evidenceFolder,
  openPostingEvidence,
  POSTINGS,
  type PostingEvidence,
  type PostingProof,
  type PostingTexts,
  type SaltedText,
} from './service.ts';
export { countErased } from './store.ts';
export { type EvidenceFinding, type EvidenceReport, type EvidenceVerifyOptions, verifyPostings } from './verify.ts';
