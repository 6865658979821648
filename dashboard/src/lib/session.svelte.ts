import { api, ParleyError, unwrap, whenLoggedOut, type Schemas } from './api'
import { conceal } from './reveal.svelte'

/** Who has logged in; undefined: not known yet, null: nobody. */
export const session = $state<{ who: Schemas['SessionDto'] | null | undefined; ended: boolean; failed: string }>({ who: undefined, ended: false, failed: '' })

// Whether there may be a cookie, which scripts cannot see: without it nothing is asked that can only be refused.
const mark = {
  get: () => { try { return localStorage.getItem('parley-session') !== null } catch { return true } },
  set: (is: boolean) => { try { if (is) localStorage.setItem('parley-session', ''); else localStorage.removeItem('parley-session') } catch { /* then it is always asked */ } },
}

whenLoggedOut(() => {
  mark.set(false)
  session.ended ||= !!session.who // several requests may be told so
  session.who = null
  conceal()
})

export async function look() {
  session.failed = ''
  if (!mark.get()) { session.who = null; return }
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
  mark.set(true)
}

export async function logOut() {
  await unwrap(api.POST('/v1/sessions/logout'))
  conceal()
  mark.set(false)
  session.who = null
  session.ended = false
}
