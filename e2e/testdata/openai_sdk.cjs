// Talks to a model by OpenAI's own SDK, by both of its APIs, tools and all, and has sound transcribed. argv: the address.
const assert = require('node:assert');
const { default: OpenAI, toFile } = require('openai');

const called = [['transfer', { to: 'sales' }], ['note', { text: 'a "b"' }]];

async function chat(client) {
  const request = (content) => ({ model: 'gpt-4o-mini', messages: [{ role: 'user', content }], stream_options: { include_usage: true } });
  const ask = async (content) => {
    const message = await client.chat.completions.stream(request(content)).finalMessage();
    let usage;
    for await (const c of await client.chat.completions.create({ ...request(content), stream: true })) usage = c.usage ?? usage;
    return { message, usage };
  };
  const said = await ask('Are you open?');
  assert.match(said.message.content, /open until six/);
  assert.deepEqual([said.usage.prompt_tokens, said.usage.completion_tokens], [50, 20]);
  const { message } = await ask('call both');
  assert.deepEqual(message.tool_calls.map((c) => [c.function.name, JSON.parse(c.function.arguments)]), called);
}

async function responses(client) {
  const ask = async (input, reasoning) => {
    let text = '', calls = [], usage;
    for await (const e of await client.responses.create({ model: 'gpt-5-mini', input, reasoning, stream: true, store: false })) {
      if (e.type === 'response.output_text.delta') text += e.delta;
      if (e.type === 'response.output_item.done' && e.item.type === 'function_call') calls.push(e.item);
      if (e.type === 'response.completed') usage = e.response.usage;
    }
    return { text, calls, usage };
  };
  for (const reasoning of [undefined, { effort: 'low' }]) {
    const said = await ask([{ role: 'user', content: 'Are you open?' }], reasoning);
    assert.match(said.text, /open until six/);
    assert.deepEqual([said.usage.input_tokens, said.usage.output_tokens], [50, 20]);
    const input = [{ role: 'user', content: 'call both' }];
    const { calls } = await ask(input, reasoning);
    assert.deepEqual(calls.map((c) => [c.name, JSON.parse(c.arguments)]), called);
    const results = calls.map((c) => ({ type: 'function_call_output', call_id: c.call_id, output: 'ok' }));
    assert.match((await ask([...input, ...calls, ...results], reasoning)).text, /open until six/);
    await assert.rejects(ask([...input, ...calls], reasoning), OpenAI.BadRequestError);
  }
}

// wav is words as the fake hears them: tones of 100 ms at the level of their name.
function wav(levels) {
  const pcm = Buffer.alloc(levels.length * 2560 * 2 + 8000 * 2);
  levels.forEach((l, k) => { for (let i = 0; i < 1600; i++) pcm.writeInt16LE(Math.floor(i / 20) % 2 ? -l * 1000 : l * 1000, 2 * (k * 2560 + i)); });
  const head = Buffer.alloc(44);
  head.write('RIFF'); head.writeUInt32LE(36 + pcm.length, 4); head.write('WAVEfmt ', 8); head.writeUInt32LE(16, 16);
  head.writeUInt16LE(1, 20); head.writeUInt16LE(1, 22); head.writeUInt32LE(16000, 24); head.writeUInt32LE(32000, 28);
  head.writeUInt16LE(2, 32); head.writeUInt16LE(16, 34); head.write('data', 36); head.writeUInt32LE(pcm.length, 40);
  return Buffer.concat([head, pcm]);
}

async function transcriptions(client) {
  const file = async () => toFile(wav([2, 3, 4]), 'speech.wav');
  const plain = await client.audio.transcriptions.create({ file: await file(), model: 'gpt-4o-mini-transcribe', language: 'en', prompt: 'Numbers.' });
  assert.equal(plain.text, 'one two three');
  const verbose = await client.audio.transcriptions.create({ file: await file(), model: 'whisper-1', response_format: 'verbose_json', timestamp_granularities: ['word', 'segment'] });
  assert.deepEqual([verbose.text, verbose.words.map((w) => w.word), verbose.words[1].start], ['one two three', ['one', 'two', 'three'], 0.16]);
  assert.equal(verbose.segments.length, 1);
  await assert.rejects(client.audio.transcriptions.create({ file: await file(), model: 'gpt-4o-transcribe', response_format: 'verbose_json' }), OpenAI.BadRequestError);
}

async function main() {
  const client = new OpenAI({ apiKey: 'k', baseURL: process.argv[2] + '/v1', maxRetries: 0 });
  await chat(client);
  await responses(client);
  await transcriptions(client);
  const sound = await client.audio.speech.create({ model: 'gpt-4o-mini-tts', voice: 'nova', input: 'Hello there', response_format: 'pcm' });
  assert.ok((await sound.arrayBuffer()).byteLength > 10000);
  console.log('OpenAI’s SDK took it');
}
main().catch((e) => { console.error(e); process.exit(1); });
