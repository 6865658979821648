// Cartesia's own SDK speaks with a stand-in for Cartesia: node cartesia_sdk.cjs URL (https)
const { Cartesia } = require('@cartesia/cartesia-js');
const assert = require('node:assert');

(async () => {
  const client = new Cartesia({ apiKey: 'k', baseURL: process.argv[2], maxRetries: 0 });
  const voice = { mode: 'id', id: 'voice' };
  const output_format = { container: 'raw', encoding: 'pcm_s16le', sample_rate: 16000 };
  const text = 'Hello there, caller.';
  const whole = await client.tts.generate({ model_id: 'sonic-3', transcript: text, voice, output_format });
  assert.strictEqual((await whole.arrayBuffer()).byteLength, text.length * 640);

  const ws = await client.tts.websocket();
  ws.on('error', () => {}); // told to whoever receives, too
  const context = ws.context({ model_id: 'sonic-3', voice, output_format, add_timestamps: true, max_buffer_delay_ms: 0 });
  const pieces = ['Hello there, ', 'caller. '];
  for (const transcript of pieces) await context.push({ transcript, flush: true, generation_config: { speed: 1.1, emotion: 'happy' } });
  await context.no_more_inputs();
  let sound = 0;
  let flushes = 0;
  const words = [];
  for await (const e of context.receive({ timeout: 5000 })) {
    if (e.type === 'chunk') sound += Buffer.from(e.data, 'base64').length;
    if (e.type === 'flush_done') flushes = e.flush_id;
    if (e.type === 'timestamps') words.push(...e.word_timestamps.words);
  }
  assert.strictEqual(sound, pieces.join('').length * 640);
  assert.strictEqual(flushes, 2);
  assert.deepStrictEqual(words, ['Hello', 'there,', 'caller.']);

  const other = ws.context({ model_id: 'sonic-3', voice, output_format });
  await other.push({ transcript: 'Never heard to its end. '.repeat(50) });
  await other.cancel();

  const wrong = ws.context({ model_id: 'sonic-3', voice, output_format: { ...output_format, sample_rate: 8000 } });
  await wrong.push({ transcript: 'Hello. ' });
  await assert.rejects(async () => { for await (const _ of wrong.receive({ timeout: 5000 })); }, /16 kHz/);
  ws.close();
  console.log(`spoke ${sound} bytes, words ${words.join(' ')}`);
})().catch((e) => {
  console.error(e);
  process.exit(1);
});
