/** What the house asks of whoever verifies identities. An adapter speaks to one provider; the room knows none. */

export const verificationChecks = ['document', 'liveness', 'two_elements', 'three_elements', 'four_elements'] as const;
/**
 * `document`: the document is genuine and is that of the person. `liveness`: a living person, the one of the document.
 * Elements agree with the registers: two are name and number, three also the mobile number, four also the bank card.
 */
export type VerificationCheck = (typeof verificationChecks)[number];

export const elementNames = ['name', 'identifier', 'mobile', 'card'] as const;
export type ElementName = (typeof elementNames)[number];
export type Elements = Readonly<Partial<Record<ElementName, string>>>;

export interface VerificationRequest {
  /** Of the verification; a provider that is asked again under it gives the same answer. */
  readonly id: string;
  readonly checks: readonly VerificationCheck[];
  readonly identifierKind: string;
  readonly elements: Elements;
  /** The provider's own reference to a scan it has taken. Pictures never pass through the house. */
  readonly documentReference: string | null;
  /** The provider's own reference to a recording it has taken. */
  readonly livenessReference: string | null;
}

export interface CheckAnswer {
  readonly check: VerificationCheck;
  readonly outcome: 'passed' | 'failed' | 'review' | 'unavailable';
  /** From 0 to 1, decimal text with at most four decimals: how sure the provider is that it is the person. */
  readonly score: string;
  /** A code of the provider, without personal data; null when there is nothing to say. */
  readonly reason: string | null;
}

export interface VerificationPort {
  /** Name of the provider as evidence keeps it. */
  readonly provider: string;
  /** True when the answers are computed and nobody is asked: such evidence proves nothing. */
  readonly simulation: boolean;
  /** One answer per check asked for. What cannot be reached answers 'unavailable', it does not throw. */
  verify(request: VerificationRequest): Promise<readonly CheckAnswer[]>;
}

/** The elements each check compares. */
export const elementsOf: Readonly<Record<VerificationCheck, readonly ElementName[]>> = {
  document: ['name', 'identifier'],
  liveness: [],
  two_elements: ['name', 'identifier'],
  three_elements: ['name', 'identifier', 'mobile'],
  four_elements: ['name', 'identifier', 'mobile', 'card'],
};
