const moment = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'short' })

/** A time of the API: ISO 8601, or seconds where an environment wants those. */
export function date(at: string | number | null | undefined): Date | null {
  if (at === null || at === undefined || at === '') return null
  return new Date(typeof at === 'number' || /^\d+$/.test(at) ? Number(at) * 1000 : at)
}

export const when = (at: string | number | null | undefined) => { const d = date(at); return d ? moment.format(d) : '–' }

/** m:ss, of milliseconds. */
export function clock(ms: number) {
  const s = Math.max(0, Math.floor(ms / 1000))
  const rest = String(s % 60).padStart(2, '0')
  return s < 3600 ? `${Math.floor(s / 60)}:${rest}` : `${Math.floor(s / 3600)}:${String(Math.floor(s / 60) % 60).padStart(2, '0')}:${rest}`
}

/** How long a call was, or has been. */
export function long(call: { start_time: string | number | null; end_time: string | number | null }, now = Date.now()) {
  const from = date(call.start_time)
  return from ? clock((date(call.end_time)?.getTime() ?? now) - from.getTime()) : '–'
}

/** A name of the contract as a person reads it. */
export function plain(name: string | null | undefined) {
  if (!name) return ''
  const s = name.replaceAll('_', ' ').trim()
  return s.charAt(0).toUpperCase() + s.slice(1)
}

export const ms = (n: number) => (n >= 10_000 ? `${(n / 1000).toFixed(1)} s` : `${Math.round(n)} ms`)

const longest = 120 // characters of a name

/** What an agent is called. */
export function nameOf(agent: { name?: string | null; label?: string | null; id?: string } | null | undefined) {
  const name = agent?.name?.trim() || agent?.label?.trim() || 'Agent without a name'
  return name.length > longest ? name.slice(0, longest - 1) + '…' : name
}

/** The other end of a call. */
export const farEnd = (c: { is_outgoing: boolean; to_number: string; from_number: string }) => (c.is_outgoing ? c.to_number : c.from_number === 'web' ? 'a browser' : c.from_number)

const most = 600 // characters of a message: some have in them what was typed

/** A message without the name of the field that it stands at. */
export function sentence(field: string, message: string) {
  for (const name of [field, field.split('.').at(-1)!]) if (message.startsWith(name + ' ') || message.startsWith(name + ':')) message = message.slice(name.length + 1).trim()
  if (message === 'must not be null') message = 'must not be empty'
  if (message.length > most) message = message.slice(0, most - 200) + ' … ' + message.slice(-200)
  return message.charAt(0).toUpperCase() + message.slice(1)
}
