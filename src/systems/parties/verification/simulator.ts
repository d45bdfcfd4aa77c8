/**
 * A simulation of an identity provider, for trying the house out and for tests. It asks nobody: its answers follow from
 * what it is given by the rules below, and everything it answers is marked as simulation.
 *
 * | given | answer |
 * |---|---|
 * | a reference `sim:forged`, `sim:spoof` or one that does not begin with `sim:` | failed |
 * | a reference `sim:blurred` | review |
 * | a reference `sim:unavailable` | unavailable |
 * | another reference that begins with `sim:` | passed |
 * | a resident number whose check digit is wrong | failed, `identifier_unknown` |
 * | a mobile number that ends with 0000 | failed, `mobile_of_another` |
 * | a mobile number that ends with 9999 | unavailable |
 * | a card number without a right check digit (Luhn) | failed, `card_unknown` |
 * | a card number that ends with 00 | failed, `card_of_another` |
 * | a name of one character | review, `name_rare` |
 * | anything else | passed |
 *
 * Scores: passed 0.8000 to 0.9999, by the SHA-256 of what was given; review 0.5000; failed and unavailable 0.
 */
import { createHash } from 'node:crypto';
import { isLuhn, mod11_2 } from '../identifiers/check-digits.ts';
import {
  type CheckAnswer,
  elementsOf,
  type VerificationCheck,
  type VerificationPort,
  type VerificationRequest,
} from './port.ts';

type Finding = readonly [outcome: CheckAnswer['outcome'], reason: string | null];

const passed: Finding = ['passed', null];

export function simulatedVerification(): VerificationPort {
  return {
    provider: 'simulator',
    simulation: true,
    async verify(request) {
      return request.checks.map((check) => {
        const [outcome, reason] = findingOf(check, request);
        return { check, outcome, reason, score: scoreOf(outcome, check, request) };
      });
    },
  };
}

function findingOf(check: VerificationCheck, request: VerificationRequest): Finding {
  if (check === 'document') return referenceFinding(request.documentReference);
  if (check === 'liveness') return referenceFinding(request.livenessReference);
  const { name = '', identifier = '', mobile = '', card = '' } = request.elements;
  const elements = elementsOf[check];
  if (request.identifierKind === 'resident_id' && mod11_2(identifier.slice(0, 17)) !== identifier.slice(17)) {
    return ['failed', 'identifier_unknown'];
  }
  if (elements.includes('mobile')) {
    if (mobile.endsWith('0000')) return ['failed', 'mobile_of_another'];
    if (mobile.endsWith('9999')) return ['unavailable', 'register_unreachable'];
  }
  if (elements.includes('card')) {
    if (!isLuhn(card)) return ['failed', 'card_unknown'];
    if (card.endsWith('00')) return ['failed', 'card_of_another'];
  }
  return [...name].length === 1 ? ['review', 'name_rare'] : passed;
}

function referenceFinding(reference: string | null): Finding {
  if (reference === null || !reference.startsWith('sim:')) return ['failed', 'reference_unknown'];
  if (reference === 'sim:forged' || reference === 'sim:spoof') return ['failed', reference.slice('sim:'.length)];
  if (reference === 'sim:blurred') return ['review', 'blurred'];
  return reference === 'sim:unavailable' ? ['unavailable', 'provider_unreachable'] : passed;
}

function scoreOf(outcome: CheckAnswer['outcome'], check: VerificationCheck, request: VerificationRequest): string {
  if (outcome === 'review') return '0.5000';
  if (outcome !== 'passed') return '0.0000';
  const { identifierKind, elements, documentReference, livenessReference } = request;
  const given = JSON.stringify([check, identifierKind, elements, documentReference, livenessReference]);
  const share = createHash('sha256').update(given).digest().readUInt16BE(0) % 2_000;
  return `0.${8_000 + share}`;
}
