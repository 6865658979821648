// Twilio's own helper library against what Parley signs, checks and answers. In: what the test says, as JSON.
const twilio = require('twilio');
const fs = require('fs');
const assert = require('assert');

async function post(url, params, signature) {
  const headers = { 'Content-Type': 'application/x-www-form-urlencoded' };
  if (signature) headers['X-Twilio-Signature'] = signature;
  const res = await fetch(url, { method: 'POST', headers, body: new URLSearchParams(params).toString() });
  return { status: res.status, type: res.headers.get('content-type'), text: await res.text() };
}

async function main() {
  const given = JSON.parse(fs.readFileSync(0, 'utf8'));

  for (const c of given.cases) {
    assert(twilio.validateRequest(c.token, c.signature, c.url, c.params), 'the signature of ' + c.url);
    assert(!twilio.validateRequest('another token', c.signature, c.url, c.params), 'it is anybody\'s: ' + c.url);
    assert.strictEqual(c.signature, require('twilio/lib/webhooks/webhooks').getExpectedTwilioSignature(c.token, c.url, c.params));
  }

  const sign = (url, params) => require('twilio/lib/webhooks/webhooks').getExpectedTwilioSignature(given.token, url, params);
  const call = { CallSid: 'CA0123456789abcdef0123456789abcdef', AccountSid: given.sid, From: '+14155550123', To: given.from, CallStatus: 'ringing',
    Direction: 'inbound', CallerName: 'ÅSA & CO', ApiVersion: '2010-04-01' };
  assert.strictEqual((await post(given.voice, call, '')).status, 403, 'a webhook without signature');
  assert.strictEqual((await post(given.voice, { ...call, To: '+1' }, sign(given.voice, call))).status, 403, 'a webhook that was changed');
  const answer = await post(given.voice, call, sign(given.voice, call));
  assert.strictEqual(answer.status, 200, answer.text);
  assert(answer.type.startsWith('text/xml'), answer.type);
  const url = /<Stream url="([^"]*)"/.exec(answer.text)[1];
  const value = /<Parameter name="parley" value="([^"]*)"/.exec(answer.text)[1];
  const built = new twilio.twiml.VoiceResponse();
  built.connect().stream({ url }).parameter({ name: 'parley', value });
  assert.strictEqual(answer.text.replace(/\s*\n\s*/g, ''), built.toString().replace(/\s*\n\s*/g, ''));
  const over = { CallSid: call.CallSid, AccountSid: given.sid, CallStatus: 'completed', CallDuration: '1' };
  assert.strictEqual((await post(given.status, over, sign(given.status, over))).status, 204, 'its end');

  class Here extends twilio.RequestClient {
    request(o) {
      return super.request({ ...o, uri: o.uri.replace('https://api.twilio.com', given.rest) });
    }
  }
  const client = twilio(given.sid, given.token, { httpClient: new Here() });
  const placed = await client.calls.create({ from: given.from, to: '+15005550486', twiml: built.toString() });
  assert(/^CA[0-9a-f]{32}$/.test(placed.sid) && placed.status === 'queued', placed);
  await assert.rejects(client.calls.create({ from: given.from, to: '+15005550001', twiml: built.toString() }), (e) => e.code === 21211 && e.status === 400);
  await assert.rejects(client.calls('CA' + '0'.repeat(32)).update({ status: 'completed' }), (e) => e.code === 20404);
  console.log(given.cases.length + ' signatures, a webhook, its TwiML, and a call');
}

main().catch((e) => { console.error(e); process.exit(1); });
