import assert from "node:assert/strict";
import { test } from "node:test";
import { all, createParley, ParleyError, unwrap, type CallEvent, type Page } from "../src/index.js";

const baseUrl = process.env.PARLEY_URL ?? "http://127.0.0.1:8080";
const apiKey = process.env.PARLEY_API_KEY ?? "";
const parley = createParley({ baseUrl, apiKey });

const agentBody = {
  name: "Ada", prompt: { content: "Be kind." }, voice: { type: "voice_local" }, actions: [{ type: "action_end_conversation" as const, config: {} }],
  initial_message: "Good day.",
};

test("an agent is made, read, changed, listed and deleted", async () => {
  const made = await unwrap(parley.POST("/v1/agents/create", { body: agentBody }));
  const id = made.id;
  assert.equal(made.prompt.content, "Be kind.");
  assert.equal((await unwrap(parley.GET("/v1/agents", { params: { query: { id } } }))).name, "Ada");
  const changed = await unwrap(parley.POST("/v1/agents/update", { params: { query: { id } }, body: { name: "Bea", initial_message: null } }));
  assert.equal(changed.name, "Bea");
  assert.equal(changed.initial_message, null);
  const filters = JSON.stringify({ name: "Bea" });
  const page = await unwrap(parley.GET("/v1/agents/list", { params: { query: { filters, size: 1 } } }));
  assert.equal(page.items[0]?.id, id);
  await unwrap(parley.DELETE("/v1/agents/delete", { params: { query: { id } } }));
  await assert.rejects(unwrap(parley.GET("/v1/agents", { params: { query: { id } } })), (e) => e instanceof ParleyError && e.status === 404 && e.code === "not_found");
});

test("a refusal names its fields", async () => {
  const answer = parley.POST("/v1/agents/create", { body: { ...agentBody, conversation_speed: 9, language: "tlh" as "en" } });
  await assert.rejects(unwrap(answer), (e) => {
    assert(e instanceof ParleyError);
    assert.equal(e.status, 400);
    assert.deepEqual(e.fields.map((f) => f.field).sort(), ["conversation_speed", "language"]);
    assert.match(e.message, /conversation_speed must be between 0.5 and 2/);
    assert(e.requestId);
    return true;
  });
});

test("a wrong key is a 401", async () => {
  const stranger = createParley({ baseUrl: `${baseUrl}/`, apiKey: "sk_test_nobody" });
  await assert.rejects(unwrap(stranger.GET("/v1/agents/list", {})), (e) => e instanceof ParleyError && e.status === 401);
  await assert.rejects(stranger.recording("00000000-0000-4000-8000-000000000000"), (e) => e instanceof ParleyError && e.status === 401);
});

test("a list is read to its end", async () => {
  const labels = ["a", "b", "c", "d", "e"].map((x) => `pages ${x}`);
  for (const label of labels) await unwrap(parley.POST("/v1/prompts/create", { body: { label, content: "x" } }));
  const seen: string[] = [];
  const filters = JSON.stringify({ label: { contains: "pages" } });
  for await (const p of all((page) => parley.GET("/v1/prompts/list", { params: { query: { page, size: 2, filters, sort_column: "label" } } }))) {
    seen.push(p.label ?? "");
  }
  assert.deepEqual(seen, labels);
});

test("a call is placed, followed to its end and heard", { timeout: 120_000 }, async () => {
  const agent = await unwrap(parley.POST("/v1/agents/create", { body: { ...agentBody, ask_if_human_present_on_idle: false } }));
  const call = await unwrap(parley.POST("/v1/calls/create", {
    body: { from_number: "+15550001111", to_number: process.env.PARLEY_SIP_URI ?? "sip:demo@127.0.0.1", agent: agent.id },
  }));
  const events: CallEvent[] = [];
  for await (const e of parley.events(call.id)) {
    events.push(e);
    if (e.type === "event_message" && e.payload.sender === "bot") {
      const running = await unwrap(parley.GET("/v1/calls", { params: { query: { id: call.id } } }));
      if (running.status === "in_progress") await parley.POST("/v1/calls/end", { params: { query: { id: call.id } } });
    }
  }
  const stored = events.filter((e) => e.sequence > 0).map((e) => e.sequence);
  assert.deepEqual(stored, stored.map((_, i) => i + 1), "sequences are gap-free");
  assert.equal(events.at(-1)?.type, "event_phone_call_ended");
  const over = await unwrap(parley.GET("/v1/calls", { params: { query: { id: call.id } } }));
  assert.equal(over.status, "ended");
  assert.match(over.transcript ?? "", /BOT: /);
  const wav = await parley.recording(call.id, "wav");
  assert.equal(new TextDecoder().decode(wav.subarray(0, 4)), "RIFF");
  const again: CallEvent[] = [];
  for await (const e of parley.events(call.id, { after: 2 })) again.push(e);
  assert.equal(again[0]?.sequence, 3);
});

test("events are taken up again where a connection broke", async () => {
  const event = (sequence: number, type: string) => `id: ${sequence}\r\nevent: ${type}\r\ndata: ${JSON.stringify({ id: "x", call_id: "c", sequence, type, timestamp: "", payload: {} })}\r\n\r\n`;
  const answers = [event(1, "created") + ": still there\n\n" + event(2, "ringing").slice(0, 20), event(2, "ringing") + event(3, "event_phone_call_ended")];
  const asked: string[] = [];
  const flaky = createParley({
    baseUrl: "http://x", apiKey: "k",
    fetch: async (url) => {
      asked.push(String(url));
      return new Response(answers.shift());
    },
  });
  const seen: number[] = [];
  for await (const e of flaky.events("c")) seen.push(e.sequence);
  assert.deepEqual(seen, [1, 2, 3]);
  assert.deepEqual(asked.map((u) => new URL(u).searchParams.get("after")), ["0", "1"]);
});

test("all calls are followed again where a connection broke", async () => {
  const event = (call: string) => `event: partial\ndata: ${JSON.stringify({ id: "", call_id: call, sequence: 0, type: "partial", timestamp: "", payload: {} })}\n\n`;
  const answers = [event("a") + event("b"), event("c")];
  const asked: string[] = [];
  let connected = 0;
  const stop = new AbortController();
  const flaky = createParley({ baseUrl: "http://x", apiKey: "k", fetch: async (url) => { asked.push(String(url)); return new Response(answers.shift()); } });
  const seen: string[] = [];
  for await (const e of flaky.live({ types: ["partial", "event_message"], signal: stop.signal, connected: () => { connected++; } })) {
    seen.push(e.call_id);
    if (seen.length === 3) break;
  }
  assert.deepEqual(seen, ["a", "b", "c"]);
  assert.equal(connected, 2);
  assert.equal(asked[0], "http://x/v1/calls/live?types=partial%2Cevent_message");
});

test("pages are typed", () => {
  const page: Page<{ id: string }> = { items: [{ id: "a" }], page: 1, size: 10, has_more: false, total: 1, total_is_estimated: false };
  // @ts-expect-error: an agent needs a prompt
  const wrong = () => parley.POST("/v1/agents/create", { body: { voice: {}, actions: [] } });
  assert.equal(typeof wrong, "function");
  assert.equal(page.items.length, 1);
});
