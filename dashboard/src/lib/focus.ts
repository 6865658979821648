const usable = 'a[href], button:not(:disabled), input:not(:disabled), select:not(:disabled), textarea:not(:disabled), summary, audio[controls], [tabindex="0"], [contenteditable="true"]'

const canBe = (e: HTMLElement) => e.matches(usable) && e.tabIndex >= 0 && e.checkVisibility({ visibilityProperty: true })
const firstIn = (box: Element | undefined) => (box instanceof HTMLElement && canBe(box) ? box : [...(box?.querySelectorAll<HTMLElement>(usable) ?? [])].find(canBe))

/**
 * Keeps the focus near where it was, when what had it goes away: on what took its place, else on what stands before it, else further up, and at last where
 * otherwise says. Whoever led the focus elsewhere meanwhile has the last word.
 */
export const keeps = (otherwise: () => void) => (box: HTMLElement) => {
  let way: { in: Element; place: number }[] = [] // from the nearest on: what the focus is in, and in which of its children
  let last: Element | null = null

  const came = (e: FocusEvent) => {
    last = e.target as Element
    way = []
    for (let at: Element = last; at !== box && at.parentElement; at = at.parentElement) way.push({ in: at.parentElement, place: [...at.parentElement.children].indexOf(at) })
  }
  const went = (e: FocusEvent) => { const it = e.target as Element; queueMicrotask(() => { if (last === it && it.isConnected) last = null }) } // what is taken out loses it, too

  const look = new MutationObserver(() => {
    const lost = last
    if (!lost || lost.isConnected) return
    setTimeout(() => {
      if (last !== lost || document.activeElement !== document.body) return
      last = null
      for (const { in: there, place } of way) {
        if (there === box || !there.isConnected) continue
        const next = firstIn(there.children[place]) ?? firstIn(there.children[place - 1]) ?? firstIn(there)
        if (next) { next.focus(); return }
      }
      otherwise()
    })
  })
  box.addEventListener('focusin', came)
  box.addEventListener('focusout', went)
  look.observe(box, { childList: true, subtree: true })
  return () => { look.disconnect(); box.removeEventListener('focusin', came); box.removeEventListener('focusout', went) }
}
