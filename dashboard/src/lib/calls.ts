import choices from '../choices.gen.json'
import { span, within, type Faults } from './moment'
import { over } from './overview'

/** What calls can be sorted and filtered by, as the contract has it. */
export const fields: string[] = choices.callFields

/** A field of the API of which the address says from where and to where. */
interface Range { field: string; from: string; to: string; label: string; unit?: string }
export const times = [
  { field: 'created_at', from: 'from', to: 'to', label: '' }, { field: 'start_time', from: 'answered_from', to: 'answered_to', label: 'Answered' }, { field: 'end_time', from: 'ended_from', to: 'ended_to', label: 'Ended' },
] as const satisfies readonly Range[]
export const amounts = [
  { field: 'heard_latency_p50', from: 'median', to: 'median_to', label: 'Median latency', unit: ', ms' }, { field: 'heard_latency_p95', from: 'slow', to: 'slow_to', label: '95 % latency', unit: ', ms' },
  { field: 'interruptions', from: 'interrupted', to: 'interrupted_to', label: 'Interruptions' }, { field: 'cost', from: 'cost_from', to: 'cost_to', label: 'Cost' },
] as const satisfies readonly Range[]

/** A field of which the address says one value, and the word that says it. */
const plainly = {
  agent: 'agent', stage: 'stage', telephony_provider: 'telephony_provider', telephony_id: 'telephony_id', hearing_vendor: 'hearing', thinking_vendor: 'thinking', speaking_vendor: 'speaking',
} as const
const partly = { from_number: 'from_number', to_number: 'to_number' } as const

/** The words of the address that narrow the list. */
export const words: string[] = [
  'ended', 'status', 'answered', 'direction', 'cost', 'id', ...Object.values(plainly), ...Object.values(partly), ...[...times, ...amounts].flatMap((r) => [r.from, r.to]),
]

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i

/** What the API is asked for by the words of an address, and what is wrong with them. */
export function asked(query: URLSearchParams) {
  const given = (name: string) => query.get(name) ?? ''
  const filters: Record<string, unknown> = {}
  const faults: Faults = {}
  for (const [field, name] of Object.entries(plainly)) if (given(name)) filters[field] = given(name)
  for (const [field, name] of Object.entries(partly)) if (given(name)) filters[field] = { contains: given(name) }
  if (given('id')) filters.id = uuid.test(given('id')) ? given('id').toLowerCase() : { contains: given('id').toLowerCase() }
  const ended = given('ended')
  if (ended) filters.ended_reason = ended === 'none' ? null : ended.includes(',') ? { in: ended.split(',') } : ended
  if (given('status')) filters.status = given('status') === 'over' ? { in: over } : given('status')
  if (given('direction')) filters.is_outgoing = given('direction') === 'out'
  for (const r of amounts) {
    const limits: Record<string, number> = {}
    for (const [op, name] of [['gte', r.from], ['lte', r.to]] as const) {
      if (!given(name)) continue
      const n = Number(given(name))
      const whole = r.field === 'interruptions'
      if (!Number.isFinite(n) || n < 0 || n > 1e9 || (whole && !Number.isInteger(n))) faults[name] = `“${given(name).slice(0, 40)}” will not do. Write a ${whole ? 'whole ' : ''}number from 0 on`
      else limits[op] = n
    }
    if (limits.gte! > limits.lte!) faults[r.to] = 'This is less than the beginning'
    if (Object.keys(limits).length) filters[r.field] = limits
  }
  if (given('cost') === 'no') filters.cost = null
  else if (given('cost')) filters.cost = { ...(filters.cost as object), ne: null }
  for (const r of times) {
    const s = span([r.from, r.to], given)
    Object.assign(faults, s.faults)
    if (within(s)) filters[r.field] = within(s)
  }
  if (given('answered') === 'no') filters.start_time = null
  else if (given('answered')) filters.start_time = { ...(filters.start_time as object), ne: null }
  const sort = given('sort')
  if (sort && !fields.includes(sort)) faults.sort = `“${sort.slice(0, 40)}” is nothing to sort by`
  return { filters, faults, ...(sort && { sort_column: sort, sort_desc: given('order') !== 'up' }) }
}

/** The fields of the API that asked can narrow by. */
export const narrowed: string[] = ['id', 'ended_reason', 'status', 'is_outgoing', ...Object.keys(plainly), ...Object.keys(partly), ...[...times, ...amounts].map((r) => r.field)]
