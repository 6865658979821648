/** Client of Parley's REST API. Paths, parameters, bodies and answers are typed by the contract; `schema.ts` is generated from it. */
import createClient, { type Client } from "openapi-fetch";
import type { components, paths } from "./schema.js";

export type { components, paths } from "./schema.js";
export type Schemas = components["schemas"];

/** What a server is asked with. */
export interface Options {
  /** Where the server is, such as http://127.0.0.1:8080; without /v1. */
  baseUrl: string;
  /** A key of the environment, sk_live_… or sk_test_…; left out on a page of the server itself, whose browser has logged in. */
  apiKey?: string;
  /** Instead of the global fetch. */
  fetch?: typeof globalThis.fetch;
}

/** A refusal: what was wrong, and where. */
export class ParleyError extends Error {
  /** HTTP status. */
  readonly status: number;
  /** Stable and machine readable, such as not_found or invalid. */
  readonly code: string;
  /** Names this request in the server's log. */
  readonly requestId: string | undefined;
  /** What is wrong with each field of a request. */
  readonly fields: { field: string; message: string }[];
  /** Seconds after which asking again may help. */
  readonly retryAfter: number | undefined;

  constructor(response: Response, body: unknown) {
    const problem = (typeof body === "object" && body !== null ? body : {}) as Partial<Schemas["Problem"]>;
    const said = Array.isArray(problem.message) ? problem.message.join("; ") : problem.message;
    super(said ?? `the server answered ${response.status} ${response.statusText}`);
    this.name = "ParleyError";
    this.status = response.status;
    this.code = problem.code ?? "unknown";
    this.requestId = problem.request_id ?? response.headers.get("x-request-id") ?? undefined;
    this.fields = problem.errors ?? [];
    const after = Number(response.headers.get("retry-after"));
    this.retryAfter = Number.isFinite(after) && after > 0 ? after : undefined;
  }
}

/** A fact about a call; partial words have sequence 0. */
export interface CallEvent {
  id: string;
  call_id: string;
  sequence: number;
  type: string;
  timestamp: string;
  payload: Record<string, unknown>;
}

/** A page of a list, as every list answers. */
export interface Page<T> {
  items: T[];
  page: number;
  size: number;
  has_more: boolean;
  total: number;
  total_is_estimated: boolean;
}

/** A client: GET, POST and DELETE take the contract's paths; unwrap turns refusals into exceptions. */
export interface Parley extends Client<paths> {
  /** The events of a call, those that were first, until the call is over. Taken up again where a connection broke. */
  events(callId: string, options?: { after?: number; signal?: AbortSignal }): AsyncGenerator<CallEvent, void, undefined>;
  /** What happens on all calls of the environment from now on, of these types or all, until a signal ends it. Where the connection breaks what happened
   * meanwhile is lost: connected is called each time it is there (again), and is the moment to ask which calls run. */
  live(options?: { types?: string[]; signal?: AbortSignal; connected?: () => void }): AsyncGenerator<CallEvent, void, undefined>;
  /** The sound of a call. */
  recording(callId: string, format?: "mp3" | "wav"): Promise<Uint8Array>;
}

/** Makes a client. */
export function createParley(options: Options): Parley {
  const baseUrl = options.baseUrl.replace(/\/+$/, "");
  const headers: Record<string, string> = options.apiKey === undefined ? {} : { Authorization: `Bearer ${options.apiKey}` };
  const get = options.fetch ?? globalThis.fetch;
  const client = createClient<paths>({ baseUrl, headers, fetch: options.fetch });
  return Object.assign(client, {
    events: (callId: string, o: { after?: number; signal?: AbortSignal } = {}) => follow(get, baseUrl, headers, callId, o),
    live: (o: { types?: string[]; signal?: AbortSignal; connected?: () => void } = {}) => watch(get, baseUrl, headers, o),
    recording: async (callId: string, format: "mp3" | "wav" = "mp3") => {
      const response = await get(`${baseUrl}/v1/calls/recording?${new URLSearchParams({ id: callId, format })}`, { headers });
      if (!response.ok) throw new ParleyError(response, await response.json().catch(() => undefined));
      return new Uint8Array(await response.arrayBuffer());
    },
  });
}

/** The data of an answer; a refusal is thrown as a ParleyError. */
export async function unwrap<T>(answer: Promise<{ data?: T; error?: unknown; response: Response }>): Promise<T> {
  const { data, error, response } = await answer;
  if (error !== undefined || !response.ok) throw new ParleyError(response, error);
  return data as T;
}

/** All items of a list, asked for page by page: `for await (const a of all(page => parley.GET("/v1/agents/list", { params: { query: { page } } })))`. */
export async function* all<T>(list: (page: number) => Promise<{ data?: Page<T>; error?: unknown; response: Response }>): AsyncGenerator<T, void, undefined> {
  for (let page = 1; ; page++) {
    const answer = await unwrap(list(page));
    yield* answer.items;
    if (!answer.has_more) return;
  }
}

const retryMs = 1000;

async function* follow(
  get: typeof globalThis.fetch, baseUrl: string, headers: Record<string, string>, callId: string, options: { after?: number; signal?: AbortSignal },
): AsyncGenerator<CallEvent, void, undefined> {
  let after = options.after ?? 0;
  for (;;) {
    let response: Response;
    try {
      response = await get(`${baseUrl}/v1/calls/events?${new URLSearchParams({ id: callId, after: String(after) })}`, { headers, signal: options.signal ?? null });
    } catch (error) {
      if (options.signal?.aborted || after === 0) throw error; // a server that was never there is no broken connection
      await new Promise((wake) => setTimeout(wake, retryMs));
      continue;
    }
    if (response.status === 204) return;
    if (!response.ok || !response.body) throw new ParleyError(response, await response.json().catch(() => undefined));
    try {
      for await (const event of parse(response.body)) {
        if (event.sequence > 0) after = event.sequence;
        yield event;
        if (event.type === "event_phone_call_ended" || event.type === "event_phone_call_did_not_connect") return;
      }
    } catch (error) {
      if (options.signal?.aborted) throw error;
    }
    await new Promise((wake) => setTimeout(wake, retryMs));
  }
}

async function* watch(
  get: typeof globalThis.fetch, baseUrl: string, headers: Record<string, string>, options: { types?: string[]; signal?: AbortSignal; connected?: () => void },
): AsyncGenerator<CallEvent, void, undefined> {
  const query = options.types?.length ? `?${new URLSearchParams({ types: options.types.join(",") })}` : "";
  for (let first = true; ; first = false) {
    try {
      const response = await get(`${baseUrl}/v1/calls/live${query}`, { headers, signal: options.signal ?? null });
      if (!response.ok || !response.body) throw new ParleyError(response, await response.json().catch(() => undefined));
      options.connected?.();
      yield* parse(response.body);
    } catch (error) {
      if (options.signal?.aborted) return;
      if (first || (error instanceof ParleyError && error.status < 500)) throw error;
    }
    await new Promise((wake) => setTimeout(wake, retryMs));
    if (options.signal?.aborted) return;
  }
}

/** Reads server-sent events (WHATWG HTML, 9.2) whose data is JSON. */
async function* parse(body: ReadableStream<Uint8Array>): AsyncGenerator<CallEvent, void, undefined> {
  const decoder = new TextDecoder();
  const reader = body.getReader();
  let rest = "";
  let data: string[] = [];
  try {
    for (;;) {
      const { value, done } = await reader.read();
      if (done) return;
      rest += decoder.decode(value, { stream: true });
      for (let end = rest.indexOf("\n"); end >= 0; end = rest.indexOf("\n")) {
        const line = rest.slice(0, end).replace(/\r$/, "");
        rest = rest.slice(end + 1);
        if (line.startsWith("data:")) data.push(line.slice(5).replace(/^ /, ""));
        else if (line === "" && data.length > 0) {
          yield JSON.parse(data.join("\n")) as CallEvent;
          data = [];
        }
      }
    }
  } finally {
    await reader.cancel().catch(() => undefined);
  }
}
