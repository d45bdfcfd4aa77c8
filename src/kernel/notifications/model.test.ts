import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Temporal } from '#kernel/dates';
import { shippedTemplates } from './defaults.ts';
import { checkQuietHours, checkTemplate, endOfQuiet, htmlOf, render, type Template } from './model.ts';

const sample: Template = {
  code: 'sample',
  title: { zh: '{who} 你好', en: 'Hello {who}' },
  body: { zh: '内容 {what}', en: 'Text {what}\n\nand {who} {not a placeholder}' },
  placeholders: ['who', 'what'],
  urgency: 'normal',
};

test('placeholders are filled in both languages; values bring no lines and no placeholders along', () => {
  const rendered = render(sample, { who: 'Li\r\nBcc: all@example.com', what: { zh: '甲', en: '{who} $& \u202e' } });
  assert.deepEqual(rendered, {
    title: { zh: 'Li␍␊Bcc: all@example.com 你好', en: 'Hello Li␍␊Bcc: all@example.com' },
    body: { zh: '内容 甲', en: 'Text {who} $& �\n\nand Li␍␊Bcc: all@example.com {not a placeholder}' },
  });
});

test('every placeholder has a value, every value a placeholder', () => {
  assert.throws(() => render(sample, { who: 'x' }), { code: 'notification_value_missing' });
  assert.throws(() => render(sample, { who: 'x', what: 'y', why: 'z' }), { code: 'notification_value_unknown' });
  assert.throws(() => render(sample, Object.create({ who: 'x', what: 'y' })), { code: 'notification_value_missing' });
});

const broken: readonly [why: string, change: Partial<Template>][] = [
  ['a bad code', { code: 'Sample' }],
  ['an empty title', { title: { zh: '你好', en: ' ' } }],
  ['a title of two lines', { title: { zh: '你好', en: 'a\nb' } }],
  ['a title that is too long', { title: { zh: '你好', en: 'x'.repeat(201) } }],
  ['what is not declared', { placeholders: ['who'] }],
];
for (const [why, change] of broken) {
  test(`a template with ${why} is refused`, () =>
    assert.throws(() => checkTemplate({ ...sample, ...change }), { code: 'notification_template_invalid' }));
}

test('all shipped templates are valid and use what they declare', () => {
  for (const template of shippedTemplates) {
    checkTemplate(template);
    const texts = Object.values(template.title).concat(Object.values(template.body)).join('');
    for (const name of template.placeholders) assert.ok(texts.includes(`{${name}}`), `${template.code} {${name}}`);
  }
  const codes = shippedTemplates.map(({ code }) => code);
  assert.equal(new Set(codes).size, codes.length);
});

test('nothing in a text becomes markup', () => {
  assert.match(
    htmlOf('<t>', 'a <script>&"\'\n\nb\nc'),
    /<title>&lt;t&gt;<\/title>.*<p>a &lt;script&gt;&amp;&quot;&#39;<\/p><p>b<br>c<\/p>/,
  );
});

const shanghai = 'Asia/Shanghai';
const quiet: readonly [instant: string, from: string, until: string, zone: string, end: string | null][] = [
  ['2025-03-04T14:00:00Z', '22:00', '07:00', shanghai, '2025-03-04T23:00:00Z'],
  ['2025-03-04T13:59:59Z', '22:00', '07:00', shanghai, null],
  ['2025-03-04T22:59:59Z', '22:00', '07:00', shanghai, '2025-03-04T23:00:00Z'],
  ['2025-03-04T23:00:00Z', '22:00', '07:00', shanghai, null],
  ['2025-03-04T17:00:00Z', '22:00', '07:00', shanghai, '2025-03-04T23:00:00Z'],
  ['2025-03-04T04:30:00Z', '12:00', '13:30', shanghai, '2025-03-04T05:30:00Z'],
  ['2025-03-04T06:00:00Z', '12:00', '13:30', shanghai, null],
  ['2025-12-31T16:00:00Z', '00:00', '06:00', shanghai, '2025-12-31T22:00:00Z'],
  // Clocks go forward in the night: the end is at seven by the new time.
  ['2025-03-30T00:30:00Z', '22:00', '07:00', 'Europe/Berlin', '2025-03-30T05:00:00Z'],
  // Clocks go back: half past two comes twice.
  ['2025-10-26T00:15:00Z', '22:00', '02:30', 'Europe/Berlin', '2025-10-26T00:30:00Z'],
  ['2025-10-26T01:15:00Z', '22:00', '02:30', 'Europe/Berlin', null],
];
for (const [instant, from, until, zone, end] of quiet) {
  test(`${instant} with quiet hours ${from}–${until} in ${zone} waits until ${end ?? 'nothing'}`, () => {
    const found = endOfQuiet(Temporal.Instant.from(instant), { from, until, zone });
    assert.equal(found?.toString() ?? null, end);
  });
}

test('quiet hours end within a day and a half, and their end is not quiet', () => {
  const time = fc
    .tuple(fc.integer({ min: 0, max: 23 }), fc.integer({ min: 0, max: 59 }))
    .map(([hour, minute]) => `${String(hour).padStart(2, '0')}:${String(minute).padStart(2, '0')}`);
  const zone = fc.constantFrom(shanghai, 'Europe/Berlin', 'America/St_Johns', 'UTC');
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 2_000_000_000 }), time, time, zone, (seconds, from, until, timeZone) => {
      fc.pre(from !== until);
      const instant = Temporal.Instant.fromEpochMilliseconds(seconds * 1_000);
      const hours = { from, until, zone: timeZone };
      checkQuietHours(hours);
      const end = endOfQuiet(instant, hours);
      if (end === null) return;
      const waits_ms = end.epochMilliseconds - instant.epochMilliseconds;
      assert.ok(waits_ms > 0 && waits_ms <= 36 * 3_600_000);
    }),
  );
});

test('quiet hours that cannot be are refused', () => {
  for (const hours of [
    { from: '24:00', until: '07:00', zone: shanghai },
    { from: '07:00', until: '07:00', zone: shanghai },
    { from: '22:00', until: '7:00', zone: shanghai },
    { from: '22:00', until: '07:00', zone: 'Mars/Olympus' },
  ]) {
    assert.throws(() => checkQuietHours(hours), { code: 'notification_hours_invalid' });
  }
});
