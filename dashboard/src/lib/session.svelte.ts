import { api, ParleyError, unwrap, whenLoggedOut, type Schemas } from './api'
import { conceal } from './reveal.svelte'

/** Who has logged in; undefined: not known yet, null: nobody. */
export const session = $state<{ who: Schemas['SessionDto'] | null | undefined; ended: boolean; failed: string }>({ who: undefined, ended: false, failed: '' })

whenLoggedOut(() => {
  session.ended ||= !!session.who // several requests may be told so
  session.who = null
  conceal()
})

export async function look() {
  session.failed = ''
  try {
    session.who = await unwrap(api.GET('/v1/sessions'))
  } catch (error) {
    if (error instanceof ParleyError && error.status === 401) session.who = null
    else session.failed = error instanceof Error ? error.message : String(error)
  }
}

export async function logIn(key: string) {
  session.who = await unwrap(api.POST('/v1/sessions/login', { body: { key } }))
  session.ended = false
}

export async function logOut() {
  await unwrap(api.POST('/v1/sessions/logout'))
  conceal()
  session.who = null
  session.ended = false
}
