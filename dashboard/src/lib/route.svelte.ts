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

// Where each place in the history was scrolled to is kept with it, and gone to again: what a page shows comes after the browser would have scrolled.
const settling = 3000 // ms, for which what comes in may move a page that was gone back to
let wanted: number | null = null
let noting = 0
history.scrollRestoration = 'manual'

function note() {
  clearTimeout(noting)
  if (wanted === null) history.replaceState({ ...history.state, y: scrollY }, '')
}

/** Scrolls to where this place in the history was left; a new one begins at its top. */
export const place = () => scrollTo(0, wanted ?? 0)

const growing = new ResizeObserver(place)
function settle() {
  growing.disconnect()
  clearTimeout(noting)
  wanted = null
}
function back() {
  settle()
  const y = Number(history.state?.y) || 0
  if (y === 0) { scrollTo(0, 0); return }
  wanted = y
  growing.observe(document.body)
  setTimeout(() => { if (wanted === y) settle() }, settling)
}
for (const act of ['wheel', 'touchstart', 'pointerdown', 'keydown']) addEventListener(act, () => { if (wanted !== null) settle() }, { passive: true, capture: true })
addEventListener('scroll', () => { clearTimeout(noting); noting = window.setTimeout(note, 100) }, { passive: true })
addEventListener('pagehide', note)
back()

/** Goes to a page of the dashboard. */
export function go(to: string, replace = false) {
  const there = new URL(to, location.href)
  if (there.pathname !== location.pathname) {
    if (!mayLeave()) return
    unsaved = null
  }
  if (!replace) note()
  settle()
  history[replace ? 'replaceState' : 'pushState'](null, '', to)
  show()
}

/** Sets words of the query, or takes those out that are empty; anew: as a new place in the history. */
export function ask(changes: Record<string, string>, anew = false) {
  const query = new URLSearchParams(location.search)
  for (const [k, v] of Object.entries(changes)) if (v) query.set(k, v); else query.delete(k)
  const to = location.pathname + (query.size ? '?' + query : '')
  if (anew) { note(); settle(); history.pushState(null, '', to) } else history.replaceState(history.state, '', to)
  show()
}

/** The pages that are not the dashboard's. */
const elsewhere = /^\/(docs|licences|try|v1|web|openapi|llms|healthz|readyz|metrics|widget)(?=[./]|$)/

addEventListener('popstate', () => {
  if (location.href !== shown && new URL(shown).pathname !== location.pathname) {
    if (!mayLeave()) { history.pushState(null, '', shown); return }
    unsaved = null
  }
  back()
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
