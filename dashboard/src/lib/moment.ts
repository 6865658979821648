/** What a field of time takes, in words. */
export const takesDay = 'Write a day such as 2026-11-28'
export const takesMoment = 'Write a day such as 2026-11-28, or a time such as 2026-11-28T09:30'

const form = /^(\d{4})-(\d\d)-(\d\d)(T\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)?)?$/

/** A moment of the address: ISO 8601, a minute or a day where this browser is; a day is until its end where it is the last. Null: it is none. */
export function moment(text: string, last = false): Date | null {
  const m = form.exec(text)
  if (!m) return null
  const day = new Date(Date.UTC(Number(m[1]), Number(m[2]) - 1, Number(m[3])))
  if (day.getUTCDate() !== Number(m[3]) || day.getUTCMonth() !== Number(m[2]) - 1) return null // there is no 31 February
  const at = new Date(m[4] ? text : text + 'T00:00')
  if (!m[4] && last) at.setDate(at.getDate() + 1)
  return isNaN(at.getTime()) ? null : at
}

/** What of an address is wrong, by the names of its words. */
export type Faults = Record<string, string>

/** The time that two words of an address say, and what is wrong with them. days: no times of day are taken. */
export function span(names: readonly [string, string], read: (name: string) => string, days = false): { from: Date | null; to: Date | null; faults: Faults } {
  const faults: Faults = {}
  const [from, to] = names.map((name, i) => {
    const text = read(name)
    const at = days && text.includes('T') ? null : moment(text, i === 1)
    if (text && !at) faults[name] = `“${text.slice(0, 40)}” is no ${days ? 'day' : 'time'}. ${days ? takesDay : takesMoment}`
    return at
  }) as [Date | null, Date | null]
  if (from && to && from >= to) faults[names[1]] = 'This lies before the beginning'
  return { from, to, faults }
}

/** What a filter of the API wants of it; '' is none. */
export const within = (s: { from: Date | null; to: Date | null }) => (s.from || s.to ? { ...(s.from && { gte: s.from.toISOString() }), ...(s.to && { lt: s.to.toISOString() }) } : '')

/** What the list says while a word of the address says nothing. */
export const unasked = 'Nothing is looked for until what is marked above is put right.'
