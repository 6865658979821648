// Hears by AssemblyAI's own SDK. argv: the address.
const assert = require('node:assert');
const { StreamingTranscriber } = require('assemblyai');

// word is how the stand-in hears a number: its level for 100 ms, then 60 ms of silence.
const word = (n) => { const a = new Int16Array(16 * 160); a.fill(1000 * n, 0, 16 * 100); return a.buffer; };

async function main() {
  const websocketBaseUrl = process.argv[2].replace('https', 'wss') + '/v3/ws';
  const t = new StreamingTranscriber({ apiKey: 'key-of-mine', websocketBaseUrl, sampleRate: 16000, encoding: 'pcm_s16le', formatTurns: true,
    keytermsPrompt: ['Alice', 'Bob & Co'], speechModel: 'universal-streaming-english', minTurnSilence: 300 });
  const turns = [], errors = [];
  let started = 0;
  t.on('turn', (e) => { if (e.end_of_turn && e.turn_is_formatted) turns.push(e); });
  t.on('speechStarted', () => started++);
  t.on('error', (e) => errors.push(e));
  const begin = await t.connect();
  assert.ok(begin.id && begin.expires_at > 1e9);
  for (const n of [2, 3, 4]) t.sendAudio(word(n));
  t.sendAudio(new Int16Array(16 * 300).buffer);
  t.sendAudio(word(5));
  t.forceEndpoint();
  await t.close();
  assert.deepEqual(turns.map((e) => [e.turn_order, e.transcript]), [[0, 'One two three.'], [1, 'Four.']]);
  assert.ok(turns[0].words.every((w) => w.word_is_final && w.end > w.start));
  assert.equal(started, 2);
  assert.deepEqual(errors, []);
  const refused = (apiKey) => new StreamingTranscriber({ apiKey, websocketBaseUrl, sampleRate: 16000, speechModel: 'universal-streaming-english', maxConnectionRetries: 0 }).connect();
  await assert.rejects(refused('wrong'), { code: 1008 });
  await assert.rejects(refused('busy'), { code: 3009 });
  console.log('AssemblyAI’s SDK took it');
}
main().catch((e) => { console.error(e); process.exit(1); });
