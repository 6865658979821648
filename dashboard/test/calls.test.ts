import assert from 'node:assert/strict'
import { test } from 'node:test'
import { asked, fields, narrowed, words } from '../src/lib/calls'
import { moment, span } from '../src/lib/moment'

const of = (query: string) => asked(new URLSearchParams(query))

test('whatever the API narrows calls by the page does', () => {
  assert.deepEqual([...narrowed].sort(), [...fields].sort())
  assert.equal(new Set(words).size, words.length)
})

test('each word of the address narrows the list', () => {
  const value: Record<string, string> = { from: '2026-01-02', to: '2026-01-03', answered_from: '2026-01-02', answered_to: '2026-01-03', ended_from: '2026-01-02', ended_to: '2026-01-03' }
  for (const w of words) {
    const got = of(`${w}=${value[w] ?? '1'}`)
    assert.deepEqual(got.faults, {}, w)
    assert.equal(Object.keys(got.filters).length, 1, w)
    assert.ok(fields.includes(Object.keys(got.filters)[0]!), w)
  }
  assert.deepEqual(of('median=200&median_to=900.5&interrupted_to=0&cost=yes&cost_to=2').filters, { heard_latency_p50: { gte: 200, lte: 900.5 }, interruptions: { lte: 0 }, cost: { lte: 2, ne: null } })
  assert.deepEqual(of('answered=yes&answered_from=2026-01-02T00:00:00Z').filters, { start_time: { gte: '2026-01-02T00:00:00.000Z', ne: null } })
  assert.deepEqual(of('id=550E8400-E29B-41D4-A716-446655440000').filters, { id: '550e8400-e29b-41d4-a716-446655440000' })
  assert.deepEqual(of('id=550E').filters, { id: { contains: '550e' } })
  assert.equal(of('sort=cost').sort_desc, true)
  assert.deepEqual([of('sort=cost&order=up').sort_column, of('sort=cost&order=up').sort_desc, of('').sort_column], ['cost', false, undefined])
})

test('what cannot be looked for is said at its word, and not looked for', () => {
  for (const [query, at] of [['from=soon', 'from'], ['to=2026-02-31', 'to'], ['answered_to=5', 'answered_to'], ['median=abc', 'median'], ['slow_to=-1', 'slow_to'], ['interrupted=0.5', 'interrupted'], ['median=9&median_to=1', 'median_to'],
    ['from=2026-01-02&to=2026-01-01', 'to'], ['sort=name', 'sort'], ['cost_from=1e99', 'cost_from']] as const) assert.deepEqual(Object.keys(of(query).faults), [at], query)
  assert.match(of('from=soon').faults.from!, /“soon” is no time.*2026-11-28T09:30/)
})

test('a day is until its end', () => {
  assert.equal(+moment('2026-03-01', true)! - +moment('2026-02-28')!, 2 * 86_400_000)
  assert.equal(moment('2026-03-01T10:00Z')!.toISOString(), '2026-03-01T10:00:00.000Z')
  for (const bad of ['', '1', '2026', '2026-13-01', '2026-04-31', '2026-01-01T25:00', 'Mon Jan 5']) assert.equal(moment(bad), null, bad)
  assert.match(span(['a', 'b'], (n) => (n === 'a' ? '2026-01-01T10:00' : ''), true).faults.a!, /no day.*Write a day/)
})
