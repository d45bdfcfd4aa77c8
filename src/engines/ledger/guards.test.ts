/** What closed periods, groups and velocity windows refuse, as tables (see test/ledger-script.ts). */
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { play } from '#test/ledger-script';
import { bucketOf } from './guards.ts';
import { outcomeCodes } from './model.ts';

const met = new Set<string>();

function cases(title: string, prelude: string, table: readonly string[]): void {
  suite(title, () => {
    for (const line of table) {
      test(line.trim().replaceAll(/\s+/g, ' '), () => {
        for (const outcome of play(`${prelude}\n${line}`)) met.add(outcome);
      });
    }
  });
}

/** Ann and Bob, deposits of 100 each, make a family; Cat has 100 of her own; cash is an asset. It is 2026-03-02 in Shanghai, 09:00. */
const bank = `
  account Cash debit has=0/0/300/0; account Ann credit has=0/0/0/100; account Bob credit has=0/0/0/100
  account Cat credit has=0/0/0/100`;

cases('closed periods', `${bank}; closed 2026-02-28 2026-01-31`, [
  'T Ann/Bob 1 : accepted; U Ann/Bob 1 on=2026-03-01 : accepted; V Ann/Bob 1 on=2026-02-28 : period_closed',
  'T Ann/Bob 1 on=2026-02-28 adjust : accepted; U Ann/Bob 1 on=2026-02-01 adjust : accepted',
  'T Ann/Bob 1 on=2026-01-31 : period_sealed; U Ann/Bob 1 on=2026-01-31 adjust : period_sealed',
  // An adjustment may also count from an open date, and is one all the same.
  'T Ann/Bob 1 on=2026-03-01 adjust : accepted; T Ann/Bob 1 on=2026-03-01 : id_reused',
  // Periods come before states and limits, and after what is wrong with the transfer itself.
  'account Fro credit state=frozen; T Fro/Bob 1 on=2026-02-01 : period_closed; U Ann/Ann 1 on=2026-02-01 : accounts_same',
  'account Odd credit min=0; T Odd/Bob 1 on=2026-02-01 : period_closed; U nobody/Bob 1 on=2026-02-01 : debit_account_not_found',
  'T Ann/Bob 9 : accepted; R reverse T on=2026-02-01 : period_closed; S reverse T on=2026-02-01 adjust : accepted',
  'closed; T Ann/Bob 9 on=2026-02-15 : accepted; closed 2026-02-28; R reverse T on=2026-02-15 : period_closed; S reverse T on=2026-03-02 : accepted',
  'P pending Ann/Bob 9 on=2026-02-01 : period_closed; Q pending Ann/Bob 9 on=2026-02-01 adjust : accepted',
  // A hold from before the closing is posted or voided in the open period.
  'closed; P pending Ann/Bob 9 on=2026-02-15 : accepted; closed 2026-02-28; X post P on=2026-02-20 : period_closed; Y post P : accepted',
  'closed; P pending Ann/Bob 9 on=2026-02-15 : accepted; closed 2026-02-28; X void P on=2026-02-20 : period_closed; Y void P : accepted',
  'closed; P pending Ann/Bob 9 on=2026-02-15 expires=2026-03-02T02:00:00Z : accepted; closed 2026-02-28; batch 2026-03-02T02:00:00Z; E expire P : accepted',
  'T Ann/Bob 1 & : chain_failed; U Ann/Bob 1 on=2026-02-01 : period_closed',
  // Leap day and year end are dates like others.
  'closed 2024-02-28; T Ann/Bob 1 on=2024-02-28 : period_closed; U Ann/Bob 1 on=2024-02-29 : accepted',
  'closed 2025-12-31; T Ann/Bob 1 on=2025-12-31 : period_closed; U Ann/Bob 1 on=2026-01-01 : accepted',
]);

cases('limits of groups', bank, [
  'group Family Ann,Bob min=150; T Ann/Cat 50 : accepted; U Bob/Cat 1 : exceeds_group_minimum; V Bob/Cash 1 : exceeds_group_minimum',
  // Between two of its accounts nothing leaves it, but a hold is not available until it is posted.
  'group Family Ann,Bob min=200; T Ann/Bob 60 : accepted; U Bob/Ann 1 : accepted; P pending Ann/Bob 1 : exceeds_group_minimum',
  'group Family Ann,Bob max=250; T Cat/Ann 50 : accepted; U Cat/Bob 1 : exceeds_group_maximum; V Ann/Bob 9 : accepted',
  'group Family Ann,Bob max=250; P pending Cat/Ann 50 : accepted; U Cat/Bob 1 : exceeds_group_maximum; X void P : accepted; V Cat/Bob 1 : accepted',
  // A limit stops only what moves towards it.
  'group Family Ann,Bob min=500; T Cat/Ann 1 : accepted; U Ann/Cat 1 : exceeds_group_minimum; V Ann/Bob 1 : accepted',
  'group Family Ann,Bob max=10; T Ann/Cat 1 : accepted; U Cat/Ann 1 : exceeds_group_maximum',
  // The limit is hit by two transfers of one batch: the first has it.
  'group Family Ann,Bob min=100; T Ann/Cat 60 : accepted; U Bob/Cat 60 : exceeds_group_minimum; V Bob/Cat 40 : accepted',
  'group Family Ann,Bob min=100; T Ann/Cat 60 & : chain_failed; U Bob/Cat 60 : exceeds_group_minimum; V Bob/Cat 100 : accepted',
  // A chain that failed has changed no group: the next batch is decided on what is known.
  'group Family Ann,Bob min=100; T Ann/Cat 60 & : chain_failed; U Bob/Cat 60 : exceeds_group_minimum; batch; V Bob/Cat 100 : accepted',
  // Several groups, assets, and an account of two groups.
  'group Tills Cash side=debit min=250; T Ann/Cash 50 : accepted; U Ann/Cash 1 : exceeds_group_minimum',
  'group Tills Cash side=debit max=350; T Cash/Ann 50 : accepted; U Cash/Ann 1 : exceeds_group_maximum',
  'group A Ann,Bob min=0; group B Ann,Cat min=150; T Ann/Bob 51 : exceeds_group_minimum; U Ann/Bob 50 : accepted',
  'group A Ann,Bob min=0; group B Bob,Cat max=210; T Ann/Cat 11 : exceeds_group_maximum; U Ann/Cat 10 : accepted',
  // Posting and voiding what was held is no new decision; reversing is.
  'group Family Ann,Bob min=150; P pending Ann/Cat 50 : accepted; X post P : accepted; U Bob/Cat 1 : exceeds_group_minimum',
  'T Cat/Ann 50 : accepted; group Family Ann,Bob min=230; R reverse T on=2026-03-02 : exceeds_group_minimum',
  // The limits of accounts come first.
  'account Dan credit min=0; group G Dan min=0; T Dan/Cat 1 : exceeds_available',
]);

cases('velocity windows', bank, [
  'window Ann out hour count=2; T Ann/Bob 1 : accepted; U Ann/Cat 1 : accepted; V Ann/Bob 1 : exceeds_window_count; W Bob/Ann 1 : accepted',
  'window Ann out hour amount=50; T Ann/Bob 30 : accepted; U Ann/Bob 21 : exceeds_window_amount; V Ann/Bob 20 : accepted',
  'window Ann in hour amount=50; T Bob/Ann 50 : accepted; U Bob/Ann 1 : exceeds_window_amount; V Ann/Bob 50 : accepted',
  // Hour, day and month are those of the calendar in Shanghai.
  'window Ann out hour count=1; T Ann/Bob 1 : accepted; batch 2026-03-02T01:59:59.999Z; U Ann/Bob 1 : exceeds_window_count; batch 2026-03-02T02:00:00Z; V Ann/Bob 1 : accepted',
  'window Ann out day count=1; T Ann/Bob 1 : accepted; batch 2026-03-02T15:59:59Z; U Ann/Bob 1 : exceeds_window_count; batch 2026-03-02T16:00:00Z; V Ann/Bob 1 : accepted',
  'window Ann out month count=1; T Ann/Bob 1 : accepted; batch 2026-03-31T15:59:59Z; U Ann/Bob 1 : exceeds_window_count; batch 2026-03-31T16:00:00Z; V Ann/Bob 1 : accepted',
  'window Ann out day count=1; batch 2028-02-28T16:00:00Z; T Ann/Bob 1 : accepted; batch 2028-02-29T15:59:59Z; U Ann/Bob 1 : exceeds_window_count; batch 2028-02-29T16:00:00Z; V Ann/Bob 1 : accepted',
  // Counted when it is recorded, whatever date it counts from.
  'window Ann out day count=1; T Ann/Bob 1 on=2026-02-01 : accepted; U Ann/Bob 1 on=2026-02-02 : exceeds_window_count',
  // A hold counts when it is made; posting it does not count again, voiding it gives nothing back.
  'window Ann out hour count=1; P pending Ann/Bob 9 : accepted; X post P : accepted; U Ann/Bob 1 : exceeds_window_count',
  'window Ann out hour count=1; P pending Ann/Bob 9 : accepted; X void P : accepted; U Ann/Bob 1 : exceeds_window_count',
  'window Ann out hour count=1; T Bob/Ann 9 : accepted; R reverse T on=2026-03-02 : accepted; U Ann/Bob 1 : accepted; V Ann/Bob 1 : exceeds_window_count',
  // What was refused, alone or with its chain, does not count.
  'account Dan credit min=0; window Dan out hour count=1; T Dan/Bob 1 : exceeds_available; U Ann/Dan 5 : accepted; V Dan/Bob 1 : accepted',
  'window Ann out hour count=1; T Ann/Bob 1 & : chain_failed; U Ann/Ann 1 : accounts_same; V Ann/Bob 1 : accepted; W Ann/Bob 1 : exceeds_window_count',
  'window Ann out hour count=2; T Ann/Bob 1 & : accepted; U Ann/Bob 1 : accepted; V Ann/Bob 1 : exceeds_window_count',
  'window Ann out hour count=0; T Ann/Bob 1 : exceeds_window_count',
  // All counts before all amounts; several windows bind together.
  'window Ann out hour amount=1; window Ann out day count=1; T Ann/Bob 2 : exceeds_window_amount; U Ann/Bob 1 : accepted; V Ann/Bob 9 : exceeds_window_count',
  'window Ann out day amount=100; window Ann out month amount=150; T Ann/Bob 100 : accepted; batch 2026-03-03T01:00:00Z; U Ann/Bob 51 : exceeds_window_amount; V Ann/Bob 50 : accepted',
  // A group's window counts what leaves or reaches it as a whole.
  'group Family Ann,Bob; window Family out hour amount=50; T Ann/Cat 30 : accepted; U Bob/Cat 21 : exceeds_window_amount; V Ann/Bob 90 : accepted; W Bob/Cat 20 : accepted',
  'group Family Ann,Bob; window Family in hour count=1; T Cat/Ann 1 : accepted; U Cat/Bob 1 : exceeds_window_count; V Ann/Bob 1 : accepted',
  // Assets go out by credit.
  'window Cash out hour amount=50; T Ann/Cash 50 : accepted; U Ann/Cash 1 : exceeds_window_amount; V Cash/Ann 1 : accepted',
  // What a window without a maximum amount counts stays within 63 bits.
  'account Safe debit; account Fund credit; window Safe in hour count=9; P pending Safe/Fund max : accepted; V void P : accepted; T Safe/Fund 1 : counter_overflow',
]);

test('every code of periods, groups and windows was met', () => {
  const own = outcomeCodes.filter((code) => /^(period|exceeds_(group|window))_/.test(code));
  assert.equal(own.length, 6);
  assert.deepEqual(
    own.filter((code) => !met.has(code)),
    [],
  );
});

test('buckets grow with time and change at the borders of the zone', () => {
  const bucket = (period: 'hour' | 'day' | 'month', timeZone: string, at: string) =>
    bucketOf({ period, timeZone }, Date.parse(at));
  assert.equal(bucket('day', 'UTC', '1970-01-02T00:00:00Z'), 1);
  assert.equal(bucket('hour', 'UTC', '1970-01-02T05:59:59Z'), 29);
  assert.equal(bucket('month', 'UTC', '2026-03-31T23:00:00Z'), 2026 * 12 + 2);
  // Kathmandu is 5:45 ahead: its hours begin at a quarter past of UTC.
  const border = (period: 'hour' | 'day' | 'month', timeZone: string, before: string, after: string) =>
    assert.equal(bucket(period, timeZone, after), bucket(period, timeZone, before) + 1);
  border('hour', 'Asia/Kathmandu', '2026-03-02T00:14:59Z', '2026-03-02T00:15:00Z');
  border('day', 'Asia/Kathmandu', '2026-03-01T18:14:59Z', '2026-03-01T18:15:00Z');
  border('month', 'Asia/Shanghai', '2027-12-31T15:59:59Z', '2027-12-31T16:00:00Z');
});
