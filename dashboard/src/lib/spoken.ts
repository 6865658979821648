import type { Turn } from './api'

/** A word of a turn: its letters in the text, and when it was heard, in ms since the answer. */
export interface Place { from: number; to: number; start: number; end: number }

const known = new WeakMap<Turn, Place[]>()

/** Turns whose words nobody timed. */
const estimates = new WeakSet<Turn>()

/** Whether the places of a turn's words are an estimate. */
export const estimated = (t: Turn) => { places(t); return estimates.has(t) }

/** The words of a turn, as they were heard. Of one that nobody timed the letters take much the same time each. */
export function places(t: Turn): Place[] {
  let all = known.get(t)
  if (!all) known.set(t, (all = (t.words?.length && timed(t)) || guessed(t)))
  return all
}

function timed(t: Turn): Place[] | null {
  let at = 0
  const all: Place[] = []
  for (const w of t.words!) {
    const from = t.text.indexOf(w.text, at)
    if (from < 0) return null
    at = from + w.text.length
    all.push({ from, to: at, start: w.start_ms, end: Math.max(w.start_ms, w.end_ms) })
  }
  return all
}

function guessed(t: Turn): Place[] {
  estimates.add(t)
  const when = (letter: number) => t.start_ms + ((t.end_ms - t.start_ms) * letter) / Math.max(1, t.text.length)
  return [...t.text.matchAll(/\S+/g)].map((m) => ({ from: m.index, to: m.index + m[0].length, start: when(m.index), end: when(m.index + m[0].length) }))
}

/** The word that a letter belongs to, or the next one. */
export const wordOf = (t: Turn, letter: number) => places(t).find((p) => letter <= p.to) ?? places(t).at(-1)

/** The word that sounds, or has sounded last, at a time. */
export const wordAt = (t: Turn, ms: number) => places(t).findLast((p) => p.start <= ms)

/** Where words begin, of all turns, in the order of time. */
export const beginnings = (turns: Turn[]) => turns.flatMap((t) => places(t).map((p) => p.start)).sort((a, b) => a - b)
