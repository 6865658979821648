import contract from '../contract.gen.json'
import { labelOf, named, type Schema } from './schema'

/** A far end that a SIP trunk may name: what it is called, what has to be said of it, and what it fills in. */
export interface Preset { title: string; needs_host: boolean; own_name: boolean; regions: string[]; fields: Record<string, unknown> }

export const presets = contract.presets as unknown as Record<string, Preset>

const prefix = 'account_connection_'
const schemas = contract.credentials as Record<string, string>

/** What accounts are for. A test holds this against the contract: each type is here once. */
export const purposes: { title: string; about: string; types: Record<string, string> }[] = [
  { title: 'Telephone', about: 'Who carries calls, and sells numbers.', types: { sip: 'SIP trunk or PBX', twilio: 'Twilio', telnyx: 'Telnyx', fluents_twilio: 'The operator’s Twilio' } },
  {
    title: 'Thinking', about: 'Models that answer.',
    types: { openai: 'OpenAI', anthropic: 'Anthropic', google: 'Google', azure_llm: 'Azure OpenAI', deepseek: 'DeepSeek', togetherai: 'Together AI', openai_compatible: 'Any server that speaks OpenAI’s API' },
  },
  {
    title: 'Hearing and speaking', about: 'Transcribers and voices.',
    types: { deepgram: 'Deepgram', assemblyai: 'AssemblyAI', gladia: 'Gladia', azure_speech: 'Azure Speech', elevenlabs: 'ElevenLabs', cartesia: 'Cartesia', playht: 'PlayHT', rime: 'Rime' },
  },
  {
    title: 'Other systems', about: 'What agents ask and tell while they talk, and mail afterwards.',
    types: { external_api_key: 'A system with a key in a header', un_pw_oauth: 'A system or mail server with a name and a password', login_key_oauth: 'A system that gives tokens for a login and a key' },
  },
]

const titles: Record<string, string> = Object.assign({}, ...purposes.map((p) => p.types))

/** What a type is called. */
export const titleOf = (type: string) => titles[type.replace(prefix, '')] ?? labelOf(type.replace(prefix, ''))

/** The type of an account, with and without what they all begin with. */
export const typeOf = (short: string) => prefix + short

/** What a connection is called. */
export const accountName = (a: { label?: string | null; type: string }) => (a.label ? `${a.label} (${titleOf(a.type)})` : titleOf(a.type))

/** Whether calls go by it. */
export const carries = (type: string) => Object.keys(purposes[0]!.types).includes(type.replace(prefix, ''))

/** Whether it sells numbers. */
export const sells = (type: string) => carries(type) && type !== prefix + 'sip'

/** The types by which calls go. */
export const carriers = Object.keys(purposes[0]!.types).map(typeOf)

/** Those that sell numbers. */
export const sellers = carriers.filter(sells)

const rare = ['base_url', 'country', 'allowed_prefixes', 'calls_per_second', 'max_calls']

/** What the credentials of a type are: what is required comes first, what is seldom said last. */
export function credentialsOf(type: string): Schema {
  const s = named(schemas[type] ?? schemas.default!)
  const place = (n: string) => (s.required?.includes(n) ? -1 : rare.indexOf(n) + 1)
  return { ...s, properties: Object.fromEntries(Object.entries(s.properties ?? {}).sort(([a], [b]) => place(a) - place(b))) }
}

/** The settings of a SIP trunk in the order in which they are asked for. A test holds this against the contract: each is here once. */
export const trunkGroups: { title: string; fields: string[]; folded?: boolean }[] = [
  { title: 'The far end', fields: ['preset', 'region', 'host', 'port', 'transport'] },
  { title: 'How we prove who we are', fields: ['username', 'password', 'auth_username', 'realm', 'register', 'register_expires_seconds'] },
  { title: 'Calls in', fields: ['allowed_addresses', 'follows_redirect'], folded: true },
  { title: 'Calls out', fields: ['country', 'allowed_prefixes', 'number_format', 'caller_id', 'calls_per_second', 'max_calls'], folded: true },
  { title: 'Sound', fields: ['codecs', 'srtp', 'dtmf', 'hold'], folded: true },
  { title: 'The way there', fields: ['backup_hosts', 'outbound_proxy', 'tls_ca', 'options_interval_seconds', 'session_expires_seconds', 'allow_refer'], folded: true },
]

/** What of config a type has a use for. */
export const configFields = (type: string) => ({ sip: ['extensions'], twilio: ['voicemail_detection'], telnyx: ['voicemail_detection', 'sip_refer'], fluents_twilio: ['voicemail_detection'] })[type.replace(prefix, '')] ?? []

/** A value as a person reads it. */
export const said = (v: unknown): string => (Array.isArray(v) ? v.map(said).join(', ') : typeof v === 'boolean' ? (v ? 'yes' : 'no') : String(v))

/** The schema of a trunk's setting by the preset that is chosen: it says what is filled in, and offers the regions that there are. unknown: there is one that is not told. undefined: it is not asked for. */
export function withPreset(name: string, s: Schema, preset: Preset | undefined, unknown = false): Schema | undefined {
  if (name === 'preset') return { ...s, description: s.description?.replace(/ \([^)]*\)$/, ': each field below says with what'), enum: (s.enum ?? []).filter((p) => p && p in presets) }
  if (name === 'region') return preset?.regions.length ? { ...s, enum: preset.regions } : unknown ? s : undefined
  const filled = preset?.fields[name]
  return filled === undefined ? s : { ...s, description: [s.description, `Left out: ${said(filled)}`].filter(Boolean).join(' · ') }
}
