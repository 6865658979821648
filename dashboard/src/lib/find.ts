import { api, unwrap } from './api'
import { accountName } from './connections'
import { nameOf } from './format'
import { labelOf } from './schema'

/** What can be chosen: its id, what it is called, and all that is told of it. */
export interface Choice { id: string; name: string; item: Record<string, any> }
export interface Found { choices: Choice[]; more: boolean }

const line = (s: unknown) => String(s ?? '').replace(/\s+/g, ' ').trim().slice(0, 60)
const kind = (x: Record<string, any>) => labelOf(String(x.type ?? '').replace(/^(voice|action)_/, ''))

// A part of an agent: by its label and by what it is.
function partName(x: Record<string, any>) {
  const what = line(x.url) || line(x.content) || kind(x)
  const name = line(x.label) || what || 'Without words'
  return `${name} – ${(x.label && what) || String(x.id).slice(0, 8)}`
}

/** What is chosen from: where it is listed, by which fields its names are found, and what one is called. */
const kinds = {
  agents: { path: '/v1/agents/list', fields: ['name', 'label'], name: nameOf },
  accounts: { path: '/v1/account_connections/list', fields: ['label', 'type'], name: (x: any) => accountName(x) },
  numbers: { path: '/v1/numbers/list', fields: ['number', 'label'], name: (x: any) => (x.label ? `${x.number} – ${line(x.label)}` : x.number) },
  documents: { path: '/v1/documents/list', fields: ['name', 'tags'], name: (x: any) => x.name },
  environments: { path: '/v1/environments/list', fields: ['name'], name: (x: any) => x.name },
  webhooks: { path: '/v1/webhooks/list', fields: ['label', 'description', 'url'], name: partName },
  prompts: { path: '/v1/prompts/list', fields: ['label', 'description', 'content'], name: partName },
  voices: { path: '/v1/voices/list', fields: ['label', 'type'], name: partName },
  actions: { path: '/v1/actions/list', fields: ['label', 'type'], name: partName },
} as const

export type Kind = keyof typeof kinds

const most = 100 // items a page

async function page(of: Kind, filters: object): Promise<Found> {
  const list = (await unwrap(api.GET(kinds[of].path as '/v1/agents/list', { params: { query: { size: most, filters: JSON.stringify(filters) } } }))) as { items: any[]; has_more: boolean }
  return { choices: list.items.map((item) => ({ id: item.id, name: kinds[of].name(item), item })), more: list.has_more }
}

let firsts = new Map<string, Promise<Found>>()

/** The first of all; asked for once by all fields of a page. */
export function first(of: Kind, where: object = {}): Promise<Found> {
  const name = of + JSON.stringify(where)
  let got = firsts.get(name)
  if (!got) {
    firsts.set(name, (got = page(of, where)))
    setTimeout(() => firsts.delete(name), 2000)
  }
  return got
}

/** Those whose name has a text in it. */
export async function find(of: Kind, text: string, where: object = {}): Promise<Found> {
  if (!text) return first(of, where)
  const pages = await Promise.all(kinds[of].fields.map((f) => page(of, { ...where, [f]: { ...(where as any)[f], contains: f === 'type' ? text.replaceAll(' ', '_') : text } })))
  const all = new Map(pages.flatMap((p) => p.choices).map((c) => [c.id, c]))
  return { choices: [...all.values()], more: pages.some((p) => p.more) }
}

/** Those with these ids, a hundred at most; what is gone is not among them. */
export const byID = async (of: Kind, ids: string[]) => (await page(of, { id: { in: ids } })).choices
