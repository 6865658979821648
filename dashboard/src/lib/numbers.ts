import type { Schemas } from './api'
import { changes } from './agent'
import { resolve, type Schema } from './schema'
import { toRecord } from './record'

type Doc = Record<string, any>

/** What config of a number is. */
export const configOf = (schema: Schema): Schema => resolve(resolve(schema.properties!.config!).allOf?.[0] ?? schema.properties!.config!)

/** A number as a form holds it: its agent is an id, and its config is there. */
export function toLine(n: Schemas['NumberDto'], schema: Schema): Doc {
  const doc = toRecord(n, schema)
  if (n.inbound_agent) doc.inbound_agent = n.inbound_agent.id
  doc.config = Object.fromEntries(Object.entries(doc.config ?? {}).filter(([, v]) => v !== null))
  if (doc.tags && !doc.tags.length) delete doc.tags
  for (const k of ['outbound_only', 'sms_enabled', 'is_routing_number']) if (doc[k] === false) delete doc[k]
  return doc
}

/** What of a form a request to make a number holds: nothing that is empty. */
export const fresh = (doc: Doc): Doc => Object.fromEntries(Object.entries(doc).filter(([, v]) => v !== undefined && v !== '' && JSON.stringify(v) !== '{}' && JSON.stringify(v) !== '[]'))

/** What an update of a number sends: what differs; null is what is gone, of config, too. */
export function altered(before: Doc, now: Doc): Doc {
  const out = changes(before, now)
  if ('config' in out) out.config = { ...Object.fromEntries(Object.keys(before.config ?? {}).map((f) => [f, null])), ...now.config }
  if ('active' in out) out.active ??= true
  if ('tags' in out) out.tags ??= []
  return out
}

/** How a number is: what is said of it in a word, and whether calls go by it. */
export function stateOf(n: { active: boolean; carrier_status?: string | null; outbound_only?: boolean | null; inbound_agent?: unknown; is_routing_number?: boolean | null }): { text: string; good: boolean; bad: boolean } {
  if (n.carrier_status === 'failed') return { text: 'Did not come', good: false, bad: true }
  if (n.carrier_status === 'pending') return { text: n.active ? 'Being pointed here' : 'Ordered', good: false, bad: false }
  if (!n.active) return { text: 'Switched off', good: false, bad: false }
  if (n.is_routing_number) return { text: 'Routes calls', good: true, bad: false }
  if (n.outbound_only) return { text: 'Calls out alone', good: true, bad: false }
  return n.inbound_agent ? { text: 'Answered', good: true, bad: false } : { text: 'Nobody answers', good: false, bad: true }
}
