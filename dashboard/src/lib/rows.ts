import { type Schema } from './schema'

/** What rows say, and what of them cannot be sent: of which row, at which of its fields, and why. */
export interface Written { value: Record<string, any> | undefined; wrong: [row: number, field: string, message: string][] }

/** A value as JSON, whatever the order of its keys: servers give them in their own. */
export const sorted = (value: unknown) => JSON.stringify(value, (_, v) => (v && typeof v === 'object' && !Array.isArray(v) ? Object.fromEntries(Object.entries(v).sort(([a], [b]) => (a < b ? -1 : 1))) : v))

/** A name and what it stands for, as it is typed. */
export interface Pair { name: string; value: string }

/** An object as rows. free: its values are texts, numbers, yes and no, or JSON; else texts alone. */
export const toPairs = (value: unknown, free: boolean): Pair[] =>
  Object.entries((value ?? {}) as Record<string, unknown>).map(([name, v]) => ({ name, value: typeof v !== 'string' ? JSON.stringify(v) : free && (v === '' || said(v) !== v) ? JSON.stringify(v) : v }))

/** Rows as an object; rows without a word are none. */
export function fromPairs(rows: Pair[], free: boolean): Written {
  const out: Written = { value: {}, wrong: [] }
  rows.forEach((r, i) => {
    const name = r.name.trim()
    if (!name && !r.value.trim()) return
    if (!unfit(out, i, name, r.value.trim() ? '' : 'Say what it is')) out.value![name] = free ? said(r.value) : r.value.trim()
  })
  if (!Object.keys(out.value!).length) out.value = undefined
  return out
}

// said is a value by what is typed: JSON, or else a text, as are numbers with more digits than a number keeps.
const said = (s: string): unknown => { const v = json(s); return v === undefined || (typeof v === 'number' && (!Number.isFinite(v) || Number.isInteger(v) && !Number.isSafeInteger(v))) ? s : v }
const json = (s: string): unknown => { try { return JSON.parse(s) } catch { return undefined } }

// unfit says what is wrong with a row: it has no name, one that another has, or lacks its value.
function unfit(out: Written, i: number, name: string, lacks = '') {
  if (!name) out.wrong.push([i, 'name', 'Say what it is called'])
  else if (Object.hasOwn(out.value!, name)) out.wrong.push([i, 'name', 'Another is called that'])
  else if (lacks) out.wrong.push([i, 'value', lacks])
  else return false
  return true
}

/** A value that a model fills in, as a row has it. */
export interface Input { name: string; type: string; description: string; choices: string; required: boolean }

/** The types that rows have. */
export const inputTypes: Record<string, string> = { string: 'Text', number: 'Number', integer: 'Whole number', boolean: 'Yes or no', array: 'Texts' }

const only = (o: object, ...names: string[]) => Object.keys(o).every((k) => names.includes(k))

/** A JSON Schema of an object as rows; null: it says more than rows can. */
export function toInputs(schema: unknown): Input[] | null {
  if (schema === undefined || schema === null) return []
  const s = schema as Schema
  if (typeof s !== 'object' || !only(s, 'type', 'properties', 'required') || (s.type ?? 'object') !== 'object') return null
  const needed = (s.required ?? []) as unknown
  const fields = Object.entries((s.properties ?? {}) as Record<string, any>)
  if (!Array.isArray(needed) || !needed.every((n) => fields.some(([f]) => f === n)) || !fields.every(([name, p]) => name.trim() === name && name && simple(p))) return null
  return fields.map(([name, p]) => ({ name, type: p.type, description: p.description ?? '', choices: (p.enum ?? []).join(', '), required: needed.includes(name) }))
}

// simple says whether a row can have all that is said of a value.
function simple(p: any): boolean {
  if (!p || typeof p !== 'object' || !(p.type in inputTypes) || !['string', 'undefined'].includes(typeof p.description)) return false
  if (p.type === 'array') return only(p, 'type', 'description', 'items') && !!p.items && only(p.items, 'type') && p.items.type === 'string'
  if (!only(p, 'type', 'description', 'enum')) return false
  return p.enum === undefined || (p.type === 'string' && Array.isArray(p.enum) && p.enum.length > 0 && p.enum.every((c: unknown) => typeof c === 'string' && c === c.trim() && c !== '' && !c.includes(',')))
}

/** Rows as a JSON Schema; rows without a word are none. */
export function fromInputs(rows: Input[]): Written {
  const out: Written = { value: {}, wrong: [] }
  const required: string[] = []
  rows.forEach((r, i) => {
    const name = r.name.trim()
    if (!name && !r.description.trim() && !r.choices.trim()) return
    if (unfit(out, i, name)) return
    const choices = r.type === 'string' ? r.choices.split(',').map((c) => c.trim()).filter(Boolean) : []
    out.value![name] = { type: r.type, ...(r.type === 'array' ? { items: { type: 'string' } } : {}), ...(r.description.trim() ? { description: r.description } : {}), ...(choices.length ? { enum: choices } : {}) }
    if (r.required) required.push(name)
  })
  out.value = Object.keys(out.value!).length ? { type: 'object', properties: out.value, ...(required.length ? { required } : {}) } : undefined
  return out
}
