/** Parties: persons and organisations, their relations, rights and proofs. See README.md. */
export { partyError } from './errors.ts';
export type { Address, Contact, Identifier, Name, PartyInput, PartyKind, Sex } from './model.ts';
export { checkedContact, checkedName, contactValue, scriptOf, searchKey } from './model.ts';
export { survivorOf } from './survivor.ts';
