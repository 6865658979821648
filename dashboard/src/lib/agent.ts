import { same } from './record'

type Doc = Record<string, any>

/** What a secret looks like that is not told. */
export const masked = (v: unknown) => typeof v === 'string' && v.startsWith('…')

/** An agent as a form holds it: what only answers say is not in it, null is nothing, an account is an id. */
export function toForm(agent: Doc): Doc {
  const doc: Doc = {}
  for (const [k, v] of Object.entries(structuredClone(agent))) if (v !== null && k !== 'id' && k !== 'user_id') doc[k] = without(v)
  if (typeof doc.openai_account_connection === 'object') doc.openai_account_connection = doc.openai_account_connection.id
  for (const name of ['prompt', 'voice']) doc[name] ??= {}
  doc.actions ??= []
  return doc
}

/** A value without what is null in it: null is nothing. */
export function without(v: any): any {
  if (Array.isArray(v)) return v.map(without)
  if (v === null || typeof v !== 'object') return v
  return Object.fromEntries(Object.entries(v).filter(([, x]) => x !== null).map(([k, x]) => [k, without(x)]))
}

/** What an update sends: fields that differ from what they were; those that are gone are null. Of parts that were and are there, so is what is gone of them. */
export function changes(before: Doc, now: Doc): Doc {
  const out: Doc = {}
  for (const k of new Set([...Object.keys(before), ...Object.keys(now)])) {
    if (same(before[k], now[k])) continue
    out[k] = now[k] === undefined ? null : cleared(before[k], now[k])
  }
  return out
}

// cleared is a part, or a list of parts, with null for its fields that are gone, if it is one that is stored.
function cleared(was: any, is: any): any {
  if (Array.isArray(is) && Array.isArray(was)) return is.map((x) => cleared(was.find((w) => w?.id && w.id === x?.id), x))
  if (!is || typeof is !== 'object' || !was || typeof was !== 'object' || !was.id || was.id !== is.id) return is
  const out: Doc = { ...is }
  for (const k of Object.keys(was)) if (!(k in is) && was.type === is.type) out[k] = null
  return out
}

/** A part as one of the agent's own: without the id of the stored one, and without keys, for those are told to nobody. */
export const ownPart = (part: Doc): Doc => Object.fromEntries(Object.entries(part).filter(([k, x]) => !['id', 'user_id'].includes(k) && !masked(x)))

/** A copy of an agent: parts of its own, and no keys, for those are told to nobody. lost says whether there were any. */
export function copyOf(doc: Doc): { doc: Doc; lost: boolean } {
  let lost = false
  const own = (v: any): any => {
    if (Array.isArray(v)) return v.map(own)
    if (v === null || typeof v !== 'object') return v
    return Object.fromEntries(Object.entries(v).filter(([k, x]) => { if (masked(x)) lost ||= k !== 'signing_secret' && k !== 'signature_secret' && k !== 'previous_signing_secret'; return !['id', 'user_id'].includes(k) && !masked(x) }).map(([k, x]) => [k, own(x)]))
  }
  const made = own(doc) as Doc
  made.name = (doc.name || 'Agent') + ' (copy)'
  return { doc: made, lost }
}
