/** The simulator by its rules, the judgement by a table, and what evidence tells and does not tell. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { evidenceOf, judged, speaksOf } from './model.ts';
import type { CheckAnswer, VerificationRequest } from './port.ts';
import { simulatedVerification } from './simulator.ts';

const request: VerificationRequest = {
  id: '01890000-0000-7000-8000-000000000001',
  checks: ['document', 'liveness', 'four_elements'],
  identifierKind: 'resident_id',
  elements: { name: '王小明', identifier: '11010519491231002X', mobile: '+8613812345678', card: '4111111111111111' },
  documentReference: 'sim:1',
  livenessReference: 'sim:2',
};

test('the simulator answers by its rules, and the same every time', async () => {
  const port = simulatedVerification();
  assert.deepEqual([port.simulation, port.provider], [true, 'simulator']);
  const cases: readonly (readonly [
    Partial<Omit<VerificationRequest, 'elements'>> & { elements?: Partial<VerificationRequest['elements']> },
    string,
  ])[] = [
    [{}, 'passed, passed, passed'],
    [{ documentReference: 'sim:forged' }, 'failed forged, passed, passed'],
    [{ documentReference: 'sim:blurred' }, 'review blurred, passed, passed'],
    [{ documentReference: 'photo.jpg' }, 'failed reference_unknown, passed, passed'],
    [{ livenessReference: 'sim:spoof' }, 'passed, failed spoof, passed'],
    [{ livenessReference: 'sim:unavailable' }, 'passed, unavailable provider_unreachable, passed'],
    [{ elements: { identifier: '110105194912310021' } }, 'passed, passed, failed identifier_unknown'],
    [{ elements: { mobile: '+8613800000000' } }, 'passed, passed, failed mobile_of_another'],
    [{ elements: { mobile: '+8613800009999' } }, 'passed, passed, unavailable register_unreachable'],
    [{ elements: { card: '4111111111111112' } }, 'passed, passed, failed card_unknown'],
    [{ elements: { name: '王' } }, 'passed, passed, review name_rare'],
    // Three elements leave the card out.
    [{ checks: ['three_elements'], elements: { card: '1' } }, 'passed'],
    [{ checks: ['two_elements'], elements: { mobile: '+8613800000000' } }, 'passed'],
  ];
  for (const [more, expected] of cases) {
    const asked = { ...request, ...more, elements: { ...request.elements, ...more.elements } };
    const answers = await port.verify(asked);
    const shown = answers.map(({ outcome, reason }) => [outcome, ...(reason === null ? [] : [reason])].join(' '));
    assert.equal(shown.join(', '), expected);
    assert.deepEqual(await port.verify(asked), answers);
    for (const { score, outcome } of answers)
      assert.match(score, outcome === 'passed' ? /^0\.[89]\d{3}$/ : /^0\.[05]000$/);
  }
});

test('the outcome over all checks', () => {
  const policy = { checks: ['document', 'liveness'] as const, minimumScore: '0.8' };
  const answer = (check: 'document' | 'liveness', outcome: CheckAnswer['outcome'], score: string): CheckAnswer => ({
    check,
    outcome,
    score,
    reason: null,
  });
  const cases: readonly (readonly [CheckAnswer[], string])[] = [
    [[answer('document', 'passed', '0.9'), answer('liveness', 'passed', '0.8')], 'passed 0.8000'],
    [[answer('document', 'passed', '0.9'), answer('liveness', 'passed', '0.7999')], 'review 0.7999'],
    [[answer('document', 'review', '0.9'), answer('liveness', 'passed', '0.9')], 'review 0.9000'],
    [[answer('document', 'unavailable', '0'), answer('liveness', 'failed', '0')], 'failed 0.0000'],
    [[answer('document', 'unavailable', '0'), answer('liveness', 'review', '0.5')], 'unavailable 0.0000'],
    // A provider that answers less than it was asked has not verified.
    [[answer('document', 'passed', '0.9')], 'unavailable 0.0000'],
    [[], 'unavailable 0.0000'],
  ];
  for (const [answers, expected] of cases) {
    const { outcome, score } = judged(policy, answers);
    assert.equal(`${outcome} ${score}`, expected);
  }
});

test('evidence speaks of what was checked to whoever knows it, and tells nothing by itself', () => {
  const salts = ['00112233445566778899aabbccddeeff', 'ffeeddccbbaa99887766554433221100'] as const;
  const evidence = evidenceOf(request, salts[0]);
  assert.ok(speaksOf(evidence, 'mobile', '+8613812345678'));
  assert.ok(!speaksOf(evidence, 'mobile', '+8613812345679'));
  assert.ok(!speaksOf(evidence, 'name', '+8613812345678'));
  assert.ok(!speaksOf(evidence, 'constructor', 'x'));
  const text = JSON.stringify(evidence);
  for (const value of Object.values(request.elements)) assert.ok(value !== undefined && !text.includes(value));
  const other = evidenceOf(request, salts[1]);
  assert.notEqual(other.requestSha256, evidence.requestSha256);
  assert.notEqual(other.elementHashes.name, evidence.elementHashes.name);
});
