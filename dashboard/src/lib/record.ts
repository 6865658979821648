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

/** Leads to the first field that is at fault, and returns what of the faults no field shows. */
export function point(errors: Record<string, string>): string {
  const at = (path: string) => document.getElementById('f-' + path.replaceAll('.', '-'))
  const lone: string[] = []
  let first: HTMLElement | undefined
  for (const [path, message] of Object.entries(errors)) {
    if (!at(path)) lone.push(`${path}: ${message}`)
    let field: HTMLElement | null = null
    for (let p = path; p && !field; p = p.includes('.') ? p.slice(0, p.lastIndexOf('.')) : '') field = at(p)
    const folded = field?.closest<HTMLDetailsElement>('details:not([open])')
    if (folded) folded.open = true
    if (field && (!first || field.compareDocumentPosition(first) & Node.DOCUMENT_POSITION_FOLLOWING)) first = field
  }
  first?.scrollIntoView({ block: 'center' })
  first?.focus({ preventScroll: true })
  return lone.join(' ')
}
