import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fromInputs, fromPairs, sorted, toInputs, toPairs } from '../src/lib/rows'

test('a schema that rows can say is the same when it comes from them', () => {
  for (const s of [
    undefined,
    { type: 'object', properties: { seats: { type: 'integer', description: 'How many' } }, required: ['seats'] },
    { type: 'object', properties: { a: { type: 'string', enum: ['x', 'y z'] }, b: { type: 'array', items: { type: 'string' } }, c: { type: 'boolean' }, d: { type: 'number' } } },
  ]) assert.deepEqual(fromInputs(toInputs(s)!), { value: s, wrong: [] })
})

test('a schema that says more than rows is left to JSON', () => {
  for (const s of [
    'text', { type: 'array' }, { type: 'object', additionalProperties: false }, { properties: { a: { type: 'object' } } }, { properties: { a: { type: 'integer', minimum: 1 } } }, { properties: { a: {} } },
    { properties: { a: { type: 'string', enum: ['a,b'] } } }, { properties: { a: { type: 'string', enum: [] } } }, { properties: { a: { type: 'array', items: { type: 'integer' } } } }, { properties: {}, required: ['a'] }, { properties: { '': { type: 'string' } } },
  ]) assert.equal(toInputs(s), null, JSON.stringify(s))
})

test('rows say what of them cannot be sent', () => {
  const row = { name: '', type: 'string', description: '', choices: '', required: true }
  assert.deepEqual(fromInputs([row]), { value: undefined, wrong: [] })
  assert.deepEqual(fromInputs([{ ...row, name: ' a ' }, { ...row, name: 'a' }, { ...row, description: 'b' }]), {
    value: { type: 'object', properties: { a: { type: 'string' } }, required: ['a'] }, wrong: [[1, 'name', 'Another is called that'], [2, 'name', 'Say what it is called']],
  })
  assert.deepEqual(fromPairs([{ name: 'bundle_sid', value: ' BU1 ' }, { name: '', value: 'x' }, { name: 'y', value: '' }, { name: '', value: '' }], false), {
    value: { bundle_sid: 'BU1' }, wrong: [[1, 'name', 'Say what it is called'], [2, 'value', 'Say what it is']],
  })
})

test('values are what they were', () => {
  for (const v of [{ n: 12, t: '12', yes: true, no: 'false', list: [1], words: 'two words', nothing: null, empty: '', quoted: '"x"', id: '123456789012345678', much: '1e400' }, {}]) assert.deepEqual(fromPairs(toPairs(v, true), true).value ?? {}, v)
  assert.deepEqual(fromPairs(toPairs({ n: '12' }, false), false).value, { n: '12' })
  assert.deepEqual(fromPairs([{ name: 'id', value: '123456789012345678' }, { name: 'n', value: '12' }], true).value, { id: '123456789012345678', n: 12 })
  assert.equal(sorted({ b: [{ y: 1, x: 2 }], a: 1 }), sorted({ a: 1, b: [{ x: 2, y: 1 }] }))
})

Object.assign(globalThis, { location: { origin: 'http://127.0.0.1' } })
const loaded = import('../src/lib/form.svelte') // it needs a place to be at

test('a line is counted with the blank ones', async () => {
  const { lineOf } = await loaded
  assert.equal(lineOf('a\n\n  \nb\nc', 0), 1)
  assert.equal(lineOf('a\n\n  \nb\nc', 1), 4)
  assert.equal(lineOf('a\n\n  \nb\nc', 2), 5)
  assert.equal(lineOf('a\n', 1), 0)
})

test('what cannot be sent of an item goes where the item goes', async () => {
  const { Form } = await loaded
  const form = new Form()
  form.typed['actions.0.config.input_schema'] = '{'
  form.hold('actions.0.config.input_schema', 'no JSON')
  form.hold('actions.2.x', 'no number')
  form.errors['actions.1.name'] = 'wrong'
  form.moved('actions', (i) => [1, 0, 2][i])
  assert.deepEqual({ ...form.typed }, { 'actions.1.config.input_schema': '{' })
  assert.deepEqual({ ...form.errors }, { 'actions.0.name': 'wrong' })
  form.moved('actions', (i) => (i === 0 ? undefined : i - 1))
  form.spoiled()
  assert.deepEqual({ ...form.errors }, { 'actions.0.config.input_schema': 'no JSON', 'actions.1.x': 'no number' })
  form.moved('actions', (i) => (i === 0 ? undefined : i - 1))
  form.moved('actions', () => undefined)
  assert.equal(form.held, false)
})
