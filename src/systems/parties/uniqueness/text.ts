/** How alike two short texts are. Pure. */

/** Whether one becomes the other by one change: a character put in, left out or replaced, or two neighbours swapped. */
export function isOneSlip(left: string, right: string): boolean {
  const a = [...left];
  const b = [...right];
  if (left === right || Math.abs(a.length - b.length) > 1) return false;
  let start = 0;
  while (start < a.length && start < b.length && a[start] === b[start]) start += 1;
  let end = 0;
  const rest = Math.min(a.length, b.length) - start;
  while (end < rest && a[a.length - 1 - end] === b[b.length - 1 - end]) end += 1;
  const x = a.slice(start, a.length - end);
  const y = b.slice(start, b.length - end);
  if (x.length <= 1 && y.length <= 1) return true;
  return x.length === 2 && y.length === 2 && x[0] === y[1] && x[1] === y[0];
}

const PREFIX_WEIGHT = 0.1;
const PREFIX_LONGEST = 4;

/** Jaro–Winkler similarity, 0 to 1 (Winkler 1990): shared characters near each other, more for a shared beginning. */
export function similarity(left: string, right: string): number {
  if (left === right) return 1;
  const reach = Math.max(Math.floor(Math.max(left.length, right.length) / 2) - 1, 0);
  const taken = new Array<boolean>(right.length).fill(false);
  const shared: string[] = [];
  for (let at = 0; at < left.length; at += 1) {
    const last = Math.min(at + reach, right.length - 1);
    for (let other = Math.max(at - reach, 0); other <= last; other += 1) {
      if (taken[other] || left[at] !== right[other]) continue;
      taken[other] = true;
      shared.push(left[at] ?? '');
      break;
    }
  }
  if (shared.length === 0) return 0;
  let place = 0;
  let misplaced = 0;
  for (let other = 0; other < right.length; other += 1) {
    if (!taken[other]) continue;
    if (shared[place] !== right[other]) misplaced += 1;
    place += 1;
  }
  const count = shared.length;
  const jaro = (count / left.length + count / right.length + (count - misplaced / 2) / count) / 3;
  let prefix = 0;
  while (prefix < PREFIX_LONGEST && prefix < left.length && left[prefix] === right[prefix]) prefix += 1;
  return jaro + prefix * PREFIX_WEIGHT * (1 - jaro);
}
