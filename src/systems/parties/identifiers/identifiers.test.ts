/** Identifiers: a table of each kind, and properties of the check digits. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { isLuhn, mod11_2, mod11_10, mod31, socialCreditCharacters } from './check-digits.ts';
import { checkedIdentifier, checkIdentifier } from './identifiers.ts';

const today = '2025-01-02';

/** kind, written number, what is read ('value country birth sex nationality') or the code of the fault. */
const cases: readonly (readonly [kind: string, value: string, expected: string, more?: object])[] = [
  // The examples of GB 11643-1999.
  ['resident_id', '11010519491231002X', '11010519491231002X CHN 1949-12-31 female CHN'],
  ['resident_id', '440524188001010014', 'identifier_birth_date_impossible'],
  ['resident_id', ' 110105 19491231 002x ', '11010519491231002X CHN 1949-12-31 female CHN'],
  ['resident_id', '１１０１０５１９４９１２３１００２Ｘ', '11010519491231002X CHN 1949-12-31 female CHN'],
  ['resident_id', '110105194912310021', 'identifier_check_digit_wrong'],
  ['resident_id', '110105194912310038', '110105194912310038 CHN 1949-12-31 male CHN'],
  ['resident_id', '110105194902290020', 'identifier_birth_date_impossible'],
  ['resident_id', '110105194913310020', 'identifier_birth_date_impossible'],
  ['resident_id', '110105202501030028', 'identifier_birth_date_impossible'],
  ['resident_id', '100105194912310020', 'identifier_division_unknown'],
  ['resident_id', '990105194912310020', 'identifier_division_unknown'],
  ['resident_id', '010105194912310020', 'identifier_malformed'],
  ['resident_id', '11010519491231002', 'identifier_malformed'],
  ['resident_id', '11010519491231002XX', 'identifier_malformed'],
  ['resident_id', "1' or '1'='1", 'identifier_malformed'],
  ['resident_id', '', 'identifier_malformed'],
  ['resident_id', '810000199408230021', 'identifier_malformed'],
  ['resident_id', '110105491231002', 'identifier_old_form'],
  ['resident_id', '110105491231002', '11010519491231002X CHN 1949-12-31 female CHN', { upgradeOldForm: true }],
  ['resident_id', '110105490229002', 'identifier_birth_date_impossible', { upgradeOldForm: true }],
  ['hong_kong_macao_taiwan_residence_permit', '810000199408230021', '810000199408230021 CHN 1994-08-23 female CHN'],
  ['hong_kong_macao_taiwan_residence_permit', '830000199408230022', 'identifier_check_digit_wrong'],
  ['hong_kong_macao_taiwan_residence_permit', '840000199408230021', 'identifier_division_unknown'],
  ['hong_kong_macao_taiwan_residence_permit', '11010519491231002X', 'identifier_division_unknown'],
  ['hong_kong_macao_permit', 'H12345678', 'H12345678 CHN CHN'],
  ['hong_kong_macao_permit', 'm1234567801', 'M1234567801 CHN CHN'],
  ['hong_kong_macao_permit', 'H123456789', 'identifier_malformed'],
  ['hong_kong_macao_permit', 'A12345678', 'identifier_malformed'],
  ['taiwan_permit', '01234567', '01234567 CHN CHN'],
  ['taiwan_permit', '0123456789', 'identifier_malformed'],
  ['passport', 'E12345678', 'E12345678 CHN'],
  ['passport', 'EA1234567', 'EA1234567 CHN'],
  ['passport', 'EI1234567', 'identifier_malformed'],
  ['passport', 'G12345678', 'G12345678 CHN'],
  ['passport', 'DE1234567', 'DE1234567 CHN'],
  ['passport', 'X12345678', 'identifier_malformed'],
  ['passport', '533401234', '533401234 USA', { country: 'USA' }],
  ['passport', 'C01X00T47', 'C01X00T47 DEU', { country: 'DEU' }],
  ['passport', 'ABCDEFGH', 'identifier_malformed', { country: 'USA' }],
  ['passport', '1234567890', 'identifier_malformed', { country: 'USA' }],
  ['passport', '12345678', 'identifier_malformed', { country: 'ZZZ' }],
  ['passport', 'A1234567', 'A1234567 XXA', { country: 'XXA' }],
  ['foreigner_residence_permit', 'USA110078010112', 'USA110078010112 CHN USA'],
  ['foreigner_residence_permit', 'ZZZ110078010112', 'identifier_malformed'],
  ['foreigner_residence_permit', 'USA990078010112', 'identifier_division_unknown'],
  ['foreigner_residence_permit', 'USA110078023112', 'identifier_birth_date_impossible'],
  ['foreigner_residence_permit', '911840197801010019', 'identifier_check_digit_wrong'],
  ['foreigner_residence_permit', '999840197801010019', 'identifier_division_unknown'],
  ['foreigner_residence_permit', '911999197801010019', 'identifier_malformed'],
  // Codes of real companies, as their annual reports print them.
  ['unified_social_credit_code', '91110000600037341L', '91110000600037341L CHN'],
  ['unified_social_credit_code', '914403001922038216', '914403001922038216 CHN'],
  ['unified_social_credit_code', '91110000600037341M', 'identifier_check_digit_wrong'],
  ['unified_social_credit_code', '91110000600037341I', 'identifier_malformed'],
  ['unified_social_credit_code', '9111000060003734S', 'identifier_malformed'],
  ['unified_social_credit_code', '91ABCDEF600037341L', 'identifier_malformed'],
  // The example of GS 15-2006.
  ['business_licence', '110108000000016', '110108000000016 CHN'],
  ['business_licence', '110108000000017', 'identifier_check_digit_wrong'],
  ['business_licence', '11010800000001', 'identifier_malformed'],
  ['other', 'berka/12', 'BERKA/12 CHN'],
  ['other', 'a\u0000b', 'identifier_malformed'],
  ['tax_number', '1', 'identifier_kind_unknown'],
  ['constructor', '1', 'identifier_kind_unknown'],
];

test('identifiers of every kind', () => {
  for (const [kind, value, expected, more = {}] of cases) {
    const { country, ...rules } = more as { country?: string; upgradeOldForm?: boolean };
    const check = checkIdentifier({ kind, value, country }, { today, ...rules });
    const shown = check.ok
      ? [
          check.identifier.value,
          check.identifier.country,
          check.identifier.birthDate,
          check.identifier.sex,
          check.identifier.nationality,
        ]
          .filter((part) => part !== undefined)
          .join(' ')
      : check.code;
    assert.equal(shown, expected, `${kind} ${value}`);
  }
});

test('a foreigner permit of 18 digits names the country by its number', () => {
  const seventeen = '91184019780101001';
  const { identifier } = checkIdentifierOk('foreigner_residence_permit', seventeen + mod11_2(seventeen));
  assert.deepEqual([identifier.nationality, identifier.birthDate, identifier.sex], ['USA', '1978-01-01', 'male']);
});

function checkIdentifierOk(kind: string, value: string) {
  const check = checkIdentifier({ kind, value }, { today });
  assert.ok(check.ok, `${kind} ${value}`);
  return check;
}

/** issued, expires, accept expired, fault. */
const terms: readonly (readonly [string | null, string | null, boolean, string])[] = [
  ['2020-01-01', '2025-01-02', false, 'ok'],
  ['2020-01-01', '2025-01-01', false, 'identifier_expired'],
  ['2020-01-01', '2025-01-01', true, 'ok'],
  [null, null, false, 'ok'],
  ['2020-01-01', '2019-12-31', true, 'identifier_malformed'],
  ['2025-01-03', null, false, 'identifier_malformed'],
  ['2020-02-30', null, false, 'identifier_malformed'],
];

test('terms of documents', () => {
  for (const [issuedOn, expiresOn, acceptExpired, expected] of terms) {
    const document = { kind: 'passport', value: 'E12345678', issuedOn, expiresOn };
    const check = checkIdentifier(document, { today, acceptExpired });
    assert.equal(check.ok ? 'ok' : check.code, expected, `${issuedOn} ${expiresOn}`);
  }
});

test('an error names the kind and never the number', () => {
  assert.throws(
    () => checkedIdentifier({ kind: 'resident_id', value: '110105194912310021' }, { today }),
    (error: Error) => !JSON.stringify({ ...error, message: error.message }).includes('1949'),
  );
});

test('every single wrong digit and every swap of neighbours in a resident number is noticed', () => {
  const digits = fc.stringMatching(/^[0-9]{17}$/);
  fc.assert(
    fc.property(digits, fc.nat(16), fc.integer({ min: 1, max: 9 }), (body, place, add) => {
      const wrong = String((Number(body.charAt(place)) + add) % 10);
      assert.notEqual(mod11_2(body.slice(0, place) + wrong + body.slice(place + 1)), mod11_2(body));
      if (place < 16 && body.charAt(place) !== body.charAt(place + 1)) {
        const swapped = body.slice(0, place) + body.charAt(place + 1) + body.charAt(place) + body.slice(place + 2);
        assert.notEqual(mod11_2(swapped), mod11_2(body));
      }
    }),
  );
});

test('every single wrong character in a social credit code or licence number is noticed', () => {
  const characters = fc.array(fc.nat(30), { minLength: 17, maxLength: 17 });
  fc.assert(
    fc.property(characters, fc.nat(16), fc.integer({ min: 1, max: 30 }), (places, at, add) => {
      const textOf = (of: readonly number[]) => of.map((place) => socialCreditCharacters.charAt(place)).join('');
      const wrong = places.map((place, index) => (index === at ? (place + add) % 31 : place));
      assert.notEqual(mod31(textOf(wrong)), mod31(textOf(places)));
    }),
  );
  fc.assert(
    fc.property(fc.stringMatching(/^[0-9]{14}$/), fc.nat(13), fc.integer({ min: 1, max: 9 }), (body, at, add) => {
      const wrong = String((Number(body.charAt(at)) + add) % 10);
      assert.notEqual(mod11_10(body.slice(0, at) + wrong + body.slice(at + 1)), mod11_10(body));
    }),
  );
});

test('Luhn', () => {
  for (const [card, right] of [
    ['6222021234567890128', true],
    ['4111111111111111', true],
    ['4111111111111112', false],
    ['', false],
  ] as const) {
    assert.equal(isLuhn(card), right, card);
  }
});
