/** Evidence: every posting of a book becomes a leaf of its Merkle log. See README.md. */
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
