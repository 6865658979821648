// Hears by Gladia's own SDK. argv: the address.
const assert = require('node:assert');
const { GladiaClient } = require('@gladiaio/sdk');

// word is how the stand-in hears a number: its level for 100 ms, then 60 ms of silence.
const word = (n) => { const a = new Int16Array(16 * 160); a.fill(1000 * n, 0, 16 * 100); return a.buffer; };

const apiUrl = process.argv[2];

async function main() {
  const config = { model: 'solaria-1', encoding: 'wav/pcm', sample_rate: 16000, bit_depth: 16, channels: 1, endpointing: 0.25, language_config: { languages: ['en'], code_switching: false },
    realtime_processing: { custom_vocabulary: true, custom_vocabulary_config: { vocabulary: ['Alice', 'Bob & Co'] } },
    messages_config: { receive_partial_transcripts: true, receive_final_transcripts: true, receive_speech_events: true, receive_lifecycle_events: true, receive_errors: true, receive_acknowledgments: true } };
  const s = new GladiaClient({ apiKey: 'key-of-mine', apiUrl, region: 'eu-west' }).liveV2().startSession(config);
  const got = [], errors = [];
  let acknowledged = 0, partials = 0;
  s.on('message', (m) => {
    if (m.type === 'transcript' && m.data.is_final) got.push(m.data.utterance);
    if (m.type === 'transcript' && !m.data.is_final) partials++;
    if (m.type === 'audio_chunk' && m.acknowledged) acknowledged++;
  });
  s.on('error', (e) => errors.push(e));
  const ended = new Promise((resolve) => s.on('ended', resolve));
  await new Promise((resolve) => s.on('connected', resolve));
  for (const n of [2, 3, 4]) s.sendAudio(word(n));
  s.sendAudio(new Int16Array(16 * 300).buffer);
  s.sendAudio(word(5));
  s.stopRecording();
  assert.equal((await ended).code, 1000);
  assert.deepEqual(got.map((u) => u.text.trim()), ['one two three', 'four']);
  assert.ok(got[0].words.length === 3 && got[0].words.every((w) => w.end > w.start));
  assert.ok(acknowledged === 5 && partials >= 2);
  assert.deepEqual(errors, []);
  for (const apiKey of ['wrong-key', 'busy-key']) {
    const refused = new GladiaClient({ apiKey, apiUrl, httpRetry: { maxAttempts: 1 } }).liveV2().startSession(config);
    const e = await new Promise((resolve) => refused.on('error', resolve));
    assert.match(String(e.message), apiKey === 'wrong-key' ? /401/ : /429/);
  }
  console.log('Gladia’s SDK took it');
}
main().catch((e) => { console.error(e); process.exit(1); });
