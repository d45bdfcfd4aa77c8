import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import fc from 'fast-check';
import { manualClock } from '#kernel/clock';
import { verifySignature } from '#kernel/webhooks';
import { addressPolicy, checkUrl, loopbackNetworks } from './address.ts';
import { retryDelay_ms } from './run.ts';
import { createSender } from './send.ts';
import { sign } from './signature.ts';

const sentAt = '2026-03-01T10:00:00Z';

test('the signature is the HMAC-SHA-256 of "t.body"', () => {
  // printf '1772359200.{"a":1}' | openssl dgst -sha256 -hmac whsec_test
  assert.equal(
    sign('whsec_test', '{"a":1}', manualClock(sentAt)),
    't=1772359200,v1=975487ce0c87f0c69515d535edfb846af211d68ccaa20b5a8415cfc17e6fd90e',
  );
});

test('a signature holds for its secret, body and time, and for nothing else', () => {
  const clock = manualClock(sentAt);
  fc.assert(
    fc.property(fc.string({ minLength: 1 }), fc.string(), fc.string(), (secret, body, other) => {
      const header = sign(secret, body, clock);
      assert.ok(verifySignature(secret, header, body, clock));
      assert.equal(verifySignature(secret, header, other, clock), other === body);
      if (other !== secret) assert.ok(!verifySignature(`${secret}x`, header, body, clock));
    }),
    { numRuns: 50 },
  );
});

const good = sign('secret', 'body', manualClock(sentAt));
const hex = good.slice(good.indexOf('v1=') + 3);
const headers: [what: string, header: string, at: string, expected: boolean][] = [
  ['at once', good, sentAt, true],
  ['at the end of the tolerance', good, '2026-03-01T10:05:00Z', true],
  ['too old', good, '2026-03-01T10:05:01Z', false],
  ['receiver behind', good, '2026-03-01T09:55:00Z', true],
  ['too far ahead', good, '2026-03-01T09:54:59Z', false],
  ['with blanks', good.replace(',', ' , '), sentAt, true],
  ['one of two values fits', `t=1772359200,v1=${'0'.repeat(64)},v1=${hex}`, sentAt, true],
  ['another time', `t=1772359201,v1=${hex}`, sentAt, false],
  ['no time', `v1=${hex}`, sentAt, false],
  ['no value', 't=1772359200', sentAt, false],
  ['a short value', `t=1772359200,v1=${hex.slice(2)}`, sentAt, false],
  ['a time that is no number', `t=1e9,v1=${hex}`, sentAt, false],
  ['empty', '', sentAt, false],
];
for (const [what, header, at, expected] of headers) {
  test(`signature ${what}: ${expected ? 'accepted' : 'refused'}`, () => {
    assert.equal(verifySignature('secret', header, 'body', manualClock(at)), expected);
  });
}

const addresses: [address: string, isPublic: boolean][] = [
  ['1.1.1.1', true],
  ['203.0.112.255', true],
  ['172.15.255.255', true],
  ['172.16.0.1', false],
  ['172.31.255.255', false],
  ['172.32.0.0', true],
  ['0.0.0.0', false],
  ['10.1.2.3', false],
  ['100.64.0.1', false],
  ['127.0.0.1', false],
  ['127.255.255.255', false],
  ['169.254.169.254', false],
  ['192.168.1.1', false],
  ['198.19.255.255', false],
  ['224.0.0.1', false],
  ['255.255.255.255', false],
  ['2606:4700:4700::1111', true],
  ['::', false],
  ['::1', false],
  ['::ffff:10.0.0.1', false],
  ['::ffff:1.1.1.1', false],
  ['64:ff9b::a00:1', false],
  ['2001:db8::1', false],
  ['2001::1', false],
  ['2002:a00:1::', false],
  ['fc00::1', false],
  ['fe80::1', false],
  ['ff02::1', false],
  ['not an address', false],
];
for (const [address, isPublic] of addresses) {
  test(`address ${address} is ${isPublic ? 'public' : 'refused'}`, () => {
    assert.equal(addressPolicy().permits(address, 'https:'), isPublic);
    assert.equal(addressPolicy().permits(address, 'http:'), false);
  });
}

test('allowed networks add to the public internet; plain http stays on this machine', () => {
  const policy = addressPolicy(['10.20.0.0/16', ...loopbackNetworks]);
  assert.equal(policy.permits('10.20.3.4', 'https:'), true);
  assert.equal(policy.permits('10.21.0.1', 'https:'), false);
  assert.equal(policy.permits('10.20.3.4', 'http:'), false);
  assert.equal(policy.permits('127.0.0.1', 'http:'), true);
  assert.equal(policy.permits('::1', 'http:'), true);
  assert.equal(policy.permits('1.1.1.1', 'https:'), true);
});

const urls: [url: string, allowed: readonly string[], expected: string | null][] = [
  ['https://1.1.1.1/hook', [], null],
  ['http://127.0.0.1:8080/hook', loopbackNetworks, null],
  ['http://localhost:8080/hook', loopbackNetworks, null],
  ['http://[::1]/hook', loopbackNetworks, null],
  ['https://10.20.0.1/', ['10.20.0.0/16'], null],
  ['http://127.0.0.1:8080/hook', [], 'webhook_address_refused'],
  ['http://localhost:8080/hook', [], 'webhook_address_refused'],
  ['https://127.0.0.1/', [], 'webhook_address_refused'],
  ['https://2130706433/', [], 'webhook_address_refused'],
  ['https://0x7f.1/', [], 'webhook_address_refused'],
  ['https://[::ffff:127.0.0.1]/', [], 'webhook_address_refused'],
  ['https://169.254.169.254/latest/meta-data', loopbackNetworks, 'webhook_address_refused'],
  ['http://1.1.1.1/', loopbackNetworks, 'webhook_address_refused'],
  ['http://10.20.0.1/', ['10.20.0.0/16'], 'webhook_address_refused'],
  ['https://name.invalid/', [], 'webhook_url_invalid'],
  ['https://user:password@1.1.1.1/', [], 'webhook_url_invalid'],
  ['ftp://1.1.1.1/', [], 'webhook_url_invalid'],
  ['file:///etc/passwd', [], 'webhook_url_invalid'],
  ['1.1.1.1/hook', [], 'webhook_url_invalid'],
  ['', [], 'webhook_url_invalid'],
  [`https://1.1.1.1/${'a'.repeat(2048)}`, [], 'webhook_url_invalid'],
];
for (const [url, allowed, expected] of urls) {
  test(`URL ${url.slice(0, 50)} with [${allowed}]: ${expected ?? 'accepted'}`, async () => {
    const checked = checkUrl(url, addressPolicy(allowed));
    if (expected === null) assert.equal(await checked, new URL(url).href);
    else await assert.rejects(checked, { code: expected });
  });
}

test('an address that is not allowed is not connected to, by number or by name', async (t) => {
  let connections = 0;
  const server = createServer((_request, response) => response.end()).on('connection', () => {
    connections += 1;
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => server.close());
  const { port } = server.address() as AddressInfo;
  const guarded = createSender(addressPolicy(), 1_000);
  const open = createSender(addressPolicy(loopbackNetworks), 1_000);
  t.after(() => {
    guarded.close();
    open.close();
  });
  for (const host of ['127.0.0.1', 'localhost']) {
    const { status, error } = await guarded.send(`http://${host}:${port}/`, {}, '{}');
    assert.equal(status, null);
    assert.match(error ?? '', /not allowed/);
  }
  assert.equal(connections, 0);
  assert.deepEqual(await open.send(`http://localhost:${port}/`, {}, '{}'), { status: 200, error: null });
  assert.equal(connections, 1);
});

const delays: [attempts: number, random: number, expected_ms: number][] = [
  [1, 0.5, 5_000],
  [1, 0, 2_500],
  [1, 1, 7_500],
  [2, 0.5, 10_000],
  [5, 0.5, 80_000],
  [13, 0.5, 20_480_000],
  [14, 0.5, 21_600_000],
  [1_000, 0.5, 21_600_000],
];
for (const [attempts, random, expected_ms] of delays) {
  test(`pause after attempt ${attempts} with chance ${random} is ${expected_ms} ms`, () => {
    assert.equal(retryDelay_ms(attempts, random), expected_ms);
  });
}
