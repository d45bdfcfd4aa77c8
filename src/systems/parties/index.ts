/** Parties: persons and organisations, their relations, rights and proofs. See README.md. */
export { partyError } from './errors.ts';
export type { Address, Contact, Identifier, Name, PartyInput, PartyKind, Sex } from './model.ts';
export { checkedContact, checkedName, contactValue, scriptOf, searchKey } from './model.ts';
export { survivorOf } from './survivor.ts';
export { type CheckInput, type CheckResult, checkUniqueness, MAX_CHECK, type Match } from './uniqueness/check.ts';
export { indexParties } from './uniqueness/facts.ts';
export { putIntoIndex } from './uniqueness/index-store.ts';
export type { PartyFacts } from './uniqueness/profile.ts';
