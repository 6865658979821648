// Talks to Claude by Anthropic's own SDK, tools and all. argv: the address.
const assert = require('node:assert');
const { default: Anthropic } = require('@anthropic-ai/sdk');

async function main() {
  const baseURL = process.argv[2];
  const client = new Anthropic({ apiKey: 'k', baseURL, maxRetries: 0 });
  const tools = [{ name: 'transfer', input_schema: { type: 'object', properties: { to: { type: 'string' } } } }, { name: 'note', input_schema: { type: 'object' } }];
  for (const thinking of [{ type: 'disabled' }, { type: 'adaptive' }]) {
    const messages = [];
    const ask = async (content) => {
      messages.push({ role: 'user', content });
      const stream = client.messages.stream({ model: 'claude-haiku-5-5', max_tokens: 1024, system: 'Be brief.', tools, thinking, messages });
      const m = await stream.finalMessage();
      messages.push({ role: 'assistant', content: m.content });
      assert.deepEqual([m.usage.input_tokens, m.usage.cache_read_input_tokens, m.usage.output_tokens], [20, 20, 20]);
      assert.equal(m.content[0].type === 'thinking', thinking.type === 'adaptive');
      return m;
    };
    const text = (m) => m.content.filter((b) => b.type === 'text').map((b) => b.text).join('');
    assert.match(text(await ask('Are you open?')), /open until six/);
    const m = await ask('call both');
    assert.equal(m.stop_reason, 'tool_use');
    const calls = m.content.filter((b) => b.type === 'tool_use');
    assert.deepEqual(calls.map((c) => [c.name, c.input]), [['transfer', { to: 'sales' }], ['note', { text: 'a "b"' }]]);
    assert.match(text(await ask(calls.map((c) => ({ type: 'tool_result', tool_use_id: c.id, content: 'ok' })))), /open until six/);
  }
  const bad = { model: 'claude-haiku-5-5', max_tokens: 1024, messages: [{ role: 'user', content: 'Hi' }, { role: 'assistant', content: 'Yes' }] };
  await assert.rejects(client.messages.create(bad), Anthropic.BadRequestError);
  console.log('Anthropic’s SDK took it');
}
main().catch((e) => { console.error(e); process.exit(1); });
