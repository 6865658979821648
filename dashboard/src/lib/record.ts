import { untrack } from 'svelte'
import type { Schema } from './schema'

type Doc = Record<string, any>

/** A record as a form holds it: what may be written of it, as far as it is set. */
export function toRecord(record: object, schema: Schema): Doc {
  const doc: Doc = {}
  for (const [k, v] of Object.entries(record)) if (v !== null && schema.properties?.[k] && !schema.properties[k]['x-answered']) doc[k] = structuredClone(v)
  return doc
}

/** Whether two documents say the same, with their fields in the same order. */
export const same = (a: unknown, b: unknown) => JSON.stringify(a) === JSON.stringify(b)

/** Whether a key is that for saving. */
export const saves = (e: KeyboardEvent) => e.key.toLowerCase() === 's' && (e.ctrlKey || e.metaKey) && !e.altKey

/** Unfolds what holds something when it is drawn; from then on it is folded by whoever reads it alone. */
export const opens = (has: () => boolean) => (it: HTMLDetailsElement) => { it.open = untrack(has) }

/** What shows the field of a path, if it is there. */
export const fieldOf = (path: string) => document.getElementById('f-' + path.replaceAll('.', '-'))

/** What a path is a part of, from the nearest on. */
export const above = (path: string): string[] => { const up = path.slice(0, Math.max(0, path.lastIndexOf('.'))); return up ? [up, ...above(up)] : [] }

/** Leads to the first field that is at fault, and returns what of the faults no field shows. */
export function point(errors: Record<string, string>): string {
  const lone: string[] = []
  let first: HTMLElement | undefined
  for (const [path, message] of Object.entries(errors)) {
    if (!fieldOf(path)) lone.push(`${path}: ${message}`)
    const field = [path, ...above(path)].map(fieldOf).find((f) => f)
    const folded = field?.closest<HTMLDetailsElement>('details:not([open])')
    if (folded) folded.open = true
    if (field && (!first || field.compareDocumentPosition(first) & Node.DOCUMENT_POSITION_FOLLOWING)) first = field
  }
  first?.scrollIntoView({ block: 'center' })
  first?.focus({ preventScroll: true })
  return lone.join(' ')
}
