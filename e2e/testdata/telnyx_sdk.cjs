// Has Telnyx' own SDK take webhooks for Telnyx' own, and command calls at what stands for Telnyx. stdin: JSON.
const assert = require('node:assert');
const { Telnyx } = require('telnyx');

async function main(input) {
  const client = new Telnyx({ apiKey: input.key, publicKey: input.public, baseURL: `${input.rest}/v2`, maxRetries: 0 });
  const types = [];
  for (const { headers, body } of input.webhooks) {
    const flat = Object.fromEntries(Object.entries(headers).map(([k, v]) => [k, v[0]]));
    const event = await client.webhooks.unwrap(body, { headers: flat });
    assert.ok(event.data.id && event.data.payload.call_control_id && event.data.record_type === 'event', body);
    types.push(event.data.event_type);
    for (const [bad, h] of [[`${body} `, flat], [body, { ...flat, 'Telnyx-Timestamp': '1' }], [body, {}]]) {
      await assert.rejects(client.webhooks.unwrap(bad, { headers: h }));
    }
  }
  for (const kind of ['call.initiated', 'call.answered', 'streaming.started', 'call.hangup']) assert.ok(types.includes(kind), `no ${kind} among ${types}`);

  const { data: call } = await client.calls.dial({ connection_id: input.app, from: '+15550001111', to: '+15557654321', command_id: 'dial-1', client_state: 'c3RhdGU=',
    timeout_secs: 30, time_limit_secs: 600, stream_url: 'ws://127.0.0.1:1/', stream_track: 'inbound_track', stream_codec: 'PCMU', stream_bidirectional_mode: 'rtp',
    stream_bidirectional_codec: 'PCMU', stream_bidirectional_target_legs: 'self', send_silence_when_idle: true, answering_machine_detection: 'detect',
    custom_headers: [{ name: 'X-A', value: '1' }], sip_headers: [{ name: 'User-to-User', value: 'u' }] });
  assert.equal(call.record_type, 'call');
  assert.equal(call.is_alive, false);
  const id = call.call_control_id;
  const done = async (what) => assert.equal((await what).data.result, 'ok');
  await done(client.calls.actions.sendDtmf(id, { digits: '12#', duration_millis: 200, command_id: 'd' }));
  await done(client.calls.actions.refer(id, { sip_address: 'sip:bob@example.com', command_id: 'r' }));
  await done(client.calls.actions.hangup(id, { command_id: 'h' }));
  const refused = async (what, status, code) => assert.rejects(what, (e) => e.status === status && e.error.errors[0].code === code && e.error.errors[0].title.length > 0);
  await refused(client.calls.actions.hangup(id, { command_id: 'h2' }), 422, '90018');
  await refused(client.calls.actions.answer('v3:nobody', {}), 404, '10005');
  await refused(client.calls.dial({ connection_id: 'other', from: '+15550001111', to: '+15557654321' }), 422, '10015');
  await refused(client.calls.dial({ connection_id: input.app, from: '+15550001111', to: '0123' }), 422, '10016');
  await refused(new Telnyx({ apiKey: 'wrong', baseURL: `${input.rest}/v2`, maxRetries: 0 }).calls.actions.hangup(id, {}), 401, '10009');
  console.log(`${input.webhooks.length} webhooks unwrapped: ${[...new Set(types)].join(', ')}; calls commanded`);
}

let text = '';
process.stdin.on('data', (d) => { text += d; }).on('end', () => main(JSON.parse(text)).catch((e) => { console.error(e); process.exit(1); }));
