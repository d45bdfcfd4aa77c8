import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { keysOf, wantedKeys } from './keys.ts';
import { letters } from './names.ts';
import { type PartyFacts, phoneDigits, profileOf } from './profile.ts';
import { compare, verdictOf } from './score.ts';
import { isOneSlip, similarity } from './text.ts';
import { LEVELS, type Level, LOWER, UPPER, weightOf } from './weights.ts';

const wang: PartyFacts = {
  kind: 'person',
  names: ['王小明'],
  birthDate: '1985-03-12',
  sex: 'male',
  phones: ['+86 138 0013 8000'],
  divisionCodes: ['110105'],
  identifiers: [{ kind: 'resident_id', value: '11010519850312001X' }],
};

describe('two records of persons', () => {
  const cases: [name: string, other: Partial<PartyFacts>, levels: string, verdict: string][] = [
    ['the same', {}, 'name same, birth_date same, sex same, phone same, division same_county, identifier same', 'same'],
    [
      'only the identifier is the same',
      { names: ['李四'], birthDate: '1970-01-01', phones: [], sex: null, divisionCodes: [] },
      'name different, birth_date different, identifier same',
      'same',
    ],
    [
      'no identifier, in Latin letters',
      { names: ['Xiaoming Wang'], identifiers: [] },
      'name same_sound, birth_date same, sex same, phone same, division same_county',
      'proposed',
    ],
    [
      'a homophone, another phone',
      { names: ['王晓明'], identifiers: [], phones: ['13900139000'] },
      'name same_sound, birth_date same, sex same, phone different, division same_county',
      'unsure',
    ],
    [
      'traditional characters, day and month exchanged',
      { names: ['王小明 '], birthDate: '1985-12-03', identifiers: [], phones: [] },
      'name same, birth_date swapped, sex same, division same_county',
      'unsure',
    ],
    [
      'a digit of the birth date wrong',
      { birthDate: '1985-03-13', identifiers: [] },
      'name same, birth_date one_slip, sex same, phone same, division same_county',
      'proposed',
    ],
    [
      'the name alone',
      { birthDate: null, sex: null, phones: [], divisionCodes: [], identifiers: [] },
      'name same',
      'different',
    ],
    [
      'a namesake',
      { birthDate: '1962-11-30', phones: ['13900139000'], divisionCodes: ['440303'], identifiers: [] },
      'name same, birth_date different, sex same, phone different, division different',
      'different',
    ],
    [
      'the same name and birth date, another resident number',
      { identifiers: [{ kind: 'resident_id', value: '440303198503120033' }], phones: [], divisionCodes: [] },
      'name same, birth_date same, sex same, identifier different',
      'different',
    ],
    [
      'the same and the same county, another resident number',
      { identifiers: [{ kind: 'resident_id', value: '440303198503120033' }], phones: [] },
      'name same, birth_date same, sex same, division same_county, identifier different',
      'unsure',
    ],
    [
      'a resident number mistyped once',
      { identifiers: [{ kind: 'resident_id', value: '11010519850312002X' }], phones: [] },
      'name same, birth_date same, sex same, division same_county, identifier one_slip',
      'proposed',
    ],
    [
      'a wife with the phone of her husband',
      { names: ['陈丽'], birthDate: '1986-07-01', sex: 'female', identifiers: [] },
      'name different, birth_date different, sex different, phone same, division same_county',
      'different',
    ],
  ];
  for (const [name, other, levels, verdict] of cases) {
    it(`${name}: ${verdict}`, () => {
      const { reasons, verdict: found } = compare(profileOf(wang), profileOf({ ...wang, ...other }));
      assert.equal(reasons.map(({ field, level }) => `${field} ${level}`).join(', '), levels);
      assert.equal(found, verdict);
    });
  }

  it('a common name says less', () => {
    const alone = profileOf({ kind: 'person', names: ['王小明'] });
    assert.equal(compare(alone, alone, () => true).reasons[0]?.level, 'same_common');
    assert.equal(compare(alone, alone, () => true).verdict, 'different');
  });

  it('a new passport speaks less against than another resident number', () => {
    const level = (kind: string) =>
      compare(
        profileOf({ ...wang, identifiers: [{ kind, value: 'E12345678' }] }),
        profileOf({ ...wang, identifiers: [{ kind, value: 'G98765432' }] }),
      ).reasons.at(-1)?.level;
    assert.deepEqual([level('passport'), level('resident_id')], ['renewed', 'different']);
  });

  it('a passport of the same number of another state is another document', () => {
    const of = (country: string) =>
      profileOf({ ...wang, identifiers: [{ kind: 'passport', country, value: 'C1234567' }] });
    assert.equal(compare(of('USA'), of('CAN')).verdict, 'proposed');
    assert.equal(compare(of('USA'), of('USA')).verdict, 'same');
  });

  it('a person is no organisation', () => {
    const person = profileOf(wang);
    assert.deepEqual(compare(person, { ...person, kind: 'organisation' }), {
      score: 0,
      verdict: 'different',
      reasons: [],
    });
  });
});

it('organisations are found whatever the legal form and the place of the city', () => {
  const of = (name: string) => profileOf({ kind: 'organisation', names: [name] });
  assert.equal(compare(of('北京龙门科技有限公司'), of('北京龍門科技股份有限公司')).reasons[0]?.level, 'same');
  assert.equal(compare(of('北京龙门科技有限公司'), of('龙门科技（北京）有限公司')).reasons[0]?.level, 'same_sound');
});

it('names that differ in a number are different names', () => {
  const of = (name: string) => profileOf({ kind: 'organisation', names: [name] });
  assert.equal(compare(of('Acme Holding 12'), of('Acme Holding 21')).reasons[0]?.level, 'different');
  assert.equal(compare(of('北京第3中学'), of('北京第4中学')).reasons[0]?.level, 'different');
  assert.equal(compare(of('北京第3中学'), of('北京第3中校')).reasons[0]?.level, 'similar');
});

describe('the table of weights', () => {
  it('has odds between 0 and 1, and each field speaks for and against', () => {
    for (const [field, levels] of Object.entries<Readonly<Record<string, Level>>>(LEVELS)) {
      const all = Object.values(levels);
      assert.ok(
        all.every(({ m, u }) => m > 0 && m <= 1 && u > 0 && u <= 1),
        field,
      );
      assert.ok(all.some((level) => weightOf(level) > 0) && all.some((level) => weightOf(level) < 0), field);
    }
  });

  it('divides the scores in three', () => {
    assert.deepEqual([UPPER, UPPER - 0.1, LOWER, LOWER - 0.1].map(verdictOf), [
      'proposed',
      'unsure',
      'unsure',
      'different',
    ]);
  });
});

const anyFacts = fc.record({
  kind: fc.constantFrom('person' as const, 'organisation' as const),
  names: fc.array(fc.oneof(fc.constantFrom('王小明', '王曉明', 'Wang Xiaoming', '张伟'), fc.string()), {
    maxLength: 3,
  }),
  birthDate: fc.option(fc.constantFrom('1985-03-12', '1985-12-03', '1986-03-12')),
  sex: fc.option(fc.constantFrom('female' as const, 'male' as const)),
  phones: fc.array(fc.constantFrom('13800138000', '+8613800138000', '010-12345678'), { maxLength: 2 }),
  divisionCodes: fc.array(fc.constantFrom('110105', '110101', '440303'), { maxLength: 2 }),
  identifiers: fc.array(fc.record({ kind: fc.constantFrom('passport', 'resident_id'), value: fc.string() }), {
    maxLength: 2,
  }),
});

it('comparing is symmetric, and a profile survives being stored', () => {
  fc.assert(
    fc.property(anyFacts, anyFacts, (a, b) => {
      const [left, right] = [profileOf(a), profileOf(b)];
      assert.deepEqual(compare(left, right), compare(right, left));
      assert.deepEqual(JSON.parse(JSON.stringify(left)), left);
      assert.deepEqual(keysOf(left), keysOf(profileOf(a)));
    }),
  );
});

describe('keys', () => {
  const hashes = (facts: PartyFacts) => new Map(keysOf(profileOf(facts)).map(({ rule, hash }) => [hash, rule]));
  const cases: [name: string, other: Partial<PartyFacts>, shared: string[]][] = [
    ['another script', { names: ['WANG XIAOMING'] }, ['name', 'name_and_day', 'name_and_year', 'surname_and_date']],
    ['another given name', { names: ['王大力'] }, ['surname_and_date']],
    ['another year', { birthDate: '1958-03-12' }, ['name', 'name_and_day']],
    ['another day', { birthDate: '1985-03-21' }, ['name', 'name_and_year']],
    ['nothing but the phone', { names: ['陈丽'], birthDate: null, phones: ['0086-13800138000'] }, ['phone']],
  ];
  for (const [name, other, shared] of cases) {
    it(`are shared in spite of ${name}`, () => {
      const ours = hashes({ ...wang, identifiers: [] });
      const theirs = hashes({ ...wang, identifiers: [], phones: [], ...other });
      assert.deepEqual(
        [...theirs]
          .filter(([hash]) => ours.has(hash))
          .map(([, rule]) => rule)
          .sort(),
        shared,
      );
    });
  }

  it('lead from a record with a date to one without, and back', () => {
    const dated = profileOf({ kind: 'person', names: ['王小明'], birthDate: '1985-03-12' });
    const undated = profileOf({ kind: 'person', names: ['Wang Xiaoming'] });
    const meets = (asked: typeof dated, stored: typeof dated) => {
      const hashes = new Set(keysOf(stored).map(({ hash }) => hash));
      return wantedKeys(asked).filter(({ hash, counted }) => !counted && hashes.has(hash)).length;
    };
    assert.deepEqual([meets(dated, undated), meets(undated, dated), meets(undated, undated)], [1, 1, 1]);
    // Of namesakes born on another day a record with a date only asks how many there are.
    assert.equal(meets(dated, profileOf({ kind: 'person', names: ['王小明'], birthDate: '1970-11-30' })), 0);
  });

  it('are at most 48, whatever a party is called', () => {
    const names = Array.from({ length: 100 }, (_, index) => `name ${index}`);
    assert.equal(keysOf(profileOf({ ...wang, names })).length, 48);
    assert.equal(letters({ words: [] }), '');
  });
});

describe('texts', () => {
  const slips: [string, string, boolean][] = [
    ['王小明', '王晓明', true],
    ['19850312', '19850321', true],
    ['abc', 'ab', true],
    ['abc', 'abcd', true],
    ['abc', 'abc', false],
    ['abcd', 'badc', false],
    ['abc', 'axy', false],
    ['', 'a', true],
    ['', 'ab', false],
  ];
  for (const [left, right, expected] of slips) {
    it(`${left} and ${right} ${expected ? 'are' : 'are not'} one slip apart`, () => {
      assert.equal(isOneSlip(left, right), expected);
      assert.equal(isOneSlip(right, left), expected);
    });
  }

  // Values of Winkler's paper, table of examples.
  for (const [left, right, value] of [
    ['martha', 'marhta', 0.961],
    ['dwayne', 'duane', 0.84],
    ['dixon', 'dicksonx', 0.813],
    ['abc', 'xyz', 0],
  ] as const) {
    it(`${left} and ${right} are alike by ${value}`, () =>
      assert.equal(Number(similarity(left, right).toFixed(3)), value));
  }

  for (const [text, digits] of [
    ['+86 138-0013-8000', '13800138000'],
    ['008613800138000', '13800138000'],
    ['(010) 1234 5678', '1012345678'],
    ['+86 10 12345678', '1012345678'],
    ['+852 2345 6789', '85223456789'],
  ] as const) {
    it(`${text} is the number ${digits}`, () => assert.equal(phoneDigits(text), digits));
  }
});
