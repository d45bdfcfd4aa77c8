/**
 * Prometheus metrics of one process. A room asks for its counter by name where it needs it; asking twice gives the same
 * metric. Names are `longmen_…` with the unit last (`longmen_ledger_batch_duration_seconds`); labels have few values
 * and never hold personal data.
 */
import {
  Counter,
  type CounterConfiguration,
  collectDefaultMetrics,
  Gauge,
  type GaugeConfiguration,
  Histogram,
  type HistogramConfiguration,
  Registry,
} from 'prom-client';
import { invariant } from '#kernel/errors';

/** The registry of one process and the ways to add to it. */
export interface Metrics {
  counter<Label extends string = never>(options: CounterConfiguration<Label>): Counter<Label>;
  gauge<Label extends string = never>(options: GaugeConfiguration<Label>): Gauge<Label>;
  histogram<Label extends string = never>(options: HistogramConfiguration<Label>): Histogram<Label>;
  /** Records one answered HTTP request; `route` is the pattern, never the address asked for. */
  observeRequest(method: string, route: string, status: number, duration_seconds: number): void;
  /** Everything in the text format of Prometheus, to be sent as {@link Metrics.contentType}. */
  render(): Promise<string>;
  readonly contentType: string;
}

/** From a millisecond, an idle posting, to ten seconds, an import. */
const DURATION_BUCKETS_SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** Makes the registry of a process, with the default metrics of Node (memory, event loop delay, garbage collection). */
export function createMetrics(): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const registers = [registry];

  const requests = new Histogram({
    name: 'http_request_duration_seconds',
    help: 'Time from the first byte of a request to the end of its answer, by method, route pattern and status.',
    labelNames: ['method', 'route', 'status'],
    buckets: DURATION_BUCKETS_SECONDS,
    registers,
  });

  return {
    counter<Label extends string>(options: CounterConfiguration<Label>): Counter<Label> {
      const known = registry.getSingleMetric<Label>(options.name);
      invariant(known === undefined || known instanceof Counter, `metric_has_one_kind:${options.name}`);
      return known ?? new Counter({ ...options, registers });
    },
    gauge<Label extends string>(options: GaugeConfiguration<Label>): Gauge<Label> {
      const known = registry.getSingleMetric<Label>(options.name);
      invariant(known === undefined || known instanceof Gauge, `metric_has_one_kind:${options.name}`);
      return known ?? new Gauge({ ...options, registers });
    },
    histogram<Label extends string>(options: HistogramConfiguration<Label>): Histogram<Label> {
      const known = registry.getSingleMetric<Label>(options.name);
      invariant(known === undefined || known instanceof Histogram, `metric_has_one_kind:${options.name}`);
      return known ?? new Histogram({ buckets: DURATION_BUCKETS_SECONDS, ...options, registers });
    },
    observeRequest(method, route, status, duration_seconds) {
      requests.observe({ method, route, status }, duration_seconds);
    },
    render: () => registry.metrics(),
    contentType: registry.contentType,
  };
}
