/** Shapes that are all flow: who pays whom, in which order. Each is used for truth and look-alike alike. */
import type { Draft, Moment } from '../draft.ts';

/** Many pay one, who passes it on. */
export function fanIn(draft: Draft): void {
  const hub = draft.join(draft.anyone(), 'hub');
  gather(draft, hub, draft.draws.between(draft.typology.members), 'member');
}

/** Lets `count` people pay `hub`, and what came in leave after the last of them. */
export function gather(draft: Draft, hub: number, count: number, role: 'member' | 'bystander', night = 0): void {
  let total = 0n;
  let last: Moment = { day: draft.today, second: 0 };
  for (let one = 0; one < count; one += 1) {
    const payer = draft.join(draft.acquaintance(hub), role);
    const step = draft.pay(payer, hub, draft.someDay(), { night: draft.draws.chance(night) });
    if (step === undefined) continue;
    total += step.amountMinor;
    if (isLater(step, last)) last = step;
  }
  draft.leave(hub, total, last);
}

/** Money comes from outside and goes to many. */
export function fanOut(draft: Draft): void {
  const hub = draft.join(draft.anyone(), 'hub');
  const first = draft.pay(draft.outside(), hub, draft.today);
  for (let one = draft.draws.between(draft.typology.members); one > 0; one -= 1) {
    const receiver = draft.join(draft.acquaintance(hub), 'member');
    const step = draft.pay(hub, receiver, draft.someDay(), { after: first });
    if (step !== undefined && one % 3 === 0) draft.leave(receiver, step.amountMinor, step);
  }
}

/** Money goes round and comes back, a little less each time. */
export function cycle(draft: Draft): void {
  const count = Math.max(2, draft.draws.between(draft.typology.members));
  const ring: number[] = [];
  while (ring.length < count) ring.push(draft.join(draft.anyone(ring.at(-1)), 'member'));
  let day = draft.today;
  for (let round = draft.draws.between(draft.typology.rounds); round > 0; round -= 1) {
    let amount: bigint | undefined;
    let after: Moment | undefined;
    for (const [place, from] of ring.entries()) {
      const to = ring[(place + 1) % count] ?? from;
      const step = draft.pay(from, to, day, amount === undefined ? { after } : { after, amountMinor: amount });
      if (step === undefined) return;
      amount = draft.passedOn(step.amountMinor);
      after = step;
      day = step.day + draft.draws.below(2);
    }
    day += Math.max(1, Math.round(draft.draws.between(draft.typology.span_days) / 4));
  }
}

/** One pays several, and they all pay another one. */
export function scatterGather(draft: Draft): void {
  const source = draft.join(draft.anyone(), 'source');
  const sink = draft.join(draft.anyone(source), 'hub');
  for (let one = draft.draws.between(draft.typology.members); one > 0; one -= 1) {
    const middle = draft.join(draft.acquaintance(source), 'member');
    const first = draft.pay(source, middle, draft.someDay());
    if (first === undefined) continue;
    const day = first.day + draft.draws.below(3);
    draft.pay(middle, sink, day, { after: first, amountMinor: draft.passedOn(first.amountMinor) });
  }
}

/** Everyone of one group pays most of another. */
export function bipartite(draft: Draft): void {
  layers(draft, 2);
}

/** Several groups, one behind the other. */
export function stacked(draft: Draft): void {
  layers(draft, Math.max(3, draft.draws.between(draft.typology.layers)));
}

function layers(draft: Draft, count: number): void {
  let payers = crowd(draft);
  let received = new Map<number, { total: bigint; last: Moment }>();
  for (let layer = 1; layer < count; layer += 1) {
    const receivers = crowd(draft);
    const next = new Map<number, { total: bigint; last: Moment }>();
    for (const from of payers) {
      const got = received.get(from);
      for (const to of receivers) {
        if (draft.draws.chance(0.3)) continue;
        const wish = got === undefined ? {} : { amountMinor: draft.passedOn(got.total / BigInt(receivers.length)) };
        const day = got === undefined ? draft.someDay() : got.last.day + draft.draws.below(2);
        const step = draft.pay(from, to, day, { ...wish, after: got?.last });
        if (step === undefined) continue;
        const before = next.get(to);
        const last = before === undefined || isLater(step, before.last) ? step : before.last;
        next.set(to, { total: (before?.total ?? 0n) + step.amountMinor, last });
      }
    }
    payers = receivers;
    received = next;
  }
  for (const [account, { total, last }] of received) draft.leave(account, total, last);
}

function crowd(draft: Draft): number[] {
  const found: number[] = [];
  const count = draft.draws.between(draft.typology.members);
  while (found.length < count) found.push(draft.join(draft.anyone(found.at(-1)), 'member'));
  return found;
}

export function isLater(one: Moment, other: Moment): boolean {
  return one.day > other.day || (one.day === other.day && one.second > other.second);
}
