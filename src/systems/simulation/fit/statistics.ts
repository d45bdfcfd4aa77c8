/** How alike two samples are. */

/** Largest difference between the distribution functions of two sorted samples (Kolmogorov and Smirnov). */
export function ksDistance(left: Float64Array, right: Float64Array): number {
  let [i, j, largest] = [0, 0, 0];
  while (i < left.length && j < right.length) {
    const value = Math.min(left[i] ?? 0, right[j] ?? 0);
    while (i < left.length && (left[i] ?? 0) <= value) i += 1;
    while (j < right.length && (right[j] ?? 0) <= value) j += 1;
    largest = Math.max(largest, Math.abs(i / left.length - j / right.length));
  }
  return largest;
}

/** The value below which the share `probability` of a sorted sample lies. */
export function quantile(sorted: Float64Array, probability: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(probability * sorted.length))] ?? 0;
}

/** A sorted copy with every value divided by the median: the shape of a distribution without its unit. */
export function overMedian(values: Float64Array): Float64Array {
  const sorted = values.slice().sort();
  const median = quantile(sorted, 0.5);
  return median === 0 ? sorted : sorted.map((value) => value / median);
}
