// Talks to a model by OpenAI's own SDK, by both of its APIs, tools and all. argv: the address.
const assert = require('node:assert');
const { default: OpenAI } = require('openai');

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

async function main() {
  const client = new OpenAI({ apiKey: 'k', baseURL: process.argv[2] + '/v1', maxRetries: 0 });
  await chat(client);
  await responses(client);
  const sound = await client.audio.speech.create({ model: 'gpt-4o-mini-tts', voice: 'nova', input: 'Hello there', response_format: 'pcm' });
  assert.ok((await sound.arrayBuffer()).byteLength > 10000);
  console.log('OpenAI’s SDK took it');
}
main().catch((e) => { console.error(e); process.exit(1); });
