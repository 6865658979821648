// ElevenLabs's own SDK speaks with a stand-in for ElevenLabs: node elevenlabs_sdk.cjs URL
const { ElevenLabsClient } = require('@elevenlabs/elevenlabs-js');
const assert = require('node:assert');

(async () => {
  const client = new ElevenLabsClient({ apiKey: 'k', baseUrl: process.argv[2], maxRetries: 0 });
  const text = 'Hello there, caller.';
  let sound = 0;
  for await (const b of await client.textToSpeech.stream('voice', { text, modelId: 'eleven_flash_v2_5', outputFormat: 'pcm_16000' })) sound += b.length;
  assert.strictEqual(sound, text.length * 640);

  let timed = 0;
  let said = '';
  let last = 0;
  const request = { text, modelId: 'eleven_flash_v2_5', outputFormat: 'pcm_16000', voiceSettings: { stability: 0.4, similarityBoost: 0.8 } };
  for await (const chunk of await client.textToSpeech.streamWithTimestamps('voice', request)) {
    timed += Buffer.from(chunk.audioBase64, 'base64').length;
    said += chunk.alignment.characters.join('');
    for (const [i, start] of chunk.alignment.characterStartTimesSeconds.entries()) {
      assert.ok(start >= last && chunk.alignment.characterEndTimesSeconds[i] > start);
      last = start;
    }
  }
  assert.strictEqual(timed, sound);
  assert.strictEqual(said, text);

  const models = await client.models.list();
  assert.strictEqual(models[0].modelId, 'eleven_flash_v2_5');
  await assert.rejects(client.textToSpeech.streamWithTimestamps('voice', { text: '' }), (e) => e.statusCode === 422);
  console.log(`spoke ${sound} bytes, ${said.length} characters timed`);
})().catch((e) => {
  console.error(e);
  process.exit(1);
});
