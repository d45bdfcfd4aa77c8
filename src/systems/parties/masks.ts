/** How personal data looks to whoever may not see it (脱敏): enough to recognise what one knows already. */

export type MaskKind = 'name' | 'identifier' | 'mobile' | 'email' | 'address';

/** Masks a value: 王小明 to 王**, 11010519491231002X to 110***********002X, +8613812345678 to +86138****5678. */
export function mask(kind: MaskKind, value: string): string {
  if (kind === 'email') return value.replace(/^(.?).*@/u, '$1***@');
  if (kind === 'address') return `${[...value].slice(0, 6).join('')}******`;
  const characters = [...value];
  const [head, tail] = kept(kind, characters.length);
  const hidden = '*'.repeat(Math.max(1, characters.length - head - tail));
  return characters.slice(0, head).join('') + hidden + characters.slice(characters.length - tail).join('');
}

function kept(kind: MaskKind, length: number): readonly [head: number, tail: number] {
  if (length < 2) return [0, 0];
  if (kind === 'name') return [1, 0];
  if (kind === 'mobile') return length >= 11 ? [length - 8, 4] : [2, 2];
  return length >= 15 ? [3, 4] : [1, length > 4 ? 2 : 0];
}
