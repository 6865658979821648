import type { Schemas, Turn } from './api'
import { named } from './schema'
import { plain } from './format'

export type Decision = Schemas['DecisionDto']
export type Change = Schemas['DecisionChangeDto']

const titles: Record<Decision['decision'], string> = {
  turn_end: 'The caller had finished', backchannel: 'The caller only showed that they listen', interruption: 'The caller’s words stopped the agent', pause: 'The agent fell silent for a sound',
  resume: 'It was nothing, and the agent went on', answered: 'Who answered', message: 'The message was to begin', menu: 'The way through a menu',
}
export const title = (d: Decision) => (d.class && (d.decision === 'answered' || d.decision === 'menu') ? `${titles[d.decision]}: ${plain(d.class).toLowerCase()}` : titles[d.decision])

const s = (ms: number | undefined) => `${((ms ?? 0) / 1000).toFixed(2)} s`
const dB = (n: number) => `${n.toFixed(1)} dB`

/** Why it was decided, in a sentence or two. */
export function because(d: Decision): string {
  const i = d.inputs
  const evidence = (d.evidence ?? []).join('; ')
  switch (d.decision) {
    case 'answered': return [d.confidence === undefined ? '' : `Sure to ${d.confidence.toFixed(2)} of 1.`, evidence && evidence + '.'].filter(Boolean).join(' ')
    case 'menu': return [d.text && `“${d.text}”.`, d.why && `Chosen by the ${d.why === 'words' ? 'words that were read out' : d.why}.`, evidence && evidence + '.'].filter(Boolean).join(' ')
    case 'message': return 'The machine had said all, and its tone was over.'
  }
  if (!i) return ''
  switch (d.decision) {
    case 'turn_end': case 'backchannel': {
      const how = `the words sound finished to ${i.finished.toFixed(2)} of 1`
      const first = {
        vendor: `The transcriber itself took the utterance as over, after ${s(i.silence_ms)} of silence; ${how}.`,
        finished: `Silence of ${s(i.silence_ms)} after words that sound finished (${i.finished.toFixed(2)} of 1); ${s(i.wait_ms)} were waited for.`,
        silence: `Silence of ${s(i.silence_ms)}; ${how}, so ${s(i.wait_ms)} were waited for.`,
        unfinished: `Silence of ${s(i.silence_ms)}, though the transcriber had not closed what it had begun; ${how}.`,
      }[d.why as string] ?? `Silence of ${s(i.silence_ms)}; ${how}.`
      const more = [
        i.asked && `The agent had asked for ${/^[aeiou]/.test(i.asked) ? 'an' : 'a'} ${plain(i.asked).toLowerCase()}.`,
        i.pauses_ms && `This caller is known to pause for ${s(i.pauses_ms)} within a sentence.`,
        i.melody && `The voice was ${i.melody} at the end.`,
        i.listening && 'They were nothing but signs of listening.',
        i.aside && 'They were too quiet to be the caller’s.',
      ].filter(Boolean)
      return [first, ...more].join(' ')
    }
    case 'interruption': return `${d.text ? `“${d.text}”, at` : 'At'} ${dB(i.loudness_db)}; this caller is over ${dB(i.caller_least_db)}.${i.doubt_ms ? ` For ${s(i.doubt_ms)} it might have been a sign of listening.` : ''}`
    case 'pause': return `A clear voice in ${i.voiced_frames.toFixed(1)} frames of 20 ms, at ${dB(i.loudness_db)}; here a voice is over ${dB(i.place_db)}.`
    case 'resume': return `No words came for ${s(i.silence_ms)}.`
  }
  return ''
}

const fields = (name: 'inputs' | 'dials') => (name === 'inputs' ? named('DecisionInputsDto') : named('DecisionDto').properties!.dials!).properties!

/** What it was made from: names, values, and what the contract says of them. */
export function inputs(d: Decision): { name: string; value: string; about: string }[] {
  const all = d.inputs as Record<string, unknown> | undefined
  return Object.entries(fields('inputs')).flatMap(([name, schema]) => (all?.[name] === undefined ? [] : [{ name, value: String(all[name]), about: schema.description ?? '' }]))
}

/** The dials that a call can be played once more with. */
export const dials = () => Object.keys(fields('dials')).map((name) => ({ name, ...named('CreateAgentDto').properties![name]! }))

/** Which decisions belong to which turn, by its id: what ended a caller's, and what the caller did to an agent's. Those of no turn are under ''. */
export function ofTurns(decisions: Decision[], turns: Turn[]): Record<string, Decision[]> {
  const out: Record<string, Decision[]> = {}
  const put = (id: string, d: Decision) => { (out[id] ??= []).push(d) }
  const callers = new Map(turns.filter((t) => t.who === 'human').map((t) => [t.start_ms, t]))
  const agents = turns.filter((t) => t.who === 'bot').sort((a, b) => a.start_ms - b.start_ms)
  for (const d of decisions) {
    let turn: Turn | undefined
    if (d.decision === 'turn_end' || d.decision === 'backchannel') turn = callers.get(d.start_ms ?? -1)
    else if (d.decision === 'interruption' || d.decision === 'pause' || d.decision === 'resume') {
      const a = agents.findLast((t) => t.start_ms <= d.at_ms)
      if (a && d.at_ms <= a.end_ms + 1500) turn = a
    }
    put(turn?.id ?? '', d)
  }
  return out
}

/** What another dial would have changed, in words. */
export function changed(c: Change): string {
  if (!c.was) return 'Would be decided'
  if (!c.would) return 'Would not be decided'
  const by = c.would.at_ms - c.was.at_ms
  return by ? `${s(Math.abs(by))} ${by < 0 ? 'sooner' : 'later'}` : 'For another reason'
}
