// Chats with Gemini by Google's own SDK, tools and all, and has Cloud Text-to-Speech speak by its own. argv: the address.
const assert = require('node:assert');
const { GoogleGenAI } = require('@google/genai');
const { TextToSpeechClient } = require('@google-cloud/text-to-speech');

async function main() {
  const address = process.argv[2];
  const ai = new GoogleGenAI({ apiKey: 'k', httpOptions: { baseUrl: address } });
  const tools = [{ functionDeclarations: [{ name: 'transfer', parametersJsonSchema: { type: 'object', properties: { to: { type: 'string' } } } }, { name: 'note' }] }];
  for (const [model, thinkingConfig] of [['gemini-3.5-flash-lite', { thinkingLevel: 'MINIMAL' }], ['gemini-2.5-flash', { thinkingBudget: 0 }]]) {
    const chat = ai.chats.create({ model, config: { systemInstruction: 'Be brief.', temperature: 0.2, thinkingConfig, tools } });
    const ask = async (message) => {
      let text = '', calls = [], usage, end;
      for await (const c of await chat.sendMessageStream({ message })) {
        text += c.text ?? '';
        calls.push(...(c.functionCalls ?? []));
        usage = c.usageMetadata;
        end = c.candidates[0].finishReason ?? end;
      }
      assert.equal(end, 'STOP');
      assert.ok(usage.promptTokenCount > 0 && usage.candidatesTokenCount > 0);
      return { text, calls };
    };
    assert.match((await ask('Are you open?')).text, /open until six/);
    const { calls } = await ask('call both');
    assert.deepEqual(calls.map((c) => [c.name, c.args]), [['transfer', { to: 'sales' }], ['note', { text: 'a "b"' }]]);
    const results = calls.map((c) => ({ functionResponse: { id: c.id, name: c.name, response: { result: 'ok' } } }));
    assert.match((await ask(results)).text, /open until six/);
  }
  for await (const c of await ai.models.generateContentStream({ model: 'gemini-2.5-flash', contents: 'block SAFETY' })) {
    assert.equal(c.promptFeedback.blockReason, 'SAFETY');
  }
  await assert.rejects(ai.models.generateContentStream({ model: 'gemini-2.0-flash', contents: 'Hi', config: { thinkingConfig: { thinkingBudget: 0 } } }), { status: 400 });
  const wrong = new GoogleGenAI({ apiKey: 'wrong', httpOptions: { baseUrl: address } });
  await assert.rejects(wrong.models.generateContentStream({ model: 'gemini-2.5-flash', contents: 'Hi' }), /API_KEY_INVALID/);

  const { hostname, port } = new URL(address);
  const tts = new TextToSpeechClient({ fallback: true, apiEndpoint: hostname, port: Number(port), apiKey: 'k' });
  const [a] = await tts.synthesizeSpeech({ input: { text: 'Hello there' }, voice: { languageCode: 'en-US', name: 'en-US-Chirp3-HD-Kore' }, audioConfig: { audioEncoding: 'LINEAR16', sampleRateHertz: 16000 } });
  const sound = Buffer.from(a.audioContent);
  assert.equal(sound.toString('latin1', 0, 4) + sound.toString('latin1', 8, 12), 'RIFFWAVE');
  assert.equal(sound.length, 44 + 2 * 320 * 11);
  console.log('Google’s SDKs took it');
}
main().catch((e) => { console.error(e); process.exit(1); });
