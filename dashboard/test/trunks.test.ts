import assert from 'node:assert/strict'
import { test } from 'node:test'
import { accountName, carries, configFields, credentialsOf, presets, purposes, said, sells, titleOf, trunkGroups, typeOf, withPreset } from '../src/lib/connections'
import { texts, variablesOf, variablesOfAgent } from '../src/lib/context'
import { altered, configOf, fresh, stateOf, toLine } from '../src/lib/numbers'
import { once } from '../src/lib/once'
import { choicesOf, kindOf, named, resolve } from '../src/lib/schema'

test('each type of account is offered once, and has a form', () => {
  const types = named('CreateAccountConnectionDto').properties!.type!.enum as string[]
  const offered = purposes.flatMap((p) => Object.keys(p.types).map(typeOf))
  assert.deepEqual([...offered].sort(), [...types].sort())
  for (const type of types) {
    assert.ok(credentialsOf(type).description, type)
    for (const [name, s] of Object.entries(credentialsOf(type).properties!)) assert.ok(s.description ?? resolve(s).description, `${type}.${name}`)
    for (const name of configFields(type)) assert.ok(named('CreateAccountConnectionDto').properties!.config!.properties![name], `${type}: config.${name}`)
  }
  assert.equal(titleOf('account_connection_sip'), 'SIP trunk or PBX')
  assert.equal(titleOf('account_connection_new_one'), 'New one')
  assert.equal(accountName({ label: 'Desk', type: 'account_connection_twilio' }), 'Desk (Twilio)')
  assert.deepEqual(['account_connection_sip', 'account_connection_twilio', 'account_connection_openai'].map((t) => [carries(t), sells(t)]), [[true, false], [true, true], [false, false]])
  assert.equal(Object.keys(credentialsOf('account_connection_telnyx').properties!)[0], 'api_key')
  assert.equal(Object.keys(credentialsOf('account_connection_telnyx').properties!).at(-1), 'max_calls')
})

test('each setting of a trunk is asked for once', () => {
  const fields = named('SipCredentials').properties!
  assert.deepEqual(trunkGroups.flatMap((g) => g.fields).sort(), Object.keys(fields).sort())
  for (const [name, s] of Object.entries(fields)) {
    const kind = kindOf(name, resolve(s))
    assert.ok(s.description, name)
    assert.ok(!['json', 'object', 'spoken'].includes(kind), `${name} is ${kind}`)
  }
  assert.deepEqual(choicesOf(fields.srtp!), ['off', 'optional', 'required'])
})

test('a preset says what it fills in', () => {
  const fields = named('SipCredentials').properties!
  assert.deepEqual(withPreset('preset', fields.preset!, undefined)!.enum!.sort(), Object.keys(presets).sort())
  assert.equal(withPreset('region', fields.region!, undefined), undefined)
  assert.equal(withPreset('region', fields.region!, undefined, true), fields.region)
  assert.doesNotMatch(withPreset('preset', fields.preset!, undefined)!.description!, /x-|docs/)
  assert.equal(withPreset('region', fields.region!, presets.asterisk), undefined)
  assert.deepEqual(withPreset('region', fields.region!, presets.telnyx)!.enum, presets.telnyx!.regions)
  assert.ok(withPreset('codecs', fields.codecs!, presets.twilio)!.description!.endsWith('Left out: PCMU, PCMA'))
  assert.ok(withPreset('register', fields.register!, presets.asterisk)!.description!.endsWith('Left out: yes'))
  assert.equal(withPreset('realm', fields.realm!, presets.telnyx), fields.realm)
  assert.equal(said([1, true, 'x']), '1, yes, x')
})

test('the variables of an agent are those of its words', async () => {
  const agent = {
    id: '${no}', name: '${no}', initial_message: 'Hello ${name|there}', voicemail_message: 'For ${name}: ${about}.', prompt: { content: '${from_number} {{> hours}} ${day}', label: '${no}', prompt_template: { required_context_keys: ['order', 'day'] } },
    actions: [{ type: 'action_transfer_call', config: { phone_number: '${desk|+1555}' } }], post_call_actions: [{ config: { body: '${analysis}' } }], webhook: { url: '${no}' },
  }
  assert.ok(!texts(agent).some((t) => t.includes('no}') || t.includes('analysis')))
  const asked: string[] = []
  const block = async (label: string) => { asked.push(label); return { hours: '{{> hours}}{{> more}} ${open}', more: '${open|nine}' }[label] ?? '' }
  const got = await variablesOfAgent(agent as any, block)
  assert.deepEqual(asked, ['hours', 'more'])
  assert.deepEqual(got.map((v) => v.name), ['order', 'day', 'name', 'about', 'desk', 'open'])
  assert.deepEqual(got.filter((v) => v.required).map((v) => v.name), ['order', 'day'])
  assert.deepEqual(Object.fromEntries(got.map((v) => [v.name, v.fallback])), { order: undefined, day: undefined, name: 'there', about: undefined, desk: '+1555', open: 'nine' })
  assert.deepEqual(variablesOf([]), { variables: [], blocks: [] })
})

test('what is asked twice has one key', () => {
  const key = once()
  const first = key({ to: 'a' })
  assert.match(first, /^[0-9a-f]{32}$/)
  assert.equal(key({ to: 'a' }), first)
  assert.notEqual(key({ to: 'b' }), first)
  assert.notEqual(once()({ to: 'a' }), first)
})

test('a number as a form has it, and what of it is sent', () => {
  const schema = named('UpdateNumberDto')
  assert.ok(configOf(schema).properties!.max_calls_per_day && configOf(named('BuyNumberDto')).properties!.regulatory && configOf(named('LinkNumberDto')).properties!.local_presence)
  const n = { id: 'n', user_id: 'e', number: '+1555', active: true, inbound_agent: { id: 'a', name: 'Ada' }, inbound_agent_name: 'Ada', telephony_provider: 'twilio', tags: [], outbound_only: false, sms_enabled: true, config: { max_calls_per_day: 5, fallback_number: null }, label: null, warnings: [] }
  const before = toLine(n as any, schema)
  assert.deepEqual(before, { active: true, inbound_agent: 'a', sms_enabled: true, config: { max_calls_per_day: 5 } })
  assert.deepEqual(altered(before, structuredClone(before)), {})
  const now: Record<string, any> = { ...structuredClone(before), label: 'Desk', tags: ['x'], config: { fallback_number: '+1666' } }
  delete now.inbound_agent
  delete now.active
  assert.deepEqual(altered(before, now), { active: true, inbound_agent: null, label: 'Desk', tags: ['x'], config: { max_calls_per_day: null, fallback_number: '+1666' } })
  assert.deepEqual(altered({ ...before, tags: ['x'] }, before), { tags: [] })
  assert.deepEqual(fresh({ a: '', b: [], c: {}, d: undefined, e: false, f: 0, g: 'x' }), { e: false, f: 0, g: 'x' })
})

test('how a number is, in a word', () => {
  for (const [n, want] of [
    [{ active: true, inbound_agent: {} }, 'Answered'], [{ active: true, inbound_agent: null }, 'Nobody answers'], [{ active: true, outbound_only: true }, 'Calls out alone'], [{ active: false }, 'Switched off'],
    [{ active: false, carrier_status: 'pending' }, 'Ordered'], [{ active: true, carrier_status: 'pending' }, 'Being pointed here'], [{ active: false, carrier_status: 'failed' }, 'Did not come'], [{ active: true, is_routing_number: true }, 'Routes calls'],
  ] as const) assert.equal(stateOf(n as any).text, want)
})
