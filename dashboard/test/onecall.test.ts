import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Turn } from '../src/lib/api'
import { because, changed, dials, inputs, ofTurns, title, type Decision } from '../src/lib/decisions'
import { beginnings, estimated, places, wordAt, wordOf } from '../src/lib/spoken'

const turn = (id: string, who: 'human' | 'bot', text: string, start_ms: number, end_ms: number, words?: [string, number, number][]): Turn =>
  ({ id, who, text, start_ms, end_ms, interrupted: false, ...(words && { words: words.map(([text, start_ms, end_ms]) => ({ text, start_ms, end_ms })) }) })
const made = { silence_ms: 520, wait_ms: 500, finished: 0.93, pace: 1, voiced_frames: 1.6, loudness_db: -20.25, caller_least_db: -31, place_db: -50 }

test('a word is where it was heard, and where letters guess it when nobody timed it', () => {
  const t = turn('t1', 'bot', 'the cat, the  dog', 1000, 3000, [['the', 1000, 1100], ['cat,', 1500, 1700], ['the', 2400, 2500], ['dog', 2500, 2900]])
  assert.deepEqual(places(t).map((p) => [t.text.slice(p.from, p.to), p.start]), [['the', 1000], ['cat,', 1500], ['the', 2400], ['dog', 2500]])
  assert.equal(wordOf(t, 10)?.start, 2400)
  assert.equal(wordOf(t, 99)?.start, 2500)
  assert.equal(wordAt(t, 2000)?.start, 1500)
  assert.equal(wordAt(t, 10), undefined)
  const guessed = turn('t2', 'human', 'ab cd', 0, 1000)
  assert.deepEqual([t, guessed].map(estimated), [false, true])
  assert.deepEqual(places(guessed).map((p) => [p.start, p.end]), [[0, 400], [600, 1000]])
  assert.equal(places(turn('t3', 'bot', 'other words', 0, 1000, [['these', 1, 2]])).length, 2)
  assert.deepEqual(places(turn('t4', 'bot', '', 0, 0)), [])
  assert.deepEqual(beginnings([t, guessed]), [0, 600, 1000, 1500, 2400, 2500])
})

test('each decision belongs to its turn', () => {
  const turns = [turn('t1', 'bot', 'a', 0, 3000), turn('t2', 'human', 'b', 3500, 5000), turn('t3', 'bot', 'c', 6000, 7000)]
  const decisions = [{ decision: 'answered', at_ms: 900 }, { decision: 'pause', at_ms: 2000 }, { decision: 'turn_end', at_ms: 5600, start_ms: 3500 }, { decision: 'interruption', at_ms: 7100 }, { decision: 'pause', at_ms: 60_000 }] as Decision[]
  const of = ofTurns(decisions, turns)
  assert.deepEqual(Object.fromEntries(Object.entries(of).map(([id, l]) => [id, l.map((d) => d.at_ms)])), { '': [900, 60_000], t1: [2000], t2: [5600], t3: [7100] })
})

test('why is said in words, and what it was made from as the contract has it', () => {
  const end = { decision: 'turn_end', at_ms: 5600, why: 'finished', inputs: { ...made, asked: 'email', melody: 'falling', pauses_ms: 300 } } as Decision
  assert.equal(because(end), 'Silence of 0.52 s after words that sound finished (0.93 of 1); 0.50 s were waited for. The agent had asked for an email. This caller is known to pause for 0.30 s within a sentence. The voice was falling at the end.')
  for (const why of ['vendor', 'silence', 'unfinished', 'something new'] as string[]) assert.match(because({ ...end, why } as Decision), /0\.52 s.*0\.93 of 1/)
  assert.equal(because({ decision: 'interruption', at_ms: 1, text: 'stop', inputs: { ...made, doubt_ms: 400 } } as Decision), '“stop”, at -20.3 dB; this caller is over -31.0 dB. For 0.40 s it might have been a sign of listening.')
  assert.match(because({ decision: 'pause', at_ms: 1, inputs: made } as Decision), /1\.6 frames/)
  assert.match(because({ decision: 'resume', at_ms: 1, inputs: made } as Decision), /No words came for 0\.52 s/)
  assert.equal(because({ decision: 'answered', at_ms: 1, class: 'human', confidence: 0.9, evidence: ['short', 'a question'] } as Decision), 'Sure to 0.90 of 1. short; a question.')
  assert.equal(title({ decision: 'answered', at_ms: 1, class: 'call_screening' } as Decision), 'Who answered: call screening')
  assert.equal(because({ decision: 'turn_end', at_ms: 1 } as Decision), '')
  const told = inputs(end)
  assert.ok(told.every((i) => i.about), 'an input is not described')
  assert.deepEqual(told.find((i) => i.name === 'silence_ms'), { name: 'silence_ms', value: '520', about: 'Since the caller\'s last sound' })
})

test('the dials are those of the contract, and a change is said', () => {
  assert.ok(dials().length >= 7 && dials().every((d) => d.description), 'a dial is not described')
  const d = (at_ms: number) => ({ decision: 'turn_end', at_ms }) as Decision
  assert.equal(changed({ was: d(1000), would: d(1590) }), '0.59 s later')
  assert.equal(changed({ was: d(1000), would: d(900) }), '0.10 s sooner')
  assert.equal(changed({ was: null, would: d(1) }), 'Would be decided')
  assert.equal(changed({ was: d(1), would: null }), 'Would not be decided')
})
