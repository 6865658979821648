// Chats with a deployment of Azure OpenAI by OpenAI's own SDK: by a dated version, and by v1. argv: the address.
const assert = require('node:assert');
const { AzureOpenAI, OpenAI } = require('openai');

async function main() {
  const address = process.argv[2];
  const clients = [
    new AzureOpenAI({ endpoint: address, apiKey: 'k', apiVersion: '2024-10-21', deployment: 'chat', maxRetries: 0 }),
    new OpenAI({ baseURL: address + '/openai/v1/', apiKey: 'k', maxRetries: 0 }),
  ];
  for (const client of clients) {
    const ask = async (content) => {
      const stream = await client.chat.completions.create({ model: 'chat', stream: true, stream_options: { include_usage: true }, messages: [{ role: 'user', content }] });
      let text = '', usage;
      const calls = [];
      for await (const c of stream) {
        text += c.choices[0]?.delta.content ?? '';
        usage = c.usage ?? usage;
        for (const t of c.choices[0]?.delta.tool_calls ?? []) {
          calls[t.index] ??= { name: t.function.name, args: '' };
          calls[t.index].args += t.function.arguments ?? '';
        }
      }
      return { text, calls, usage };
    };
    const said = await ask('Are you open?');
    assert.match(said.text, /open until six/);
    assert.ok(said.usage.total_tokens > 0);
    assert.deepEqual((await ask('call both')).calls.map((c) => [c.name, JSON.parse(c.args)]), [['transfer', { to: 'sales' }], ['note', { text: 'a "b"' }]]);
    for await (const _ of client.models.list()) assert.fail('a model');
  }
  const gone = new AzureOpenAI({ endpoint: address, apiKey: 'k', apiVersion: '2024-10-21', deployment: 'gone', maxRetries: 0 });
  await assert.rejects(gone.chat.completions.create({ model: 'gone', messages: [{ role: 'user', content: 'Hi' }] }), { status: 404, code: 'DeploymentNotFound' });
  console.log('ok');
}

main().catch((e) => { console.error(e); process.exit(1); });
