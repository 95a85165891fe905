// Prometheus text, rates and latencies; what is told of models.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { by_name, plain_fields } from '../src/pages/models/facts.js'
import { buckets, errors_of, growth, parse_metrics, point_of, quantile, total } from '../src/pages/status/metrics.js'

const reading = (running, tokens, fast, slow, bad) =>
  parse_metrics(`# HELP malmoi_num_requests_running x
malmoi_num_requests_running{model_name="a \\"b\\""} ${running}
malmoi_num_requests_running{model_name="c"} 1
malmoi_generation_tokens_total{model_name="a"} ${tokens}
malmoi_inter_token_latency_seconds_bucket{le="0.01"} ${fast}
malmoi_inter_token_latency_seconds_bucket{le="0.02"} ${fast + slow}
malmoi_inter_token_latency_seconds_bucket{le="+Inf"} ${fast + slow}
malmoi_http_responses_total{code="200"} 7
malmoi_http_responses_total{code="404"} ${bad}
nonsense
bad{ NaN
`)

test('readings', () => {
  const before = reading(2, 100, 10, 10, 1)
  const after = reading(3, 140, 10, 30, 4)
  assert.equal(after.get('malmoi_num_requests_running')[0].labels.model_name, 'a "b"')
  assert.equal(total(after, 'malmoi_num_requests_running'), 4)
  assert.equal(total(after, 'other'), null)
  assert.equal(growth(before, after, 'malmoi_generation_tokens_total'), 40)
  assert.equal(growth(after, before, 'malmoi_generation_tokens_total'), null, 'the server began anew')
  const point = point_of(before, after, 2)
  assert.equal(point.written, 20)
  assert.ok(Math.abs(point.between_half - 0.015) < 1e-9)
  assert.equal(point.first_half, null)
  assert.equal(point.memory, null)
  assert.deepEqual(errors_of(before, after), [{ code: '404', all: 4, recent: 3 }])
})

test('quantiles', () => {
  assert.equal(quantile([], 0.5), null)
  assert.equal(quantile([[1, 0], [Infinity, 0]], 0.5), null)
  assert.equal(quantile([[1, 4], [Infinity, 4]], 0.5), 0.5)
  assert.equal(quantile([[1, 0], [Infinity, 4]], 0.5), 1, 'of what lies above all bounds the last bound is known')
  assert.deepEqual(buckets(null, reading(0, 0, 1, 2, 0), 'malmoi_inter_token_latency_seconds'), [[0.01, 1], [0.02, 3], [Infinity, 3]])
})

test('models', () => {
  for (const told of [[{ id: 'm', state: 'loaded', bytes: 2048, files: {} }], { data: [{ id: 'm', state: 'loaded', bytes: 2048 }] }, { models: [{ name: 'm', state: 'loaded', bytes: 2048 }] }])
    assert.deepEqual(plain_fields(by_name(told).get('m')), [['state', 'loaded', false], ['bytes', 2048, true]])
  for (const told of [null, 3, {}, { data: 3 }, [null]]) assert.equal(by_name(told).size, 0)
})
