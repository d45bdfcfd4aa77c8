import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { letters, normalName, surnames } from './names.ts';

describe('a name as it is compared', () => {
  const cases: [text: string, kind: 'person' | 'organisation', han: string | null, words: string][] = [
    ['张伟', 'person', '张伟', 'zhang wei'],
    ['張 偉', 'person', '张伟', 'zhang wei'],
    ['　张　伟　', 'person', '张伟', 'zhang wei'],
    ['买买提·艾合买提', 'person', '买买提艾合买提', 'mai mai ti ai he mai ti'],
    ['买买提•艾合买提', 'person', '买买提艾合买提', 'mai mai ti ai he mai ti'],
    ['買買提・艾合買提', 'person', '买买提艾合买提', 'mai mai ti ai he mai ti'],
    ['欧阳修', 'person', '欧阳修', 'ou yang xiu'],
    // Surnames sound otherwise than the same character elsewhere.
    ['单田芳', 'person', '单田芳', 'shan tian fang'],
    ['解晓东', 'person', '解晓东', 'xie xiao dong'],
    // Passports write ü in several ways.
    ['吕布', 'person', '吕布', 'lu bu'],
    ['LYU BU', 'person', null, 'lu bu'],
    ['Lü Bu', 'person', null, 'lu bu'],
    ['José Ñandú-Łódź', 'person', null, 'jose nandu lodz'],
    ["O'Brien, Séan", 'person', null, 'obrien sean'],
    ['ＷＥＩ  Zhang', 'person', null, 'wei zhang'],
    ['Иван Петров', 'person', null, 'иван петров'],
    ['北京龍門科技股份有限公司', 'organisation', '北京龙门科技', 'bei jing long men ke ji'],
    ['龙门科技（北京）有限公司', 'organisation', '龙门科技北京', 'long men ke ji bei jing'],
    ['ABC科技有限责任公司', 'organisation', 'abc科技', 'abc ke ji'],
    ['Acme Trading Co., Ltd.', 'organisation', null, 'acme trading'],
    // A name that is nothing but a legal form stays.
    ['有限公司', 'organisation', '有限公司', 'you xian gong si'],
    ['Co., Ltd.', 'organisation', null, 'co ltd'],
    ['有限公司', 'person', '有限公司', 'you xian gong si'],
    ['··', 'person', null, ''],
  ];
  for (const [text, kind, han, words] of cases) {
    it(`${text} (${kind}) is ${han ?? words}`, () => {
      assert.deepEqual(normalName(text, kind), { han, words: words === '' ? [] : words.split(' ') });
    });
  }
});

describe('the letters of a name', () => {
  const same: [left: string, right: string][] = [
    ['王小明', 'Xiaoming WANG'],
    ['王小明', 'Wang Xiao Ming'],
    ['王小明', '王晓明'],
    ['王小明', 'Wang Xiao-Ming'],
    ['吕洞宾', 'LYU DONGBIN'],
  ];
  for (const [left, right] of same) {
    it(`are the same for ${left} and ${right}`, () => {
      assert.equal(letters(normalName(left, 'person')), letters(normalName(right, 'person')));
    });
  }

  it('differ for other names', () => {
    assert.notEqual(letters(normalName('王小明', 'person')), letters(normalName('王大明', 'person')));
  });
});

it('the surname is the first syllable, or the first or last word', () => {
  assert.deepEqual(surnames(normalName('王小明', 'person')), ['wang']);
  assert.deepEqual(surnames(normalName('Xiaoming Wang', 'person')), ['xiaoming', 'wang']);
  assert.deepEqual(surnames(normalName('Pelé', 'person')), ['pele']);
});
