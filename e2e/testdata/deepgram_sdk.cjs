// Hears turns (Flux), hears (nova) and speaks by Deepgram's own SDK. argv: the address.
const assert = require('node:assert');
const { DeepgramClient } = require('@deepgram/sdk');

// word is how the stand-in hears a number: its level for 100 ms, then 60 ms of silence.
const word = (n) => { const a = new Int16Array(16 * 160); a.fill(1000 * n, 0, 16 * 100); return a.buffer; };
const silence = (ms) => new Int16Array(16 * ms).buffer;
const wss = process.argv[2].replace('https', 'wss');
const client = (apiKey) => new DeepgramClient({ apiKey, environment: { base: process.argv[2], production: wss, agent: wss, agentRest: process.argv[2] } });

// open connects; its messages come to got, flushed is when one of them says so, and closed is when the far end has gone. The SDK keeps one
// listener for each event.
async function open(resource, args) {
  const s = await resource.connect({ ...args, reconnectAttempts: 0 });
  const got = [];
  const flushed = new Promise((done) => s.on('message', (m) => { got.push(m); if (m.type === 'Flushed') done(); }));
  const closed = new Promise((done) => { s.on('close', done); s.on('error', done); });
  s.connect();
  await s.waitForOpen();
  return { s, got, flushed, closed };
}

async function turns() {
  const { s, got, closed } = await open(client('key-of-mine').listen.v2, { model: 'flux-general-multi', encoding: 'linear16', sample_rate: 16000,
    eot_threshold: 0.8, eager_eot_threshold: 0.4, eot_timeout_ms: 3000, keyterm: ['Alice', 'Bob & Co'], language_hint: ['en', 'es'], numerals: 'true' });
  for (const n of [2, 3, 4]) s.sendMedia(word(n));
  s.sendMedia(silence(300));
  s.sendMedia(word(5));
  s.sendCloseStream({ type: 'CloseStream' });
  await closed;
  assert.equal(got[0].type, 'Connected');
  assert.deepEqual(got.map((m) => m.sequence_id), got.map((_, i) => i));
  const info = got.filter((m) => m.type === 'TurnInfo');
  assert.equal(info.length, got.length - 1);
  const events = info.map((m) => m.event).filter((e, i, all) => e !== 'Update' || all[i - 1] !== e);
  assert.deepEqual(events, ['StartOfTurn', 'Update', 'EagerEndOfTurn', 'EndOfTurn', 'StartOfTurn', 'Update']);
  const end = info.find((m) => m.event === 'EndOfTurn');
  assert.equal(end.transcript, 'one two three');
  assert.equal(end.turn_index, 0);
  assert.equal(end.trigger, 'model');
  assert.ok(end.words.every((w) => w.word && w.end > w.start && w.confidence));
  const last = info[info.length - 1];
  assert.deepEqual([last.event, last.turn_index, last.transcript], ['Update', 1, 'four']);
}

async function words() {
  const { s, got, closed } = await open(client('key-of-mine').listen.v1, { model: 'nova-3', encoding: 'linear16', sample_rate: 16000, interim_results: 'true', vad_events: 'true' });
  for (const n of [2, 3]) s.sendMedia(word(n));
  s.sendMedia(silence(300));
  s.sendKeepAlive({ type: 'KeepAlive' });
  s.sendCloseStream({ type: 'CloseStream' });
  await closed;
  const final = got.find((m) => m.type === 'Results' && m.is_final);
  assert.equal(final.channel.alternatives[0].transcript, 'one two');
  assert.ok(got.some((m) => m.type === 'SpeechStarted'));
  assert.equal(got[got.length - 1].type, 'Metadata');
}

async function speech() {
  const { s, got, flushed, closed } = await open(client('key-of-mine').speak.v1, { model: 'aura-2-thalia-en', encoding: 'linear16', sample_rate: 16000 });
  s.sendText({ type: 'Speak', text: 'Hello there.' });
  s.sendFlush({ type: 'Flush' });
  await flushed;
  s.sendClose({ type: 'Close' });
  await closed;
  let bytes = 0;
  for (const m of got) bytes += m.size ?? 0;
  assert.ok(bytes > 1000, `${bytes} bytes of sound`);
}

async function refused() {
  for (const args of [{ model: 'nova-3' }, { model: 'flux-general-en', language_hint: ['es'] }, { model: 'flux-general-en', eot_threshold: 0.2 }]) {
    const s = await client('key-of-mine').listen.v2.connect({ encoding: 'linear16', sample_rate: 16000, ...args, reconnectAttempts: 0 });
    s.connect();
    await assert.rejects(s.waitForOpen(), JSON.stringify(args));
  }
}

async function main() {
  await turns();
  await words();
  await speech();
  await refused();
  console.log('Deepgram’s SDK took it');
  process.exit(0);
}
main().catch((e) => { console.error(e); process.exit(1); });
