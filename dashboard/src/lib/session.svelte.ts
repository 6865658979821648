import { api, ParleyError, unwrap, whenLoggedOut, type Schemas } from './api'
import { conceal } from './reveal.svelte'

/** Who has logged in; undefined: not known yet, null: nobody. */
export const session = $state<{ who: Schemas['SessionDto'] | null | undefined; ended: boolean; failed: string }>({ who: undefined, ended: false, failed: '' })

/**
 * Whether the browser may be logged in: without its cookie, which scripts cannot see, nothing is asked that can only be refused. The page says so of the request that it came
 * by; but after a link from elsewhere the browser sends the cookie (SameSite=Strict) with what this page asks for alone, so that the page is then asked for once more.
 */
async function known() {
  if (document.querySelector('meta[name=parley-session]')) return true
  try {
    const again = await fetch('/')
    return !again.ok || (await again.text()).includes('<meta name="parley-session">')
  } catch { return true } // what is asked next tells what is wrong
}

whenLoggedOut(() => {
  session.ended ||= !!session.who // several requests may be told so
  session.who = null
  conceal()
})

export async function look() {
  session.failed = ''
  try {
    if (!(await known())) { session.who = null; return }
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
