/** Parties: persons and organisations, their relations, rights and proofs. See README.md. */
export {
  type Consent,
  type ConsentInput,
  consentInForce,
  grantConsent,
  listConsents,
  withdrawConsent,
} from './consents.ts';
export { partyError } from './errors.ts';
export {
  type CheckedIdentifier,
  checkedIdentifier,
  checkIdentifier,
  type IdentifierFault,
  type IdentifierKind,
  identifierKinds,
  identifierText,
} from './identifiers/identifiers.ts';
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
  type PartyImportCounts,
  type PartyImportOptions,
  type PartyImportResult,
} from './import/model.ts';
export { importParties, previewParties } from './import/service.ts';
export type { Address, Contact, Identifier, Name, PartyInput, PartyKind, Sex } from './model.ts';
export { checkedContact, checkedName, contactValue, scriptOf, searchKey } from './model.ts';
export type { RelatedGroup } from './ownership/group.ts';
export type { BeneficialOwner, BeneficialOwners, Path } from './ownership/owners.ts';
export { readBeneficialOwners, readGroup } from './ownership/service.ts';
export type { Relation, RelationKind } from './relations/model.ts';
export { addRelation, endRelation, guardiansOf, listRelations } from './relations/service.ts';
export type { AccountRight, MayAct, RightKind, RightRefusal } from './rights/model.ts';
export { endRight, giveRight, listRights, mayAct, useRight } from './rights/service.ts';
export { type PartyRoutesOptions, partyRoutes } from './routes.ts';
export { listParties, type PartyFilter } from './search.ts';
export { changeParty, createParties, type PartyChange, type PartyDeps, readParty } from './service.ts';
export type { Party, PartyRow } from './store.ts';
export { membersOf, survivorOf } from './survivor.ts';
export { type CheckInput, type CheckResult, checkUniqueness, MAX_CHECK, type Match } from './uniqueness/check.ts';
export { indexParties } from './uniqueness/facts.ts';
export { putIntoIndex } from './uniqueness/index-store.ts';
export { type Merge, mergeParties, splitMerge } from './uniqueness/merge.ts';
export type { PartyFacts } from './uniqueness/profile.ts';
export type {
  CheckAnswer,
  Elements,
  VerificationCheck,
  VerificationPort,
  VerificationRequest,
} from './verification/port.ts';
export {
  listVerifications,
  type Verification,
  type VerificationInput,
  verificationInForce,
  verifyIdentity,
} from './verification/service.ts';
export { simulatedVerification } from './verification/simulator.ts';
