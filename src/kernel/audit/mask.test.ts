import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type MaskKind, mask, maskKinds } from './mask.ts';

const cases: readonly [kind: MaskKind, value: string, masked: string][] = [
  ['name', '张三', '张*'],
  ['name', '张三丰', '张**'],
  ['name', '欧阳娜娜', '欧阳**'],
  ['name', '欧阳', '欧*'],
  ['name', '王', '*'],
  ['name', '𠮷野家', '𠮷**'],
  ['name', '买买提·艾力', '买**·**'],
  ['name', 'John Smith', 'J*** S****'],
  ['name', 'Anne-Marie O’Neill', 'A***-M**** O******'],
  ['name', 'X', '*'],
  ['name', '  李四 ', '李*'],
  ['name', '', ''],
  ['identifier', '110101199003071234', '110***********1234'],
  ['identifier', '11010519491231002X', '110***********002X'],
  ['identifier', '110105491231002', '110********1002'],
  ['identifier', '91350100M000100Y43', '913***********0Y43'],
  ['identifier', 'E12345678', 'E******78'],
  ['identifier', 'H1234567', 'H*****67'],
  ['identifier', '12345', '1***5'],
  ['identifier', '1234', '****'],
  ['mobile', '13812341234', '138****1234'],
  ['mobile', '138 1234 1234', '138****1234'],
  ['mobile', '+86 13812341234', '+86 138****1234'],
  ['mobile', '+8613812341234', '+86138****1234'],
  ['mobile', '010-12345678', '010****5678'],
  ['mobile', '+852 91234567', '+852 91****67'],
  ['mobile', '95588', '*****'],
  ['mobile', 'call me', '******'],
  ['email', 'zhangsan@example.com', 'z***@example.com'],
  ['email', 'z@example.com', '***@example.com'],
  ['email', '"a@b"@example.com', '"***@example.com'],
  ['email', 'nonsense', '******'],
  ['email', 'a@b', '******'],
  ['address', '北京市海淀区中关村大街27号', '北京市海淀区******'],
  ['address', '广东省深圳市南山区科技园路1号', '广东省深圳市南山区******'],
  ['address', '内蒙古自治区呼和浩特市新城区中山路5号', '内蒙古自治区呼和浩特市新城区******'],
  ['address', '江苏省昆山市前进路9号', '江苏省昆山市******'],
  ['address', '上海市某某小区5号楼', '上海市******'],
  ['address', '香港特别行政区中环德辅道1号', '香港特别行政区******'],
  ['address', '1 Main Street, Springfield', '******'],
  ['account', '6222021234567890123', '622202*********0123'],
  ['account', '6222 0212 3456 7890', '622202******7890'],
  ['account', '12345678', '****5678'],
  ['account', '1234567', '*******'],
];

for (const [kind, value, masked] of cases) {
  test(`${kind} ${value} is shown as ${masked}`, () => assert.equal(mask(kind, value), masked));
}

test('masking what is masked changes nothing, whatever it is', () => {
  const text = fc.oneof(fc.string({ unit: 'grapheme' }), fc.constantFrom(...cases.map(([, value]) => value)));
  fc.assert(
    fc.property(fc.constantFrom(...maskKinds), text, (kind, value) => {
      const masked = mask(kind, value);
      assert.equal(mask(kind, masked), masked);
    }),
  );
});

test('an identifier or a number gives at most ten characters away', () => {
  const digits = fc.stringMatching(/^[0-9]{1,30}$/);
  fc.assert(
    fc.property(fc.constantFrom<MaskKind>('identifier', 'mobile', 'account'), digits, (kind, value) => {
      const masked = mask(kind, value);
      assert.equal([...masked].length, value.length);
      const shown = [...masked].filter((character) => character !== '*').length;
      assert.ok(shown <= Math.min(10, Math.max(0, value.length - 3)), masked);
    }),
  );
});
