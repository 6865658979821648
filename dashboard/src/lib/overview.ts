import type { Schemas } from './api'

export type Overview = Schemas['OverviewDto']
export type Step = Schemas['OverviewStep']

/** The spans of time that the overview offers: how long, and how long a step of it is. */
export const periods = [
  { name: '24h', label: '24 hours', hours: 24, by: 'hour' },
  { name: '7d', label: '7 days', hours: 7 * 24, by: 'hour' },
  { name: '30d', label: '30 days', hours: 30 * 24, by: 'day' },
  { name: '90d', label: '90 days', hours: 90 * 24, by: 'day' },
  { name: '12m', label: '12 months', hours: 365 * 24, by: 'week' },
] as const

export const periodOf = (name: string | null) => periods.find((p) => p.name === name) ?? periods[0]

/** The statuses of calls that are over. */
export const over = ['ended', 'error']

/** The list of the calls behind a number: of those that are over. */
export function callsBehind(span: { from: string; to: string }, more: Record<string, string | undefined> = {}) {
  const query = new URLSearchParams({ status: 'over', from: span.from.replace('.000Z', 'Z'), to: span.to.replace('.000Z', 'Z') })
  for (const [k, v] of Object.entries(more)) if (v) query.set(k, v)
  return '/calls?' + query
}

/** A share in percent; a dash of nothing. */
export const percent = (n: number, of: number) => (of ? `${Math.round((1000 * n) / of) / 10} %` : '–')

const whole = new Intl.NumberFormat()
export const count = (n: number) => whole.format(n)

/** A cost, in the price file's unit: as many digits as say something. */
export const money = (n: number | null) => (n === null ? '–' : new Intl.NumberFormat(undefined, { minimumFractionDigits: 2, maximumFractionDigits: n < 1 ? 4 : 2 }).format(n))

/** Hours and minutes, or seconds. */
export const spoken = (seconds: number) => (seconds < 60 ? `${Math.round(seconds)} s` : seconds < 3600 ? `${Math.round(seconds / 60)} min` : `${Math.floor(seconds / 3600)} h ${Math.round((seconds % 3600) / 60)} min`)

/** What a step is called, by how long it is. */
export function stepName(step: { from: string }, by: string) {
  const options: Intl.DateTimeFormatOptions = by === 'hour' ? { weekday: 'short', hour: '2-digit', minute: '2-digit' } : by === 'month' ? { month: 'long', year: 'numeric' } : { weekday: 'short', day: 'numeric', month: 'short' }
  return (by === 'week' ? 'Week of ' : '') + new Intl.DateTimeFormat(undefined, options).format(new Date(step.from))
}
