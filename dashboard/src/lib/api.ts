import { createParley, ParleyError, unwrap, type Schemas } from '@client/index'

export { ParleyError, unwrap }
export type { Schemas }
export type Agent = Schemas['AgentDto']
export type Call = Schemas['CallDto']
export type Turn = Schemas['TurnDto']

/** The API of the server that this page is of; the browser sends the login's cookie by itself. */
export const api = createParley({ baseUrl: location.origin, fetch: watched })

let over: () => void = () => {}

/** Names what is done when the login is over. */
export function whenLoggedOut(f: () => void) { over = f }

async function watched(input: RequestInfo | URL, init?: RequestInit): Promise<Response> {
  let response: Response
  try {
    response = await fetch(input, init)
  } catch (error) {
    if (error instanceof DOMException && error.name === 'AbortError') throw error
    throw new Error('The server cannot be reached. Is it running?')
  }
  if (response.status === 401 && !response.url.endsWith('/v1/sessions/login')) over()
  return response
}

/** What to show of an error. */
export const words = (error: unknown) => (error instanceof Error ? error.message : String(error))
