import contract from '../contract.gen.json'

/** What the contract says of a value. */
export interface Schema {
  $ref?: string
  type?: string
  description?: string
  enum?: (string | null)[]
  nullable?: boolean
  deprecated?: boolean
  minimum?: number
  maximum?: number
  exclusiveMinimum?: boolean
  minLength?: number
  maxLength?: number
  maxItems?: number
  properties?: Record<string, Schema>
  required?: string[]
  items?: Schema
  oneOf?: Schema[]
  anyOf?: Schema[]
  allOf?: Schema[]
  additionalProperties?: boolean | Schema
  example?: unknown
  format?: string
  'x-part'?: string
  'x-secret'?: boolean
  'x-answered'?: boolean
  'x-expected'?: string
}

const schemas = contract.schemas as unknown as Record<string, Schema>

export const vendors = contract.vendors as unknown as { provider: string[]; voice: Record<string, Schema>; transcriber: Record<string, Schema> }
const actionSchemas = contract.actions as Record<string, string>

/** A schema by its name. */
export function named(name: string): Schema {
  const s = schemas[name]
  if (!s) throw new Error(`the contract has no ${name}`)
  return s
}

/** A schema without references: what it refers to, with what is said beside the reference. */
export function resolve(s: Schema): Schema {
  if (s.$ref) return resolve(named(s.$ref.replace('#/components/schemas/', '')))
  if (s.allOf?.length === 1) { const { allOf, ...own } = s; return { ...resolve(allOf[0]!), ...own } }
  return s
}

/** The config of a type of action; undefined: it has none. */
export const actionConfig = (type: string) => (actionSchemas[type] ? named(actionSchemas[type]!) : undefined)

/** The input that fits a value. */
export type Kind = 'bool' | 'choice' | 'number' | 'text' | 'long' | 'secret' | 'list' | 'object' | 'map' | 'spoken' | 'word' | 'pairs' | 'inputs' | 'json'

const long = /^(content|initial_message|voicemail_message|post_call_prompt|briefing|body|tls_ca|question|instructions|summary)$/

export function kindOf(name: string, s: Schema): Kind {
  if (s['x-secret'] || name === 'api_key') return 'secret'
  if (choicesOf(s)) return 'choice'
  if (s.anyOf?.some((o) => o.type === 'boolean') && s.anyOf.some((o) => o.type === 'string')) return 'spoken'
  if (s.anyOf?.length && s.anyOf.every((o) => o.type === 'number' || o.type === 'string')) return 'word'
  switch (s.type) {
    case 'boolean': return 'bool'
    case 'number': case 'integer': return 'number'
    case 'string': return long.test(name) ? 'long' : 'text'
    case 'array': return s.items && plainText(resolve(s.items)) ? 'list' : 'json'
    case 'object':
      if (s.properties) return 'object'
      if (name === 'input_schema') return 'inputs'
      if (name === 'parameters' || (typeof s.additionalProperties === 'object' && s.additionalProperties.type === 'string')) return 'pairs'
      return typeof s.additionalProperties === 'object' && s.additionalProperties.anyOf?.every((o) => o.type === 'number' || o.type === 'string') ? 'map' : 'json'
  }
  if (s.oneOf?.length === 1 && resolve(s.oneOf[0]!).format === 'uuid') return 'text'
  return 'json'
}

/** The values that a field may have; undefined where they are free. */
export const choicesOf = (s: Schema): string[] | undefined => (s.enum ?? s.anyOf?.find((o) => o.enum)?.enum)?.filter((c): c is string => !!c)

// plainText: a line of text, also where the contract takes other forms besides.
const plainText = (s: Schema): boolean => s.type === 'string' || !!s.anyOf?.some((o) => o.type === 'string')

/** The choices of a list's items; undefined where they are free. */
export function itemChoices(s: Schema): string[] | undefined {
  const item = s.items && resolve(s.items)
  return (item?.enum ?? item?.anyOf?.find((o) => o.enum)?.enum) as string[] | undefined
}

/** The bounds of a number in words. */
export function bounds(s: Schema) {
  if (s.minimum === undefined && s.maximum === undefined) return ''
  if (s.maximum === undefined) return `${s.exclusiveMinimum ? 'more than' : 'at least'} ${s.minimum}`
  if (s.minimum === undefined) return `at most ${s.maximum}`
  return s.exclusiveMinimum ? `more than ${s.minimum}, at most ${s.maximum}` : `${s.minimum} to ${s.maximum}`
}

/** The names of what a field may be said to be, as the dashboard calls it. */
const short: Record<string, string> = { id: 'ID', url: 'URL', llm: 'model', sms: 'SMS', ivr: 'phone menu', vm: 'voicemail', secs: '', sec: '', seconds: '', uri: 'URI', api: 'API', http: 'HTTP', openai: 'OpenAI', tts: 'voice', sip: 'SIP', webrtc: 'WebRTC', sid: 'SID', tls: 'TLS', tcp: 'TCP', udp: 'UDP', srtp: 'SRTP', dtmf: 'DTMF', ca: 'certificates', html: 'HTML', e164: 'E.164', mp3: 'MP3', ipa: 'IPA', iso8601: 'ISO 8601', enum: 'choices', schema: 'JSON Schema' }

export function labelOf(name: string) {
  const s = name.split('_').map((w) => short[w] ?? w).filter(Boolean).join(' ')
  return s.charAt(0).toUpperCase() + s.slice(1)
}

/** The schema of a config, by what the object that has it is. */
export function configFor(holder: Record<string, unknown>): Schema | undefined {
  const kind = String(holder.activity ?? holder.type ?? '')
  const name = {
    skill_call_routing: 'CallRoutingConfig', skill_collect: 'CollectConfig', time_elapsed: 'TimeElapsedConfig', phrase_said: 'PhraseSaidConfig',
    email: 'PostCallFinalizedEmailConfigDto', sms: 'PostCallFinalizedSmsConfigDto', trigger_custom_api: 'PostCallFinalizedCustomApiConfigDto',
  }[kind]
  return name ? named(name) : actionConfig(kind)
}

/** What the items of lists are that the contract leaves open, for it keeps what it does not know. */
export function itemSchema(name: string, s: Schema): Schema | undefined {
  if (name === 'activity_actions') return named('ActivityAction')
  if (name === 'post_call_insights') return named('PostCallInsight')
  if (name === 'skills') return { type: 'object', properties: { type: { type: 'string', enum: ['skill_call_routing', 'skill_collect'], description: 'What it does' }, config: { type: 'object', description: 'How', additionalProperties: true } }, required: ['type'] }
  const item = s.items && resolve(s.items)
  const object = item?.properties ? item : item?.oneOf?.map(resolve).find((o) => o.properties)
  return object
}
