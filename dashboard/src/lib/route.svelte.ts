/** Where the page is. */
export const here = $state({ path: location.pathname, query: new URLSearchParams(location.search) })

/** The path of the page that stands at / for now, where that is another one than its own. */
export const standing = $state({ for: '' })

const changed = 'There are changes that are not saved. Leave without them?'
let unsaved: (() => boolean) | null = null
let asking = changed
let shown = location.href

/** Asks before a page is left on which something is not saved, or would be lost. Returns what ends the asking. */
export function guard(f: () => boolean, question = changed) {
  unsaved = f
  asking = question
  return () => { if (unsaved === f) unsaved = null }
}

/** Whether what would be lost may be: asks, where anything would. */
export const mayLeave = () => !unsaved?.() || confirm(asking)

function show() {
  shown = location.href
  here.path = location.pathname
  here.query = new URLSearchParams(location.search)
}

/** Goes to a page of the dashboard. */
export function go(to: string, replace = false) {
  const there = new URL(to, location.href)
  if (there.pathname !== location.pathname) {
    if (!mayLeave()) return
    unsaved = null
  }
  history[replace ? 'replaceState' : 'pushState'](null, '', to)
  show()
}

/** Sets words of the query, or takes those out that are empty, without a new place in the history. */
export function ask(changes: Record<string, string>) {
  const query = new URLSearchParams(location.search)
  for (const [k, v] of Object.entries(changes)) if (v) query.set(k, v); else query.delete(k)
  history.replaceState(null, '', location.pathname + (query.size ? '?' + query : ''))
  show()
}

/** The pages that are not the dashboard's. */
const elsewhere = /^\/(docs|licences|try|v1|web|openapi|llms|healthz|readyz|metrics|widget)(?=[./]|$)/

addEventListener('popstate', () => {
  if (location.href !== shown && new URL(shown).pathname !== location.pathname) {
    if (!mayLeave()) { history.pushState(null, '', shown); return }
    unsaved = null
  }
  show()
})
addEventListener('beforeunload', (e) => { if (unsaved?.()) e.preventDefault() })
addEventListener('click', (e) => {
  const a = e.target instanceof Element ? e.target.closest('a') : null
  if (!a || a.origin !== location.origin || a.target || a.hasAttribute('download') || elsewhere.test(a.pathname) || a.getAttribute('href')?.startsWith('#')) return
  if (e.button || e.metaKey || e.ctrlKey || e.shiftKey || e.altKey || e.defaultPrevented) return
  e.preventDefault()
  go(a.pathname + a.search)
})
