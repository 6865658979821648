import type { Schemas } from './api'
import { always, pieces } from './variables'

/** A variable that an agent's words have: its value comes with the call, else it is the fallback, else nothing is said. */
export interface Variable { name: string; fallback?: string; required: boolean }

// Words that are not of the call: what is done after it has variables of its own.
const elsewhere = /^(id|user_id|label|name|description|type|tags|post_call_.*|webhook|openai_account_connection|collect_fields|input_schema)$/

/** The texts of an agent in which variables are filled in when a call begins. */
export function texts(v: unknown, key = ''): string[] {
  if (elsewhere.test(key)) return []
  if (typeof v === 'string') return [v]
  if (Array.isArray(v)) return v.flatMap((x) => texts(x))
  if (v && typeof v === 'object') return Object.entries(v).flatMap(([k, x]) => texts(x, k))
  return []
}

/** The variables of texts, in the order in which they stand, and the labels of the blocks that are taken in. */
export function variablesOf(all: string[], required: string[] = []): { variables: Variable[]; blocks: string[] } {
  const found = new Map<string, Variable>()
  const blocks = new Set<string>()
  for (const name of required) if (!always.includes(name)) found.set(name, { name, required: true })
  for (const p of all.flatMap(pieces)) {
    if (p.kind === 'block') blocks.add(p.name!)
    if (p.kind !== 'variable' || always.includes(p.name!)) continue
    const known = found.get(p.name!)
    if (!known) found.set(p.name!, { name: p.name!, required: false, ...(p.fallback === undefined ? {} : { fallback: p.fallback }) })
    else if (p.fallback !== undefined) known.fallback ??= p.fallback
  }
  return { variables: [...found.values()], blocks: [...blocks] }
}

const deep = 5 // blocks in blocks in …

/** The variables of an agent, with those of the blocks that its prompt takes in; block is asked for the text of each. */
export async function variablesOfAgent(agent: Schemas['AgentDto'], block: (label: string) => Promise<string>): Promise<Variable[]> {
  const words = texts(agent)
  const template = agent.prompt?.prompt_template as { required_context_keys?: string[] } | null | undefined
  const required = template?.required_context_keys ?? []
  const seen = new Set<string>()
  for (let i = 0; i < deep; i++) {
    const open = variablesOf(words).blocks.filter((b) => !seen.has(b))
    if (!open.length) break
    for (const b of open) {
      seen.add(b)
      words.push(await block(b))
    }
  }
  return variablesOf(words, required).variables
}
