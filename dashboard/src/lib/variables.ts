/** A piece of a prompt: text, a variable, a block that is taken in, or what looks like one and is none. */
export interface Piece { text: string; kind: 'text' | 'variable' | 'block' | 'broken'; name?: string; fallback?: string }

/** The variables that every call has. */
export const always = ['call_id', 'from_number', 'to_number', 'direction', 'now']

const marks = /\$\{([^{}\n]*)\}|\{\{>\s*([^{}\n]*?)\s*\}\}|\{\{([^{}\n]*)\}\}|\$\{|\{\{/g

// isName is what may be one: letters, digits, _ - and ., a letter or _ first.
const isName = /^[A-Za-z_\u{80}-\u{10ffff}][\w.\-\u{80}-\u{10ffff}]*$/u

/** Takes a prompt apart. Put together again the pieces are the prompt. */
export function pieces(prompt: string): Piece[] {
  const all: Piece[] = []
  let at = 0
  for (const m of prompt.matchAll(marks)) {
    if (m.index > at) all.push({ text: prompt.slice(at, m.index), kind: 'text' })
    at = m.index + m[0].length
    const inside = m[1] ?? m[3]
    if (m[2] !== undefined) all.push(m[2] ? { text: m[0], kind: 'block', name: m[2] } : { text: m[0], kind: 'broken' })
    else if (inside === undefined) all.push({ text: m[0], kind: 'broken' })
    else {
      const bar = inside.indexOf('|')
      const name = (bar < 0 ? inside : inside.slice(0, bar)).trim()
      if (!isName.test(name)) all.push({ text: m[0], kind: 'broken' })
      else all.push({ text: m[0], kind: 'variable', name, ...(bar < 0 ? {} : { fallback: inside.slice(bar + 1) }) })
    }
  }
  if (at < prompt.length) all.push({ text: prompt.slice(at), kind: 'text' })
  return all
}
