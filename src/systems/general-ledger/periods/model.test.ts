/** Periods by their dates and states, as tables: leap years, February, year ends. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Closing } from '#engines/ledger';
import { closingAfter, monthsOf, parsePeriod, stateOf } from './model.ts';

test('a period begins and ends where the calendar says', () => {
  const cases = [
    ['2026-02', '2026-02-01', '2026-02-28', 1],
    ['2028-02', '2028-02-01', '2028-02-29', 1],
    ['2000-02', '2000-02-01', '2000-02-29', 1],
    ['2100-02', '2100-02-01', '2100-02-28', 1],
    ['2026-12', '2026-12-01', '2026-12-31', 1],
    ['2028', '2028-01-01', '2028-12-31', 12],
    ['0001-01', '0001-01-01', '0001-01-31', 1],
  ] as const;
  for (const [code, from, to, months] of cases) {
    const period = parsePeriod(code);
    assert.deepEqual(period, { code, from, to });
    const inside = monthsOf(period);
    assert.equal(inside.length, months);
    assert.deepEqual([inside[0]?.from, inside.at(-1)?.to], [from, to]);
  }
  for (const code of ['', '26', '2026-13', '2026-00', '2026-3', '2026-03-01', '0000', '9999', '2026-Q1', ' 2026']) {
    assert.throws(() => parsePeriod(code), { code: 'period_malformed' }, code);
  }
});

const at = (closedThrough: string | null, sealedThrough: string | null = null): Closing => ({
  closedThrough,
  sealedThrough,
});

test('the state follows from how far the book is closed and sealed', () => {
  const cases = [
    ['2028-02', at(null), 'open'],
    ['2028-02', at('2028-01-31'), 'open'],
    ['2028-02', at('2028-02-28'), 'partly'],
    ['2028-02', at('2028-02-29'), 'closed'],
    ['2028-02', at('2028-03-31', '2028-02-29'), 'sealed'],
    ['2028-03', at('2028-03-31', '2028-02-29'), 'closed'],
    ['2028', at('2028-03-31', '2028-02-29'), 'partly'],
    ['2028', at('2028-12-31', '2028-02-29'), 'partly'],
    ['2028', at('2028-12-31'), 'closed'],
    ['2028', at('2029-01-31', '2028-12-31'), 'sealed'],
  ] as const;
  for (const [code, closing, state] of cases) assert.equal(stateOf(parsePeriod(code), closing), state, code);
});

test('closing, sealing and re-opening move the two dates', () => {
  const cases = [
    ['close', '2028-02', at('2028-01-31'), at('2028-02-29')],
    ['close', '2028-02', at('2028-02-29'), at('2028-02-29')],
    ['seal', '2028-01', at('2028-02-29'), at('2028-02-29', '2028-01-31')],
    ['reopen', '2028-02', at('2028-02-29', '2028-02-29'), at('2028-01-31', '2028-01-31')],
    ['reopen', '2028-02', at('2028-02-29', '2027-12-31'), at('2028-01-31', '2027-12-31')],
    ['reopen', '2028', at('2028-12-31'), at('2027-12-31')],
    ['reopen', '2028-01', at(null), at(null)],
  ] as const;
  for (const [action, code, before, after] of cases) {
    assert.deepEqual(closingAfter(action, parsePeriod(code), before), after, `${action} ${code}`);
  }
});
