/** Parties: persons and organisations, their relations, rights and proofs. See README.md. */
export { partyError } from './errors.ts';
export {
  type BerkaClientsOptions,
  type BerkaClientsResult,
  importBerkaClients,
} from './import/berka.ts';
export { COLUMNS as importColumns, type RowError } from './import/columns.ts';
export {
  type Choice,
  choices,
  DEFAULT_CHOICES,
  type Duplicate,
  importParties,
  type PartyImportCounts,
  type PartyImportOptions,
  type PartyImportResult,
  previewParties,
} from './import/service.ts';
export type { Address, Contact, Identifier, Name, PartyInput, PartyKind, Sex } from './model.ts';
export { checkedContact, checkedName, contactValue, scriptOf, searchKey } from './model.ts';
export { survivorOf } from './survivor.ts';
export { type CheckInput, type CheckResult, checkUniqueness, MAX_CHECK, type Match } from './uniqueness/check.ts';
export { indexParties } from './uniqueness/facts.ts';
export { putIntoIndex } from './uniqueness/index-store.ts';
export { type Merge, mergeParties, splitMerge } from './uniqueness/merge.ts';
export type { PartyFacts } from './uniqueness/profile.ts';
export { uniquenessRoutes } from './uniqueness/routes.ts';
