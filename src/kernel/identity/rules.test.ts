/** The rules of people without a database: passwords, waiting, states, cookies. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  accountBackoff,
  addressBackoff,
  checkEmail,
  checkLogin,
  checkName,
  passwordFault,
  type StaffChange,
  type StaffState,
  stateAfter,
  waitAfter,
} from './model.ts';
import { hashPassword, impossibleHash, verifyPassword } from './passwords.ts';
import { cookieValue, signedToken } from './sessions.ts';

const person = { login: 'wang.li', email: 'lily.wang@bank.example' };
const policy = { shortest: 12, history: 5 };

test('what a password must be, case by case', () => {
  const cases: readonly (readonly [string, ReturnType<typeof passwordFault>])[] = [
    ['', 'too_short'],
    ['elevenchars', 'too_short'],
    ['一二三四五六七八九十一', 'too_short'],
    ['correct horse battery staple', null],
    ['今天天气很好我们去爬山吧哈哈', null],
    ['Tr0mbone-lattice-9', null],
    ['x'.repeat(257), 'too_long'],
    ['my wang.li is here', 'contains_login'],
    ['WANG.LI and the sea', 'contains_login'],
    ['ｗａｎｇ.ｌｉ is wide', 'contains_login'],
    ['lily.wang forever', 'contains_login'],
    ['aaaaaaaaaaaaaaaa', 'too_common'],
    ['abababababababab', 'too_common'],
    ['123456789012', 'too_common'],
    ['password1234', 'too_common'],
    ['P@ssw0rd!2024', 'too_common'],
    ['Passw0rdPassw0rd', 'too_common'],
    ['qwertyuiop[]', 'too_common'],
    ['qwertyuiopasdfghjkl', 'too_common'],
    ['!Admin2024!!!', 'too_common'],
    ['woaini1314520', 'too_common'],
    ['Welcome2Longmen', 'too_common'],
  ];
  for (const [password, fault] of cases) assert.equal(passwordFault(password, person, policy), fault, password);
});

test('waiting doubles after the free failures and ends growing', () => {
  assert.deepEqual(
    [0, 4, 5, 6, 7, 9, 10, 10_000].map((n) => waitAfter(n, accountBackoff)),
    [0, 0, 30, 60, 120, 480, 900, 900],
  );
  assert.deepEqual(
    [49, 50, 51].map((n) => waitAfter(n, addressBackoff)),
    [0, 30, 60],
  );
  fc.assert(
    fc.property(
      fc.nat(100_000),
      (failures) => waitAfter(failures, accountBackoff) <= waitAfter(failures + 1, accountBackoff),
    ),
  );
});

test('states, case by case', () => {
  const cases: readonly (readonly [StaffState, StaffChange, StaffState | 'refused'])[] = [
    ['invited', 'suspend', 'suspended'],
    ['invited', 'reinstate', 'invited'],
    ['invited', 'leave', 'left'],
    ['active', 'suspend', 'suspended'],
    ['active', 'reinstate', 'refused'],
    ['active', 'leave', 'left'],
    ['suspended', 'suspend', 'suspended'],
    ['suspended', 'reinstate', 'invited'],
    ['suspended', 'leave', 'left'],
    ['left', 'suspend', 'refused'],
    ['left', 'reinstate', 'refused'],
    ['left', 'leave', 'left'],
  ];
  for (const [from, change, to] of cases) {
    if (to === 'refused')
      assert.throws(() => stateAfter(from, change), { code: 'staff_state_invalid' }, `${from} ${change}`);
    else assert.equal(stateAfter(from, change), to, `${from} ${change}`);
  }
});

test('logins, addresses and names', () => {
  assert.equal(checkLogin('Wang.Li-2'), 'wang.li-2');
  for (const login of ['', 'a', '.a', 'a b', '王丽', `a${'b'.repeat(63)}`, "a' or 1=1", 'a\nb', 'а.cyrillic']) {
    assert.throws(() => checkLogin(login), { code: 'login_invalid' }, login);
  }
  assert.equal(checkEmail('A.B+c@Bank.Example'), 'a.b+c@bank.example');
  for (const email of ['', 'a', '@b', 'a@', 'a@b@c', 'a b@c', 'a@b c', 'a@b\r\nBcc: x@y', '<a@b.example>']) {
    assert.throws(() => checkEmail(email), { code: 'staff_field_invalid' }, email);
  }
  for (const name of ['', ' padded', 'two\nlines', 'x'.repeat(101)]) {
    assert.throws(() => checkName(name), { code: 'staff_field_invalid' }, name);
  }
});

test('a hash fits its password, in any spelling of the same characters, and nothing else', async () => {
  const hash = await hashPassword('Ａngström über');
  assert.match(hash, /^scrypt\$15\$8\$3\$/);
  assert.equal(await verifyPassword(hash, 'Angstro\u0308m u\u0308ber'), true);
  assert.equal(await verifyPassword(hash, 'Angstrom uber'), false);
  assert.equal(await verifyPassword(impossibleHash(), ''), false);
  for (const text of ['', 'scrypt$', 'plain text', hash.slice(0, -1)])
    assert.equal(await verifyPassword(text, 'x'), false);
});

test('a cookie is read whole, and only with a good signature', () => {
  assert.equal(cookieValue('a=1; session=x%3D.y; b=2', 'session'), 'x=.y');
  assert.equal(cookieValue('session=a; session=b', 'session'), undefined);
  assert.equal(cookieValue('xsession=a', 'session'), undefined);
  assert.equal(cookieValue('session=%', 'session'), undefined);
  fc.assert(fc.property(fc.string(), (value) => signedToken(value, 'secret') === undefined));
});
