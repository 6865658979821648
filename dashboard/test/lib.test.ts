import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import { test } from 'node:test'
import { changes, copyOf, toForm } from '../src/lib/agent'
import { clock, date, long, ms, nameOf, plain, sentence } from '../src/lib/format'
import { groups } from '../src/lib/groups'
import { find, may, rooms, within } from '../src/lib/rooms'
import { median, split, stages } from '../src/lib/latency'
import { bounds, configFor, itemChoices, itemSchema, kindOf, named, resolve, vendors } from '../src/lib/schema'
import { templates } from '../src/lib/templates'
import { pieces } from '../src/lib/variables'

test('each field of an agent is asked for once, and said to be what it is', () => {
  const fields = named('CreateAgentDto').properties!
  const asked = groups.flatMap((g) => g.fields)
  assert.deepEqual([...asked].sort(), Object.keys(fields).sort())
  for (const [name, s] of Object.entries(fields)) {
    const about = s.description ?? resolve(s).description
    assert.ok(about, `${name} is not described`)
  }
})

test('each field has an input', () => {
  const kinds: Record<string, string> = {}
  for (const [name, s] of Object.entries(named('CreateAgentDto').properties!)) kinds[name] = kindOf(name, resolve(s))
  for (const [name, want] of Object.entries({
    language: 'choice', enable_recording: 'bool', call_duration_sec: 'number', llm_seed: 'number', name: 'text', initial_message: 'long', web_origins: 'list', guard_rails: 'object',
    llm_fallback: 'object', deepgram_keywords: 'map', account_connection: 'text', post_call_email: 'object', post_call_insights: 'json',
  })) assert.equal(kinds[name], want, name)
  const rails = named('GuardRails').properties!
  assert.equal(kindOf('disclosure', rails.disclosure!), 'spoken')
  assert.equal(kindOf('never_say', rails.never_say!), 'list')
  assert.equal(kindOf('subscriptions', named('UpdateWebhookDto').properties!.subscriptions!), 'list')
  assert.ok(itemChoices(named('UpdateWebhookDto').properties!.subscriptions!)!.includes('event_message'))
  assert.equal(itemChoices(rails.never_say!), undefined)
  assert.equal(kindOf('speed', vendors.voice.voice_cartesia!.properties!.speed!), 'word')
  assert.equal(kindOf('signature_secret', named('ExternalActionConfig').properties!.signature_secret!), 'secret')
})

test('what an object is says what its config is', () => {
  assert.equal(configFor({ type: 'action_transfer_call' }), named('TransferCallConfig'))
  assert.equal(configFor({ type: 'action_end_conversation' }), undefined)
  assert.equal(configFor({ type: 'skill_collect' }), named('CollectConfig'))
  assert.equal(configFor({ activity: 'time_elapsed', type: 'sms' }), named('TimeElapsedConfig'))
  assert.equal(configFor({ type: 'email' }), named('PostCallFinalizedEmailConfigDto'))
  assert.equal(configFor({}), undefined)
  const fields = named('CreateAgentDto').properties!
  assert.ok(itemSchema('actions', resolve(fields.actions!))!.properties!.config)
  assert.ok(itemSchema('activity_actions', resolve(fields.activity_actions!))!.properties!.activity)
  assert.ok(itemSchema('skills', resolve(fields.skills!))!.properties!.type!.enum)
  const insight = itemSchema('post_call_insights', resolve(fields.post_call_insights!))!.properties!
  assert.deepEqual(Object.entries(insight).map(([n, s]) => `${n} ${kindOf(n, resolve(s))}`), ['description text', 'enum list', 'name text', 'schema json', 'type choice'])
  assert.equal(itemSchema('web_origins', resolve(fields.web_origins!)), undefined)
  assert.ok(vendors.voice.voice_local && vendors.transcriber.transcriber_local && vendors.provider.includes('local'))
  assert.equal(bounds({ minimum: 0, maximum: 2 }), '0 to 2')
  assert.equal(bounds({ minimum: 0, exclusiveMinimum: true, maximum: 2 }), 'more than 0, at most 2')
  assert.equal(bounds({}), '')
})

test('templates use variables and fields that there are', () => {
  const fields = named('CreateAgentDto').properties!
  for (const t of templates) {
    for (const name of Object.keys(t.agent)) assert.ok(fields[name], `${t.id}: ${name}`)
    for (const name of named('CreateAgentDto').required!) assert.ok(t.agent[name], `${t.id} has no ${name}`)
    const text = JSON.stringify(t.agent)
    for (const p of pieces((t.agent.prompt as { content: string }).content)) {
      assert.notEqual(p.kind, 'broken', `${t.id}: ${p.text}`)
      if (p.kind === 'variable') assert.ok(p.fallback !== undefined, `${t.id}: ${p.text} has no default`)
    }
    assert.ok(!/\$\{[^}|]*\}/.test(text), `${t.id} has a variable without default`)
  }
  assert.equal(new Set(templates.map((t) => t.id)).size, templates.length)
})

test('a prompt is taken apart', () => {
  for (const [prompt, want] of Object.entries({
    'Hi ${name}, {{ from_number }}!': 'text variable:name text variable:from_number text',
    '${day|today}{{> hours}}': 'variable:day=today block:hours',
    '${1st} ${} {{a b}} ${ open {{': 'broken text broken text broken text broken text broken',
    '$5 {x} plain': 'text',
    '{{> }}': 'broken',
    '': '',
  })) {
    const got = pieces(prompt)
    assert.equal(got.map((p) => p.kind + (p.name ? ':' + p.name : '') + (p.fallback !== undefined ? '=' + p.fallback : '')).join(' '), want, prompt)
    assert.equal(got.map((p) => p.text).join(''), prompt)
  }
})

test('an update sends what has changed', () => {
  const before = toForm({
    id: 'a', user_id: 'e', name: 'Ada', label: null, prompt: { id: 'p', user_id: 'e', content: 'Be kind.', label: 'x' }, voice: { id: 'v', type: 'voice_local', rate: 1.2 },
    actions: [{ id: 'x', type: 'action_dtmf', label: 'keys' }], webhook: null, openai_account_connection: { id: 'acc', credentials: { openai_api_key: '…1234' } }, idle_time_seconds: 10,
  })
  assert.deepEqual(Object.keys(before).sort(), ['actions', 'idle_time_seconds', 'name', 'openai_account_connection', 'prompt', 'voice'])
  assert.equal(before.openai_account_connection, 'acc')
  assert.deepEqual(changes(before, structuredClone(before)), {})
  const now = structuredClone(before)
  now.name = 'Eve'
  delete now.idle_time_seconds
  delete now.prompt.label
  delete now.voice.rate
  delete now.actions[0].label
  now.actions.push({ type: 'action_end_conversation' })
  assert.deepEqual(changes(before, now), {
    name: 'Eve', idle_time_seconds: null, prompt: { id: 'p', user_id: 'e', content: 'Be kind.', label: null }, voice: { id: 'v', type: 'voice_local', rate: null },
    actions: [{ id: 'x', type: 'action_dtmf', label: null }, { type: 'action_end_conversation' }],
  })
  const other = structuredClone(before)
  other.voice = { id: 'v', type: 'voice_openai', voice: 'alloy' }
  assert.deepEqual(changes(before, other), { voice: { id: 'v', type: 'voice_openai', voice: 'alloy' } })
})

test('a copy has parts of its own and no keys', () => {
  const { doc, lost } = copyOf({ name: 'Ada', prompt: { id: 'p', content: 'x' }, voice: { id: 'v', type: 'voice_eleven_labs', api_key: '…1234' }, webhook: { id: 'w', url: 'https://e.com', signing_secret: '…1' }, actions: [{ id: 'x', user_id: 'e', type: 'action_dtmf' }], knowledge: ['doc'] })
  assert.deepEqual(doc, { name: 'Ada (copy)', prompt: { content: 'x' }, voice: { type: 'voice_eleven_labs' }, webhook: { url: 'https://e.com' }, actions: [{ type: 'action_dtmf' }], knowledge: ['doc'] })
  assert.equal(lost, true)
  assert.equal(copyOf({ actions: [{ type: 'action_external', config: { signature_secret: '…1' } }] }).lost, false)
})

test('numbers and times as people read them', () => {
  assert.equal(clock(0), '0:00')
  assert.equal(clock(61_900), '1:01')
  assert.equal(clock(3_600_000), '1:00:00')
  assert.equal(clock(-5), '0:00')
  assert.equal(date('1764236400')!.getTime(), 1764236400000)
  assert.equal(date(null), null)
  assert.equal(long({ start_time: '2026-11-24T09:30:00.000Z', end_time: 1795512665 }), long({ start_time: '2026-11-24T09:30:00.000Z', end_time: '2026-11-24T09:31:05.000Z' }))
  assert.equal(long({ start_time: null, end_time: null }), '–')
  assert.equal(plain('caller_hung_up'), 'Caller hung up')
  assert.equal(ms(909.4), '909 ms')
  assert.equal(ms(12_340), '12.3 s')
})

test('the stages add up', () => {
  const latency = { stt_ms: 100, endpointing_ms: 300, queue_ms: 0, llm_ms: 200, chunking_ms: 5, tts_ms: 90, tts_silence_ms: 40, playout_ms: 5, total_ms: 700 }
  const { total, parts } = split(latency)
  assert.equal(total, 700)
  assert.equal(parts.reduce((n, p) => n + p.ms, 0), 700)
  assert.deepEqual(parts.map((p) => p.label), ['Hearing', 'Waiting', 'Thinking', 'Phrasing', 'Voice', 'Playing'])
  assert.equal(stages.length, 8)
  assert.equal(median([]), 0)
  assert.equal(median([3, 1, 2]), 2)
  assert.equal(median([4, 1, 2, 3]), 2.5)
})

test('each page has its place', () => {
  const files = readdirSync('src/pages').map((f) => f.replace('.svelte', ''))
  assert.deepEqual([...new Set(rooms.map((r) => r.page)), 'Login', 'Lost'].sort(), files.sort())
  assert.equal(new Set(rooms.map((r) => r.path)).size, rooms.length)
  for (const r of rooms) assert.equal(find(r.path.replace(/\{\w+\}/g, 'x'))?.room, r, r.path)
  for (const r of rooms) assert.ok(!r.name || !r.path.includes('{'), `${r.path} cannot be gone to`)
  assert.deepEqual(find('/agents/new')?.props, { id: 'new' })
  assert.equal(find('/')?.room.path, '/')
  for (const path of ['/nothing', '/agents/', '/agents/a/b', '', '//']) assert.equal(find(path), undefined, path)
  assert.equal(within('/agents/new')?.path, '/agents')
  assert.equal(within('/agentsx'), undefined)
  assert.ok(may('operator', 'admin') && may('admin', 'admin') && !may('member', 'admin') && may('member') && !may(undefined))
})

test('a name that is begun can be completed', async () => {
  const { choices } = await import('../src/lib/editor')
  const labels = (text: string, at = text.length) => choices(text, at, ['hours'])?.options.map((o) => `${o.label}|${o.apply}`)
  assert.deepEqual(labels('Hello')?.length, undefined)
  assert.ok(labels('Hello ${fr')?.includes('from_number|from_number}'))
  assert.ok(labels('{{')?.includes('now|now}}'))
  assert.ok(labels('${} ${name} x', 2)?.includes('name|name')) // what closes it is there
  assert.deepEqual(labels('{{> h'), ['hours|hours}}'])
  assert.equal(choices('${from', 6, [])?.from, 2)
  assert.equal(choices('${a b', 5, []), null)
})

test('names and messages are as long as can be read', () => {
  assert.equal(nameOf({ name: ' ', label: '' }), 'Agent without a name')
  assert.equal(nameOf({ name: 'x'.repeat(10_000) }).length, 120)
  assert.ok(sentence('voice', `voice has no "${'x'.repeat(10_000)}"; it has rms`).endsWith('x"; it has rms'))
  assert.ok(sentence('voice', 'x'.repeat(10_000)).length < 610)
})
