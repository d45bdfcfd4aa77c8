/**
 * One small page for signing in and for one-time links, in Chinese and English, without anything from elsewhere. Its
 * script and style are allowed by their hashes and nothing else is.
 */
import { hash } from 'node:crypto';
import { z } from 'zod';
import type { HttpApp } from '#kernel/http';
import { AUTH_PATH, SIGN_IN_PAGE } from './auth.ts';
import { WELCOME_PATH } from './links.ts';

const style = `
:root { color-scheme: light dark; font: 16px/1.5 system-ui, "PingFang SC", "Microsoft YaHei", sans-serif; }
main { max-width: 22rem; margin: 12vh auto; padding: 0 1rem; }
h1 { font-size: 1.5rem; } label { display: block; margin: .8rem 0; }
input { display: block; width: 100%; box-sizing: border-box; padding: .5rem; font: inherit; }
button { padding: .5rem 1rem; font: inherit; margin: .5rem .5rem 0 0; } [role=alert] { color: #c00; min-height: 1.5em; }
[hidden] { display: none; }`;

const script = `
const words = {
  zh: { title: '龙门', login: '登录名', password: '密码', code: '动态口令或备用码', enter: '登录', sso: '单点登录', out: '退出',
    here: '已登录：', choose: '设置密码', set: '保存', welcome: '您好，', least: '密码至少字符数：', done: '密码已保存，请登录。',
    refused: '登录名、密码或动态口令不正确，或无权登录。', locked: '失败次数过多，请稍后再试。', link: '链接已失效，请索取新链接。',
    too_short: '密码太短。', too_long: '密码太长。', contains_login: '密码不得包含登录名。', too_common: '密码过于常见。',
    used_before: '此密码曾使用过。', failed: '操作失败，请重试。', other: 'English' },
  en: { title: 'Longmen', login: 'Login', password: 'Password', code: 'One-time or backup code', enter: 'Sign in',
    sso: 'Single sign-on', out: 'Sign out', here: 'Signed in as ', choose: 'Choose a password', set: 'Save',
    welcome: 'Welcome, ', least: 'Characters at least: ', done: 'Password saved. Now sign in.',
    refused: 'Login, password or code are not right, or you may not come in.', locked: 'Too many failures; try again later.',
    link: 'This link no longer works; ask for a new one.', too_short: 'The password is too short.',
    too_long: 'The password is too long.', contains_login: 'The password contains your login.',
    too_common: 'The password is a common one.', used_before: 'This password was used before.',
    failed: 'That did not work; try again.', other: '中文' } };
let language = navigator.language.startsWith('zh') ? 'zh' : 'en';
const $ = (id) => document.getElementById(id);
const show = (...ids) => { for (const part of document.querySelectorAll('main > form')) part.hidden = !ids.includes(part.id); };
const say = (key) => { $('alert').dataset.word = key; $('alert').textContent = key ? words[language][key] : ''; };
const speak = () => {
  document.documentElement.lang = language === 'zh' ? 'zh-CN' : 'en';
  for (const part of document.querySelectorAll('[data-word]')) {
    const key = part.dataset.word;
    part.textContent = key ? words[language][key] : '';
  }
};
const problem = (code, fault) => fault ?? { sign_in_refused: 'refused', sign_in_locked: 'locked', link_not_valid: 'link' }[code] ?? 'failed';
const call = async (path, body) => {
  const answer = await fetch('${AUTH_PATH}' + path, body === undefined ? {} : {
    method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) });
  const json = await answer.json().catch(() => ({}));
  if (!answer.ok) { say(problem(json.code, json.fault)); return null; }
  return json;
};
const start = async () => {
  const token = location.pathname.startsWith('${WELCOME_PATH}/') ? location.pathname.split('/')[2] : null;
  if (token !== null) {
    const person = await call('/welcome/look', { token });
    show(...(person ? ['welcome'] : ['sign-in']));
    if (!person) return;
    $('who').textContent = person.name + ' (' + person.login + ')';
    $('least').textContent = person.shortest_password;
    $('new-login').value = person.login;
    return;
  }
  const state = await call('/session');
  if (state === null) return;
  if (state.person) { $('person').textContent = state.person.name; show('inside'); }
  else { show('sign-in', ...(state.single_sign_on ? ['sso'] : [])); }
  if (new URLSearchParams(location.search).has('error')) say('refused');
};
const submit = (id, work) => $(id).addEventListener('submit', async (event) => { event.preventDefault(); say(''); await work(); });
submit('sign-in', async () => {
  const answer = await call('/sign-in/username', { username: $('login').value, password: $('password').value });
  $('password').value = '';
  if (answer?.signed_in) start(); else if (answer) show('second');
});
submit('second', async () => {
  const code = $('code').value.replace(/\\s/g, '');
  $('code').value = '';
  const path = /^\\d{6}$/.test(code) ? 'verify-totp' : 'verify-backup-code';
  if (await call('/two-factor/' + path, { code })) start();
});
submit('welcome', async () => {
  const token = location.pathname.split('/')[2];
  const person = await call('/welcome', { token, password: $('new-password').value });
  $('new-password').value = '';
  if (!person) return;
  history.replaceState(null, '', '${SIGN_IN_PAGE}');
  $('login').value = person.login;
  await start();
  say('done');
});
submit('inside', async () => { if (await call('/sign-out', {})) start(); });
submit('sso', async () => { const answer = await call('/sign-in/sso', {}); if (answer) location.assign(answer.url); });
document.querySelector('.language').addEventListener('click', () => { language = language === 'zh' ? 'en' : 'zh'; speak(); });
speak();
start();`;

const page = `<!doctype html>
<html lang="zh-CN"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>Longmen 龙门</title><style>${style}</style></head><body><main>
<h1 data-word="title"></h1>
<form id="sign-in" hidden><label><span data-word="login"></span><input id="login" autocomplete="username" required></label>
<label><span data-word="password"></span><input id="password" type="password" autocomplete="current-password" required></label>
<button data-word="enter"></button></form>
<form id="sso" hidden><button data-word="sso"></button></form>
<form id="second" hidden><label><span data-word="code"></span>
<input id="code" autocomplete="one-time-code" required></label><button data-word="enter"></button></form>
<form id="welcome" hidden><p><span data-word="welcome"></span><b id="who"></b></p>
<input id="new-login" autocomplete="username" hidden>
<label><span data-word="choose"></span><input id="new-password" type="password" autocomplete="new-password" required></label>
<p><span data-word="least"></span><span id="least"></span></p><button data-word="set"></button></form>
<form id="inside" hidden><p><span data-word="here"></span><b id="person"></b></p><button data-word="out"></button></form>
<p role="alert"><span id="alert" data-word=""></span></p>
<button type="button" class="language" data-word="other"></button>
</main><script>${script}</script></body></html>
`;

const source = (text: string) => `'sha256-${hash('sha256', text, 'base64')}'`;
const policy = [
  "default-src 'none'",
  `script-src ${source(script)}`,
  `style-src ${source(style)}`,
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

/** Adds the page at its two addresses. What is behind `/welcome/` is read by the page alone. */
export function addPages(app: HttpApp): void {
  const handler = (
    _request: unknown,
    reply: { headers(all: Record<string, string>): { send(text: string): unknown } },
  ) => reply.headers({ 'content-type': 'text/html; charset=utf-8', 'content-security-policy': policy }).send(page);
  app.get(SIGN_IN_PAGE, { schema: { hide: true } }, handler);
  app.get(
    `${WELCOME_PATH}/:token`,
    { schema: { hide: true, params: z.strictObject({ token: z.string().max(100) }) } },
    handler,
  );
}
