/** Identifiers: UUIDs for records, business numbers with check digits for people to read out. */
export { businessNumber, isBusinessNumber } from './business-number.ts';
export { canonicalUuid, deterministicId, isUuid, newId } from './uuid.ts';
