/** The rule set as tables: one line per case, the expected outcome beside each transfer (see test/ledger-script.ts). */
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { Books, idOf, play } from '#test/ledger-script';
import type { AccountNow, ReferenceNow } from './batch.ts';
import { type OutcomeCode, outcomeCodes, type TransferInput } from './model.ts';

/** Codes of groups, windows and periods have tables of their own (guards.test.ts). */
const met = new Set<string>(outcomeCodes.filter((code) => /^(period|exceeds_(group|window)|transfer_arch)/.test(code)));

/** Plays every line of `table` as a case of its own, after `prelude`. */
function cases(title: string, prelude: string, table: readonly string[]): void {
  suite(title, () => {
    for (const line of table) {
      test(line.trim().replaceAll(/\s+/g, ' '), () => {
        for (const outcome of play(`${prelude}\n${line}`)) met.add(outcome.split(' ')[0] ?? '');
      });
    }
  });
}

/** Cash is an asset; Ann (who cannot go below zero) and Bob have deposits of 100 each; Yen is in another currency. */
const bank = `
  account Cash debit has=0/0/200/0; account Yen credit cur=JPY; account Vault debit
  account Ann credit min=0 has=0/0/0/100; account Bob credit has=0/0/0/100`;

cases('fields', bank, [
  'T Ann/Bob 100 : accepted',
  'T Ann/Bob : fields_invalid',
  'T Ann/Bob 1 text=500 : accepted',
  'T Ann/Bob 1 text=501 : fields_invalid',
  'T Ann/Bob 1 type=64 ref=128 : accepted; U Ann/Bob 1 type=65 : fields_invalid; V Ann/Bob 1 ref=129 : fields_invalid',
  'T Ann/Bob 1 keep : fields_invalid',
  'T Ann/Bob 1 expires=2030-01-01T00:00:00Z : fields_invalid',
  'T pending Ann/Bob 1 keep : fields_invalid',
  'P pending Ann/Bob 1 : accepted; X post P keep on=2026-03-02 : accepted',
  'P pending Ann/Bob 1 : accepted; X post P amount=0.01 : fields_invalid; Y post P amount=0.01 cur=CNY : accepted',
  'P pending Ann/Bob 1 : accepted; X void P 1 : fields_invalid; Y void P cur=CNY : fields_invalid; Z void P keep : fields_invalid',
  'P pending Ann/Bob 1 : accepted; X post P Ann/Bob : fields_invalid; Y post P expires=2030-01-01T00:00:00Z : fields_invalid',
  'T Ann/Bob 1 : accepted; R reverse T : fields_invalid; S reverse T on=2026-03-02 1 : fields_invalid',
  'X post : fields_invalid; Y void : fields_invalid; Z reverse on=2026-03-02 : fields_invalid',
]);

cases('amounts', bank, [
  'T Ann/Bob cur=XXQ amount=1 : currency_unknown',
  'T Ann/Bob amount=one : amount_malformed',
  'T Ann/Bob amount=1e3 : amount_malformed',
  'T Ann/Bob amount=1.001 : amount_too_many_decimals',
  'T Ann/Bob amount=1.000 : amount_too_many_decimals',
  'T Ann/Bob amount=99999999999999999999.999 : amount_too_many_decimals',
  'T Cash/Bob amount=92233720368547756.07 : accepted',
  'T Cash/Bob amount=92233720368547758.08 : amount_too_large',
  'T Cash/Bob amount=-92233720368547758.08 : amount_too_large',
  'T Cash/Bob max+1 : amount_too_large; U Cash/Bob -9223372036854775808 : amount_too_large',
  'T Ann/Bob 0 : amount_zero; U Ann/Bob amount=0.00 : amount_zero; V Ann/Bob amount=-0 : amount_zero',
  'T Ann/Bob -1 : amount_negative; U Ann/Bob amount=-0.01 : amount_negative',
  'account Sato credit cur=JPY; T Yen/Sato cur=JPY amount=1.0 : amount_too_many_decimals; U Yen/Sato cur=JPY amount=7 : accepted; Sato = 0 0 0 7',
  'account Din credit cur=KWD; account Ali credit cur=KWD; T Din/Ali cur=KWD amount=1.234 : accepted; Ali = 0 0 0 1234',
]);

cases('dates', bank, [
  'T Ann/Bob 1 on=2026-02-29 : date_invalid',
  'T Ann/Bob 1 on=26-02-28 : date_invalid',
  'T Ann/Bob 1 on=0001-01-01 : accepted; U Bob/Ann 1 on=9999-12-31 : accepted; Ann 0001-01-01 = 0 0 1 0',
  'P pending Ann/Bob 1 expires=soon : date_invalid',
  'P pending Ann/Bob 1 expires=2026-03-02T01:00:00Z : expiry_in_past; Q pending Ann/Bob 1 expires=2026-03-02T01:00:00.001Z : accepted',
  // The business date is that of Shanghai: 17:00 UTC is already tomorrow there.
  'batch 2026-03-02T17:00:00Z; T Ann/Bob 1 : accepted; Ann 2026-03-03 = 0 0 1 0; Ann 2026-03-02 = 0 0 0 0',
]);

cases('accounts', bank, [
  'T Ann/Ann 1 : accounts_same; U nobody/nobody 1 : accounts_same',
  'T nobody/Bob 1 : debit_account_not_found; U Ann/nobody 1 : credit_account_not_found; V nobody/none 1 : debit_account_not_found',
  'T Ann/Yen 1 : currency_mismatch; U Yen/Ann 1 : currency_mismatch; V Ann/Bob 1 cur=JPY : currency_mismatch; W Yen/Ann 1 cur=JPY : currency_mismatch',
]);

cases('limits', bank, [
  // A minimum stops decreases that would go below it, and only decreases.
  'T Ann/Bob 100 : accepted; U Ann/Bob 1 : exceeds_available; V Bob/Ann 1 : accepted; Ann = 0 0 100 101',
  'account Odd credit min=0 has=0/0/9/0; T Bob/Odd 1 : accepted; U Odd/Bob 1 : exceeds_available; Odd = 0 0 9 1',
  'account Dan credit min=-50; T Dan/Bob 50 : accepted; U Dan/Bob 1 : exceeds_available',
  'account Dan credit min=50 has=0/0/0/60; T Dan/Bob 11 : exceeds_available; U Dan/Bob 10 : accepted',
  'account Till debit min=0 has=0/0/5/0; T Ann/Till 6 : exceeds_available; U Ann/Till 5 : accepted; Till = 0 0 5 5',
  // Promised decreases are not available, pending increases are not either.
  'P pending Ann/Bob 70 : accepted; T Ann/Bob 31 : exceeds_available; U Ann/Bob 30 : accepted; Ann = 70 0 30 100',
  'P pending Bob/Ann 50 : accepted; T Ann/Bob 101 : exceeds_available; Ann = 0 50 0 100',
  'account Till debit min=0 has=0/0/5/0; P pending Ann/Till 5 : accepted; T Ann/Till 1 : exceeds_available',
  // A maximum counts what is still to come, and stops only increases.
  'account Max credit max=100; T Ann/Max 100 : accepted; U Bob/Max 1 : exceeds_maximum; V Max/Bob 1 : accepted',
  'account Max credit max=100; P pending Ann/Max 60 : accepted; T Bob/Max 41 : exceeds_maximum; U Bob/Max 40 : accepted',
  'account Max credit max=-5 has=0/0/9/0; T Bob/Max 5 : exceeds_maximum; U Bob/Max 4 : accepted; V Max/Bob 99 : accepted',
  'account Box debit max=10; T Box/Ann 11 : exceeds_maximum; P pending Box/Ann 6 : accepted; U Box/Ann 5 : exceeds_maximum',
  // Both sides decrease, or both increase.
  'account Till debit min=0 has=0/0/50/0; T Ann/Till 51 : exceeds_available; U Ann/Till 50 : accepted; V Bob/Till 1 : exceeds_available',
  'account Till debit min=0 has=0/0/500/0; T Ann/Till 101 : exceeds_available; U Ann/Till 100 : accepted',
  'account Box debit max=10; account Max credit max=9; T Box/Max 10 : exceeds_maximum; U Box/Max 9 : accepted',
  // Limits look at the present, whatever the effective dates.
  'T Ann/Bob 100 on=2027-01-01 : accepted; U Ann/Bob 1 on=2020-01-01 : exceeds_available',
]);

cases('states', bank, [
  'account Fro credit state=frozen has=0/0/0/9; T Fro/Bob 1 : debit_account_frozen; U Bob/Fro 1 : credit_account_frozen',
  'account Out credit state=outgoing_frozen has=0/0/0/9; T Out/Bob 1 : debit_account_frozen; U Bob/Out 1 : accepted',
  'account Box debit state=outgoing_frozen has=0/0/9/0; T Ann/Box 1 : credit_account_frozen; U Box/Ann 1 : accepted',
  'account Shut credit state=closed; T Shut/Bob 1 : debit_account_closed; U Bob/Shut 1 : credit_account_closed',
  'account Fro credit state=frozen; P pending Fro/Bob 1 : debit_account_frozen; Q pending Bob/Fro 1 : credit_account_frozen',
  'account Out credit state=outgoing_frozen; P pending Out/Bob 1 : debit_account_frozen; Q pending Bob/Out 1 : accepted',
  'account Shut credit state=closed; P pending Shut/Bob 1 : debit_account_closed; Q pending Bob/Shut 1 : credit_account_closed',
  // A freeze stops posting and reversing; it never stops a release.
  'P pending Ann/Bob 9 : accepted; account Ann credit state=frozen has=9/0/0/9; X post P : debit_account_frozen; V void P : accepted; Ann = 0 0 0 9',
  'P pending Ann/Bob 9 : accepted; account Ann credit state=outgoing_frozen has=9/0/0/9; X post P : debit_account_frozen',
  'P pending Bob/Ann 9 : accepted; account Ann credit state=outgoing_frozen has=0/9/0/0; X post P : accepted; Ann = 0 0 0 9',
  'P pending Bob/Ann 9 : accepted; account Ann credit state=frozen has=0/9/0/0; X post P : credit_account_frozen',
  'P pending Ann/Bob 9 expires=2026-03-02T02:00:00Z : accepted; account Ann credit state=frozen has=9/0/0/9; batch 2026-03-02T02:00:00Z; E expire P : accepted; Ann = 0 0 0 9',
  'T Bob/Ann 9 : accepted; account Ann credit state=outgoing_frozen has=0/0/0/9; R reverse T on=2026-03-02 : debit_account_frozen',
  'T Ann/Bob 9 : accepted; account Ann credit state=outgoing_frozen has=0/0/9/9; R reverse T on=2026-03-02 : accepted',
  'T Ann/Bob 9 : accepted; account Bob credit state=closed; R reverse T on=2026-03-02 : debit_account_closed',
  'T Bob/Ann 9 : accepted; account Bob credit state=closed; R reverse T on=2026-03-02 : credit_account_closed',
]);

cases('pending', bank, [
  'P pending Ann/Bob 60 : accepted; Ann = 60 0 0 100; Bob = 0 60 0 100; P = 60 open',
  'P pending Ann/Bob 60 : accepted; X post P : accepted; Ann = 0 0 60 100; Bob = 0 0 0 160; P = 0 posted',
  'P pending Ann/Bob 60 : accepted; X post P 60 : accepted; P = 0 posted; Y post P : pending_already_posted; V void P : pending_already_posted',
  // Posting a part releases the rest, or keeps it.
  'P pending Ann/Bob 60 : accepted; X post P 20 : accepted; Ann = 0 0 20 100; Bob = 0 0 0 120; P = 0 posted',
  'P pending Ann/Bob 60 : accepted; X post P 20 keep : accepted; Ann = 40 0 20 100; P = 40 open; Y post P 41 : exceeds_pending; Z post P keep : accepted; P = 0 posted',
  'P pending Ann/Bob 60 : accepted; X post P 20 keep : accepted; V void P : accepted; Ann = 0 0 20 100; P = 0 voided',
  'P pending Ann/Bob 60 : accepted; X post P 60 keep : accepted; P = 0 posted',
  'P pending Ann/Bob 60 : accepted; X post P 61 : exceeds_pending; P = 60 open; Ann = 60 0 0 100',
  'P pending Ann/Bob 60 : accepted; V void P : accepted; Ann = 0 0 0 100; P = 0 voided; W void P : pending_already_voided; X post P : pending_already_voided',
  'P pending Ann/Bob 60 : accepted; batch; X post P 20 keep : accepted; batch; Y post P : accepted; P = 0 posted; Bob = 0 0 0 160',
  // The expiry is the first instant at which it is too late, whether the hold was released yet or not.
  'P pending Ann/Bob 60 expires=2026-03-02T02:00:00Z : accepted; batch 2026-03-02T01:59:59.999Z; X post P 1 keep : accepted; batch 2026-03-02T02:00:00Z; Y post P : pending_expired; V void P : pending_expired; P = 59 open',
  'P pending Ann/Bob 60 expires=2026-03-02T02:00:00Z : accepted; batch 2026-03-02T02:00:00Z; E expire P : accepted; Ann = 0 0 0 100; P = 0 expired; X post P : pending_expired; E expire P : accepted again',
  'P pending Ann/Bob 60 expires=2026-03-02T02:00:00Z : accepted; X post P : accepted; batch 2026-03-02T02:00:00Z; E expire P : pending_already_posted',
  'X post P : pending_not_found; V void P : pending_not_found',
  'T Ann/Bob 1 : accepted; X post T : not_pending_kind; V void T : not_pending_kind',
  'P pending Ann/Bob 60 : accepted; X post P : accepted; Y post X : not_pending_kind',
  'P pending Ann/Bob 60 : accepted; X post P 1 cur=JPY : currency_mismatch; Y post P amount=0.10 cur=CNY : accepted; Bob = 0 0 0 110',
  // What is held was paid for: posting asks for no limit again.
  'account Max credit max=10; P pending Ann/Max 10 : accepted; account Max credit max=5 has=0/10/0/0; X post P : accepted',
  'P pending Ann/Bob 60 : accepted; account Ann credit min=50 has=60/0/0/60; X post P : accepted; Ann = 0 0 60 60',
]);

cases('effective dates of posts and voids', bank, [
  'P pending Ann/Bob 6 on=2026-02-01 : accepted; X post P : accepted; Ann 2026-02-01 = 6 0 0 0; Ann 2026-03-02 = -6 0 6 0',
  'P pending Ann/Bob 6 on=2026-04-01 : accepted; X post P : accepted; Ann 2026-04-01 = 0 0 6 0; Ann 2026-03-02 = 0 0 0 0',
  'P pending Ann/Bob 6 on=2026-04-01 : accepted; V void P : accepted; Ann 2026-04-01 = 0 0 0 0',
  'P pending Ann/Bob 6 : accepted; X post P on=2026-03-01 : effective_before_pending; V void P on=2026-03-01 : effective_before_pending',
  'P pending Ann/Bob 6 on=2026-02-01 : accepted; X post P 2 keep on=2026-02-03 : accepted; Y post P 2 keep on=2026-02-02 : accepted; Ann 2026-02-02 = -2 0 2 0; Ann 2026-02-03 = -2 0 2 0; P = 2 open',
  'P pending Ann/Bob 6 on=2026-04-01 expires=2026-03-02T02:00:00Z : accepted; batch 2026-03-02T02:00:00Z; E expire P : accepted; Ann 2026-04-01 = 0 0 0 0',
]);

cases('reversal', bank, [
  'T Ann/Bob 60 : accepted; R reverse T on=2026-03-05 : accepted; Ann = 0 0 60 160; Bob = 0 0 60 160; Ann 2026-03-05 = 0 0 0 60',
  'T Ann/Bob 60 : accepted; batch; R reverse T on=2026-03-02 : accepted; S reverse T on=2026-03-02 : already_reversed; batch; U reverse T on=2026-03-02 : already_reversed',
  'P pending Ann/Bob 60 : accepted; X post P 20 : accepted; R reverse X on=2026-03-02 : accepted; Ann = 0 0 20 120; P = 0 posted',
  'P pending Ann/Bob 60 : accepted; R reverse P on=2026-03-02 : not_reversible; V void P : accepted; S reverse V on=2026-03-02 : not_reversible',
  'T Ann/Bob 60 : accepted; R reverse T on=2026-03-02 : accepted; S reverse R on=2026-03-02 : not_reversible',
  'R reverse T on=2026-03-02 : reversed_not_found; T Ann/Bob 101 : exceeds_available; S reverse T on=2026-03-02 : reversed_not_found',
  'P pending Ann/Bob 60 expires=2026-03-02T02:00:00Z : accepted; batch 2026-03-02T02:00:00Z; E expire P : accepted; R reverse E on=2026-03-02 : not_reversible',
  // A reversal decreases and increases like any transfer, with the sides swapped.
  'T Bob/Ann 60 : accepted; U Ann/Bob 160 : accepted; R reverse T on=2026-03-02 : exceeds_available; Ann = 0 0 160 160',
  'account Max credit max=100 has=0/0/0/100; T Max/Bob 50 : accepted; U Bob/Max 50 : accepted; R reverse T on=2026-03-02 : exceeds_maximum',
  'T Ann/Bob 60 : accepted; R reverse T on=2026-02-30 : date_invalid; S reverse T on=2020-01-01 : accepted; Ann 2020-01-01 = 0 0 0 60',
]);

cases('overflow', 'account A debit; account B credit; account C credit', [
  'T A/B max : accepted; U A/B 1 : counter_overflow; A = 0 0 max 0',
  'T A/B max-1 : accepted; U A/C 1 : accepted; V A/C 1 : counter_overflow; W C/B 1 : accepted; X C/B 1 : counter_overflow',
  'P pending A/B max : accepted; Q pending A/C 1 on=2026-03-03 : counter_overflow; R pending C/B 1 on=2026-03-03 : counter_overflow; S pending C/A 1 : accepted',
  'P pending A/B max : accepted; Q pending A/B 1 : counter_overflow; T A/B max : accepted; X post P : counter_overflow; V void P : accepted; A = 0 0 max 0',
  'T A/B max : accepted; R reverse T on=2026-03-02 : accepted; U A/B 1 : counter_overflow; V B/A 1 : counter_overflow',
  // The totals of one effective date are as wide as a counter: holds on one day, released on another.
  `P pending A/B max : accepted; V void P on=2026-03-03 : accepted; Q pending A/C 1 : counter_overflow; R pending C/B 1 : counter_overflow; Q2 pending A/B max on=2026-03-03 : accepted
   W void Q2 on=2026-03-04 : accepted; A 2026-03-02 = max 0 0 0; A 2026-03-04 = -9223372036854775807 0 0 0; Q3 pending A/B 1 on=2026-03-04 : accepted
   X void Q3 on=2026-03-04 : accepted; Q4 pending A/B 1 on=2026-03-03 : accepted; Y void Q4 on=2026-03-04 : counter_overflow`,
]);

cases('chains', bank, [
  'T1 Cash/Ann 1 & : accepted; T2 Ann/Bob 101 & : accepted; T3 Bob/Cash 5 : accepted; T4 Ann/Bob 1 : exceeds_available',
  'T1 nobody/Ann 1 & : debit_account_not_found; T2 Cash/Ann 1 & : chain_failed; T3 Cash/Bob 1 : chain_failed; Ann = 0 0 0 100; Cash = 0 0 200 0',
  'T1 Cash/Ann 1 & : chain_failed; T2 Ann/nobody 1 & : credit_account_not_found; T3 Cash/Bob 1 : chain_failed; Ann = 0 0 0 100',
  'T1 Cash/Ann 1 & : chain_failed; T2 Cash/Bob 1 & : chain_failed; T3 Ann/Bob 102 : exceeds_available; Ann = 0 0 0 100; Cash 2026-03-02 = 0 0 0 0',
  // Only the first fault is told; what would have followed is not judged.
  'T1 Ann/Bob 101 & : exceeds_available; T2 Ann/Bob 0 : chain_failed',
  'T1 Cash/Ann 1 & : chain_failed; T2 Cash/Ann 1 & : chain_open',
  'T1 Cash/Ann 1 & : chain_open',
  'T0 Cash/Ann 1 : accepted; T1 Cash/Ann 0 & : chain_failed; T2 Cash/Ann 1 & : chain_open; Ann = 0 0 0 101',
  // A chain ends with its request.
  'T1 Cash/Ann 1 & : chain_open; request; T2 Cash/Ann 1 : accepted',
  'T1 Cash/Ann 1 & : accepted; T2 Cash/Ann 1 : accepted; T3 Cash/Ann 1 & : chain_failed; T4 Ann/Ann 1 : accounts_same; T5 Cash/Ann 2 : accepted; Ann = 0 0 0 104',
  // What a failed chain did is as if it had never been, also for what comes later in the batch.
  'T1 Ann/Bob 100 & : chain_failed; T2 Ann/Bob 1 : exceeds_available; T3 Ann/Bob 100 : accepted',
  'P pending Ann/Bob 60 & : chain_failed; T Ann/Bob 41 : exceeds_available; X post P : pending_not_found; Ann = 0 0 0 100',
  'P pending Ann/Bob 60 : accepted; X post P 20 keep & : chain_failed; Y post P 41 : exceeds_pending; P = 60 open; Z post P 60 : accepted; P = 0 posted',
  'P pending Ann/Bob 60 : accepted; V void P & : chain_failed; T Bob/Bob 1 : accounts_same; P = 60 open; Ann = 60 0 0 100',
  'T Ann/Bob 60 : accepted; R reverse T on=2026-03-02 & : chain_failed; U Bob/Bob 1 : accounts_same; S reverse T on=2026-03-02 : accepted',
  'T Ann/Bob 60 & : chain_failed; U Bob/Bob 1 : accounts_same; R reverse T on=2026-03-02 : reversed_not_found',
  // Within a chain a leg sees those before it.
  'P pending Ann/Bob 60 & : accepted; X post P 20 keep & : accepted; Y post P 40 & : accepted; R reverse X on=2026-03-02 : accepted; Ann = 0 0 60 120',
  'P pending Ann/Bob 60 & : chain_failed; X post P 20 & : chain_failed; R reverse X on=2026-03-02 & : chain_failed; Y post P 1 : pending_already_posted; Ann = 0 0 0 100; Bob = 0 0 0 100',
  'T1 Ann/Bob 100 & : accepted; T2 Bob/Ann 50 & : accepted; T3 Ann/Bob 50 : accepted; Ann = 0 0 150 150',
]);

cases('ids', bank, [
  'T Ann/Bob 60 : accepted; T Ann/Bob 60 : accepted again; Ann = 0 0 60 100',
  'T Ann/Bob 60 : accepted; batch 2026-03-09T01:00:00Z; T Ann/Bob 60 : accepted again; Ann = 0 0 60 100',
  'T Ann/Bob 60 : accepted; T Ann/Bob 61 : id_reused; T Bob/Ann 60 : id_reused; T Ann/Bob 60 : accepted again; Ann = 0 0 60 100',
  'T Ann/Bob 60 : accepted; T Ann/Bob 60 text=1 : id_reused; T Ann/Bob 60 on=2026-03-02 : id_reused; T pending Ann/Bob 60 : id_reused; T void T : id_reused',
  // An amount counts by its value, however it is written.
  'T Ann/Bob 60 : accepted; T Ann/Bob amount=0.60 : accepted again; T Ann/Bob amount=0.6 : accepted again; T Ann/Bob amount=0.61 : id_reused',
  // A refused id stays refused, also when the transfer could be accepted by now.
  'T Ann/Bob 101 : exceeds_available; U Bob/Ann 1 : accepted; T Ann/Bob 101 : exceeds_available again; batch; T Ann/Bob 101 : exceeds_available again; V Ann/Bob 101 : accepted',
  'T Ann/Ann 1 : accounts_same; T Ann/Bob 1 : id_reused; T Ann/Ann 1 : accounts_same again; T Ann/Ann amount=x : id_reused',
  'request; T Ann/Bob 60 : accepted; request; T Ann/Bob 60 : accepted again; T Ann/Bob 1 : id_reused',
  // Other content is answered before the content is looked at, but never kept.
  'T Ann/Bob 1 : accepted; T Ann/Bob 0 : id_reused; T Ann/Bob 1 & : id_reused; batch; T Ann/Bob 1 : accepted again',
  'P pending Ann/Bob 60 : accepted; X post P 20 keep : accepted; X post P 20 keep : accepted again; X post P 21 keep : id_reused; P = 40 open',
  // The same id twice in one chain.
  'T Ann/Bob 1 & : chain_failed; T Ann/Bob 1 & : id_reused; U Ann/Bob 1 : chain_failed; batch; T Ann/Bob 1 & : chain_failed again',
  'T Ann/Bob 1 & : chain_failed; T Ann/Bob 2 & : id_reused; U Ann/Bob 1 : chain_failed',
  // A chain that was answered is answered again; of one that was answered in part, the rest is refused.
  'T Ann/Bob 1 & : accepted; U Ann/Bob 1 : accepted; batch; T Ann/Bob 1 & : accepted again; U Ann/Bob 1 : accepted again; Ann = 0 0 2 100',
  'T Ann/Bob 1 & : chain_failed; U Ann/Ann 1 : accounts_same; batch; T Ann/Bob 1 & : chain_failed again; U Ann/Ann 1 : accounts_same again',
  'T Ann/Bob 1 & : accepted; U Ann/Bob 1 : accepted; batch; T Ann/Bob 1 & : accepted again; V Ann/Bob 1 : chain_failed; batch; V Ann/Bob 1 : chain_failed again; Ann = 0 0 2 100',
  'U Ann/Bob 1 : accepted; T Ann/Bob 1 & : chain_failed; U Ann/Bob 1 : accepted again; V Ann/Bob 5 & : chain_failed; U Ann/Bob 2 : id_reused; Ann = 0 0 1 100',
  'T Ann/Bob 1 & : chain_failed; U Ann/Bob 1 & : chain_open; batch; T Ann/Bob 1 & : chain_failed again; U Ann/Bob 1 & : chain_open again',
  'U Ann/Bob 1 : accepted; T Ann/Bob 1 & : chain_failed; U Ann/Bob 1 & : id_reused; Ann = 0 0 1 100',
]);

/** One thing wrong with a transfer or with the books. Two of them go together unless they need the same places. */
interface Fault {
  readonly code: OutcomeCode;
  readonly place: string;
  readonly input?: Partial<TransferInput>;
  readonly books?: (books: Books) => void;
}

const ann = (change: Partial<AccountNow>) => (books: Books) => void Object.assign(accountOf(books, 'Ann'), change);
const bob = (change: Partial<AccountNow>) => (books: Books) => void Object.assign(accountOf(books, 'Bob'), change);
const held = (change: Partial<ReferenceNow>) => (books: Books) =>
  void Object.assign(books.references.get(idOf('P')) ?? {}, change);
const past = Date.parse('2026-03-02T01:00:00Z');

function accountOf(books: Books, name: string): AccountNow {
  const account = books.accounts.get(idOf(name));
  assert.ok(account !== undefined);
  return account;
}

const request: Fault[] = [
  { code: 'id_reused', place: 'id', input: { id: idOf('known') } },
  { code: 'chain_open', place: 'linked', input: { linked: true } },
  { code: 'fields_invalid', place: 'text', input: { description: 'x'.repeat(501) } },
];
const amounts: Fault[] = [
  { code: 'currency_unknown', place: 'currency', input: { currency: 'XXQ' } },
  { code: 'amount_malformed', place: 'amount', input: { amount: 'x' } },
  { code: 'amount_too_many_decimals', place: 'amount', input: { amount: '-99999999999999999999.001' } },
  { code: 'amount_too_large', place: 'amount', input: { amount: '-99999999999999999999' } },
  { code: 'amount_zero', place: 'amount', input: { amount: '-0' } },
  { code: 'amount_negative', place: 'amount', input: { amount: '-1' } },
];
const invalidDate: Fault = { code: 'date_invalid', place: 'date', input: { effectiveDate: '2026-02-30' } };
const states: Fault[] = [
  { code: 'debit_account_closed', place: 'debit', books: ann({ state: 'closed' }) },
  { code: 'credit_account_closed', place: 'credit', books: bob({ state: 'closed' }) },
  { code: 'debit_account_frozen', place: 'debit', books: ann({ state: 'outgoing_frozen' }) },
  { code: 'credit_account_frozen', place: 'credit', books: bob({ state: 'frozen' }) },
];
const room: Fault[] = [
  { code: 'exceeds_available', place: 'minimum', books: ann({ minimum: 0n }) },
  { code: 'exceeds_maximum', place: 'maximum', books: bob({ maximum: 0n }) },
];
const wrongCurrency: Fault = { code: 'currency_mismatch', place: 'currency', input: { currency: 'JPY' } };

/** Per kind a sound transfer and all that can be wrong with it. */
const kinds: Record<string, { readonly input: Partial<TransferInput>; readonly faults: readonly Fault[] }> = {
  pending: {
    input: { kind: 'pending', debitAccountId: idOf('Ann'), creditAccountId: idOf('Bob'), amount: '1', currency: 'CNY' },
    faults: [
      ...request,
      ...amounts,
      invalidDate,
      { code: 'expiry_in_past', place: 'expiry', input: { expiresAt: '2026-03-02T01:00:00Z' } },
      { code: 'accounts_same', place: 'debit credit', input: { debitAccountId: idOf('Bob') } },
      { code: 'debit_account_not_found', place: 'debit', input: { debitAccountId: idOf('nobody') } },
      { code: 'credit_account_not_found', place: 'credit', input: { creditAccountId: idOf('none') } },
      wrongCurrency,
      ...states,
      ...room,
      { code: 'counter_overflow', place: 'counter', books: ann({ debitsPending: 2n ** 63n - 1n }) },
    ],
  },
  post: {
    input: { kind: 'post', pendingId: idOf('P'), amount: '1', currency: 'CNY' },
    faults: [
      ...request,
      ...amounts,
      invalidDate,
      { code: 'pending_not_found', place: 'reference', input: { pendingId: idOf('nothing') } },
      { code: 'not_pending_kind', place: 'reference', input: { pendingId: idOf('T') } },
      wrongCurrency,
      { code: 'pending_already_posted', place: 'reference', books: held({ ended: 'posted', remaining: 0n }) },
      { code: 'pending_already_voided', place: 'reference', books: held({ ended: 'voided', remaining: 0n }) },
      { code: 'pending_expired', place: 'expiry', books: held({ expiresAtMs: past }) },
      { code: 'effective_before_pending', place: 'date', input: { effectiveDate: '2026-03-01' } },
      { code: 'exceeds_pending', place: 'amount', input: { amount: '2' } },
      ...states,
      { code: 'counter_overflow', place: 'counter', books: ann({ debitsPosted: 2n ** 63n - 1n }) },
    ],
  },
  reverse: {
    input: { kind: 'reverse', reversedId: idOf('T'), effectiveDate: '2026-03-02' },
    faults: [
      ...request,
      invalidDate,
      { code: 'reversed_not_found', place: 'reference', input: { reversedId: idOf('nothing') } },
      { code: 'not_reversible', place: 'reference', input: { reversedId: idOf('P') } },
      {
        code: 'already_reversed',
        place: 'reference',
        books: (books) => void Object.assign(books.references.get(idOf('T')) ?? {}, { reversed: true }),
      },
      ...states,
      ...room,
      { code: 'counter_overflow', place: 'counter', books: ann({ debitsPosted: 2n ** 63n - 1n }) },
    ],
  },
};

/** Ann and Bob with a hold P from Ann to Bob and a transfer T from Bob to Ann; the id `known` was answered before. */
function soundBooks(): Books {
  const books = new Books();
  for (const name of ['Ann', 'Bob', 'Eve']) books.open(name, {});
  const [annId, bobId, eveId] = [idOf('Ann'), idOf('Bob'), idOf('Eve')];
  const hundred = { amount: 100n, currency: 'CNY' };
  books.decide([
    [
      { id: idOf('P'), kind: 'pending', debitAccountId: annId, creditAccountId: bobId, ...hundred },
      { id: idOf('T'), debitAccountId: bobId, creditAccountId: annId, ...hundred },
      { id: idOf('known'), debitAccountId: annId, creditAccountId: eveId, ...hundred },
    ],
  ]);
  return books;
}

function codeOf(input: Partial<TransferInput>, faults: readonly Fault[]): string {
  const books = soundBooks();
  for (const fault of faults) fault.books?.(books);
  return books.decide([[Object.assign({ id: idOf('X') }, input, ...faults.map((fault) => fault.input))]]).join();
}

suite('precedence: of two faults the earlier in outcomeCodes is told', () => {
  for (const [kind, { input, faults }] of Object.entries(kinds)) {
    test(kind, () => {
      assert.equal(codeOf(input, []), 'accepted');
      for (const [index, one] of faults.entries()) {
        assert.equal(codeOf(input, [one]), one.code);
        for (const other of faults.slice(index + 1)) {
          assert.ok(outcomeCodes.indexOf(one.code) < outcomeCodes.indexOf(other.code), `${one.code}, ${other.code}`);
          if (other.place.split(' ').some((place) => one.place.includes(place))) continue;
          assert.equal(codeOf(input, [one, other]), one.code, `${one.code} and ${other.code}`);
        }
      }
    });
  }

  test('chain_failed is told only where nothing else can be', () => {
    for (const { input, faults } of Object.values(kinds)) {
      for (const fault of faults.filter(({ code }) => code !== 'chain_open')) {
        const books = soundBooks();
        fault.books?.(books);
        const wrong = { id: idOf('X'), ...input, ...fault.input, linked: true };
        const sound = { id: idOf('Y'), debitAccountId: idOf('Eve'), creditAccountId: idOf('Bob'), amount: 1n };
        const codes = books.decide([[wrong, { ...sound, currency: 'CNY' }]]).flat();
        assert.deepEqual(codes, [fault.code, 'chain_failed']);
      }
    }
  });
});

test('every outcome code was met in the tables', () => {
  assert.deepEqual(
    outcomeCodes.filter((code) => !met.has(code)),
    [],
  );
});
