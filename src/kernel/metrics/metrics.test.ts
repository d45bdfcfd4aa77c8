import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createMetrics } from './index.ts';

test('a metric asked for twice is the same, and every registry is its own', async () => {
  const metrics = createMetrics();
  const options = { name: 'longmen_test_things', help: 'Things.', labelNames: ['kind'] as const };
  metrics.counter(options).inc({ kind: 'a' }, 2);
  metrics.counter(options).inc({ kind: 'a' });
  assert.match(await metrics.render(), /longmen_test_things\{kind="a"\} 3/);
  assert.doesNotMatch(await createMetrics().render(), /longmen_test_things/);
});

test('a name has one kind', () => {
  const metrics = createMetrics();
  metrics.counter({ name: 'longmen_test_kind', help: 'Kind.' });
  assert.throws(() => metrics.histogram({ name: 'longmen_test_kind', help: 'Kind.' }), /metric_has_one_kind/);
  assert.throws(() => metrics.gauge({ name: 'longmen_test_kind', help: 'Kind.' }), /metric_has_one_kind/);
});

test('requests are counted by method, route and status; default metrics are there', async () => {
  const metrics = createMetrics();
  metrics.observeRequest('GET', '/things/:id', 200, 0.003);
  metrics.gauge({ name: 'longmen_test_level', help: 'Level.' }).set(4);
  metrics.histogram({ name: 'longmen_test_duration_seconds', help: 'Duration.' }).observe(0.2);
  const text = await metrics.render();
  assert.match(text, /http_request_duration_seconds_count\{method="GET",route="\/things\/:id",status="200"\} 1/);
  assert.match(text, /longmen_test_level 4/);
  assert.match(text, /longmen_test_duration_seconds_count 1/);
  assert.match(text, /process_cpu_seconds_total/);
  assert.match(metrics.contentType, /^text\/plain/);
});
