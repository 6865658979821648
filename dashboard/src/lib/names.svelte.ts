import { SvelteMap } from 'svelte/reactivity'
import { byID, first, type Kind } from './find'

/** What agents and others are called, as far as that is known; '' is gone, and null cannot be read. */
class Names {
  #known = new SvelteMap<string, string | null>()
  #wanted = new Set<string>()
  #kind: Kind
  #begun = false

  constructor(kind: Kind) { this.#kind = kind }

  /** What one is called; undefined while that is asked for. */
  of(id: string): string | null | undefined {
    const name = this.#known.get(id)
    if (name === undefined && !this.#wanted.has(id)) {
      this.#wanted.add(id)
      if (this.#wanted.size === 1) queueMicrotask(() => void this.#ask())
    }
    return name
  }

  async #ask() {
    try {
      if (!this.#begun) { // most are among the first
        this.#begun = true
        for (const c of (await first(this.#kind)).choices) this.#known.set(c.id, c.name)
      }
      const missing = [...this.#wanted].filter((id) => this.#known.get(id) === undefined)
      for (let i = 0; i < missing.length; i += 100) {
        const some = missing.slice(i, i + 100)
        const found = new Map((await byID(this.#kind, some)).map((c) => [c.id, c.name]))
        for (const id of some) this.#known.set(id, found.get(id) ?? '')
      }
    } catch { for (const id of this.#wanted) if (this.#known.get(id) === undefined) this.#known.set(id, null) } // without names a list is as good as before
    this.#wanted.clear()
  }
}

/** What the agent of a call in a list is called; the call has an id. They are asked for anew by each page. */
export function agentNames() {
  const names = new Names('agents')
  return (id: unknown) => {
    if (!id) return 'An agent of this call alone'
    const name = names.of(String(id))
    return name === '' ? 'An agent that is gone' : name ?? '…'
  }
}

/** What others are called. */
export function namesOf(kind: Kind, gone: string) {
  const names = new Names(kind)
  return (id: string) => { const name = names.of(id); return name === '' ? gone : name ?? '…' }
}
