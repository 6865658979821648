import { api, unwrap, type Agent } from './api'
import { nameOf } from './format'

/** The environment's agents, the first hundred of them by age. */
export async function listAgents(): Promise<Agent[]> {
  return (await unwrap(api.GET('/v1/agents/list', { params: { query: { size: 100 } } }))).items
}

/** What the agent of a call in a list is called; the call has an id. */
export function nameIn(agents: Agent[], agent: unknown) {
  const found = agents.find((a) => a.id === agent)
  return found ? nameOf(found) : agent ? 'An agent that is gone' : 'An agent of this call alone'
}
