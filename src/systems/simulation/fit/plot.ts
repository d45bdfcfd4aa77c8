/** Draws comparisons as small distribution functions beside each other: an SVG, for documents. */
import type { FitLine } from './fit.ts';

const [WIDTH, HEIGHT, LEFT, TOP, GAP] = [230, 150, 34, 26, 34];
const ACROSS = 3;

/** One panel for each comparison: the share of values up to x, on a logarithmic x; real solid, simulated dashed. */
export function fitPlot(lines: readonly FitLine[]): string {
  const rows = Math.ceil(lines.length / ACROSS);
  const [width, height] = [ACROSS * (WIDTH + GAP) + LEFT, rows * (HEIGHT + TOP + GAP) + 10];
  const panels = lines.map((line, index) =>
    panel(line, LEFT + (index % ACROSS) * (WIDTH + GAP), TOP + Math.floor(index / ACROSS) * (HEIGHT + TOP + GAP)),
  );
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" font-family="sans-serif" font-size="10">
<title>Real and simulated distributions</title>
<rect width="${width}" height="${height}" fill="#fff"/>
${panels.join('\n')}
</svg>
`;
}

function panel({ quantity, reference, ks_distance: distance, curve }: FitLine, left: number, top: number): string {
  const values = [...curve.real, ...curve.simulated].filter((value) => value > 0);
  const [low, high] = [Math.log10(Math.min(...values)), Math.log10(Math.max(...values))];
  const x = (value: number) => left + (WIDTH * (Math.log10(Math.max(value, 10 ** low)) - low)) / (high - low || 1);
  const path = (points: readonly number[]) =>
    points
      .map((value, index) => `${x(value).toFixed(1)},${(top + HEIGHT * (1 - index / (points.length - 1))).toFixed(1)}`)
      .join(' ');
  const ticks = Array.from({ length: Math.floor(high) - Math.ceil(low) + 1 }, (_, index) => Math.ceil(low) + index);
  return [
    `<text x="${left}" y="${top - 8}">${quantity} · ${reference} · KS ${distance.toFixed(3)}</text>`,
    `<rect x="${left}" y="${top}" width="${WIDTH}" height="${HEIGHT}" fill="none" stroke="#999"/>`,
    ...ticks.map(
      (tick) =>
        `<text x="${x(10 ** tick).toFixed(1)}" y="${top + HEIGHT + 13}" text-anchor="middle" fill="#555">${Number((10 ** tick).toPrecision(1))}</text>`,
    ),
    `<polyline points="${path(curve.real)}" fill="none" stroke="#1b5e8c" stroke-width="1.5"/>`,
    `<polyline points="${path(curve.simulated)}" fill="none" stroke="#c0392b" stroke-width="1.5" stroke-dasharray="4 3"/>`,
  ].join('\n');
}
