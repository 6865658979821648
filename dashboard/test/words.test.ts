import assert from 'node:assert/strict'
import { test } from 'node:test'
import { mix } from '../src/lib/listen'
import { Words } from '../src/lib/words.svelte'

const event = (type: string, payload: Record<string, unknown> = {}) => ({ id: type + Math.random(), call_id: 'c', sequence: 0, type, timestamp: '', payload })
const shown = (w: Words) => [...w.lines.map((l) => `${l.who}: ${l.text}`), ...w.open.map((l) => `${l.who}: ${l.text} …`)].join('\n')

test('words of both sides appear as they come, and whose turn it is', () => {
  const w = new Words()
  assert.equal(w.phase, 'ringing')
  for (const [type, payload, phase, want] of [
    ['event_phone_call_connected', {}, 'listening', ''],
    ['partial', { sender: 'bot', text: 'Good', turn_id: 't1' }, 'speaking', 'bot: Good …'],
    ['partial', { sender: 'bot', text: 'Good morning', turn_id: 't1' }, 'speaking', 'bot: Good morning …'],
    ['paused', {}, 'caller', 'bot: Good morning …'],
    ['resumed', {}, 'speaking', 'bot: Good morning …'],
    ['partial', { sender: 'human', text: 'stop' }, 'caller', 'bot: Good morning …\nhuman: stop …'],
    ['interrupted', { text: 'Good morning' }, 'caller', 'bot: Good morning …\nhuman: stop …'],
    ['event_message', { sender: 'bot', text: 'Good morning', turn_id: 't1', interrupted: true }, 'caller', 'bot: Good morning\nhuman: stop …'],
    ['partial', { sender: 'human', text: 'stop that', final: true }, 'caller', 'bot: Good morning\nhuman: stop that …'],
    ['turn_ended', { text: 'stop that' }, 'thinking', 'bot: Good morning\nhuman: stop that …'],
    ['event_message', { sender: 'human', text: 'stop that', turn_id: 't2' }, 'thinking', 'bot: Good morning\nhuman: stop that'],
    ['partial', { sender: 'human', text: 'stop that', final: true }, 'thinking', 'bot: Good morning\nhuman: stop that'],
    ['action_start', { label: 'Orders' }, 'thinking', 'bot: Good morning\nhuman: stop that'],
    ['event_action', {}, 'thinking', 'bot: Good morning\nhuman: stop that'],
    ['held', {}, 'held', 'bot: Good morning\nhuman: stop that'],
    ['unheld', {}, 'listening', 'bot: Good morning\nhuman: stop that'],
    ['transferred', { to: 'web', by: 'take_over' }, 'away', 'bot: Good morning\nhuman: stop that'],
    ['event_phone_call_ended', { ended_reason: 'transferred' }, 'over', 'bot: Good morning\nhuman: stop that'],
    ['partial', { sender: 'bot', text: 'late' }, 'over', 'bot: Good morning\nhuman: stop that'],
  ] as const) {
    w.take(event(type, payload))
    assert.equal(w.phase, phase, type)
    assert.equal(shown(w), want, type)
  }
  assert.equal(w.ended, 'transferred')
})

test('an agent that is done lets the other side speak, and a caller who has said nothing for long does not speak', () => {
  const w = new Words('listening')
  w.take(event('partial', { sender: 'bot', text: 'Hello.' }))
  w.take(event('event_message', { sender: 'bot', text: 'Hello.', turn_id: 't1', latency: { total_ms: 500 } }))
  assert.equal(w.phase, 'listening')
  assert.equal(w.last?.latency?.total_ms, 500)
  w.take(event('partial', { text: 'hm' })) // as a server of before has it: the caller's
  assert.equal(w.phase, 'caller')
  w.tick(Date.now() + 1000)
  assert.equal(w.phase, 'caller')
  w.tick(Date.now() + 5000)
  assert.equal(w.phase, 'listening')
})

test('what an agent does for its answer is told', () => {
  const w = new Words('listening')
  w.take(event('turn_ended'))
  w.take(event('action_start', { action_type: 'action_external', label: 'Orders' }))
  assert.equal(w.doing, 'Orders')
  w.take(event('event_action'))
  assert.equal(w.doing, '')
  w.take(event('event_error', { message: 'The model is away.' }))
  assert.equal(w.fault, 'The model is away.')
})

test('a caller is heard on the left, the agent on the right, and each a little in the other ear', () => {
  const samples = new DataView(new ArrayBuffer(8)), left = new Float32Array(2), right = new Float32Array(2)
  samples.setInt16(0, 16384, true)
  samples.setInt16(6, -16384, true)
  const { caller, agent } = mix(samples, left, right)
  assert.ok(left[0] === 0.5 && right[0]! > 0 && right[0]! < 0.25 && right[1] === -0.5 && left[1]! < 0)
  assert.ok(caller > 0.9 && agent > 0.9)
  assert.deepEqual(mix(new DataView(new ArrayBuffer(8)), left, right), { caller: 0, agent: 0 })
})
