import { tick } from 'svelte'
import { words } from './api'
import { ask, here } from './route.svelte'

/** A page of a list, as every list answers. */
export interface Paged<T> { items: T[]; page: number; size: number; has_more: boolean; total: number; total_is_estimated: boolean }

/** The page of a list that the address asks for, read anew when that changes or what read asks for. Made while a component is. */
export class Listing<T> {
  list = $state.raw<Paged<T> | null>(null)
  error = $state('')
  busy = $state(true)
  #asked = 0
  #read: (page: number) => Promise<Paged<T>>

  constructor(read: (page: number) => Promise<Paged<T>>) {
    this.#read = read
    $effect(() => { void this.load() })
  }

  load = async () => {
    const mine = ++this.#asked
    this.busy = true
    try {
      const got = await this.#read(Math.max(1, Math.floor(Number(here.query.get('page'))) || 1))
      if (mine !== this.#asked) return
      const last = Math.ceil(got.total / got.size)
      if (!got.items.length && got.page > 1 && last > 0 && last < got.page) return ask({ page: last > 1 ? String(last) : '' }) // its last items were deleted
      this.list = got
      this.error = ''
    } catch (x) { if (mine === this.#asked) this.error = words(x) } finally { if (mine === this.#asked) this.busy = false }
  }
}

/** Gives the focus to what can be done with the row that is in the place of one that is gone, or to the page's heading. */
export async function follow(place: number) {
  await tick()
  const rows = document.querySelectorAll('#page tbody tr')
  const next = rows[Math.min(Math.max(place, 0), rows.length - 1)]?.querySelector<HTMLElement>('.acts button')
  ;(next ?? document.querySelector<HTMLElement>('#page h1'))?.focus()
}

/** Goes to another page of the list, which is a new place in the history. */
export const turn = (page: number) => ask({ page: page > 1 ? String(page) : '' }, true)

/** Narrows the list by one more thing, or with '' by one less; from its first page on. */
export const narrow = (name: string, value: string) => ask({ [name]: value, page: '' })

/** What the address narrows the list by. */
export const narrowed = (name: string) => here.query.get(name) ?? ''

/** Filters of the API, without those that are empty. */
export const filters = (all: Record<string, unknown>) => JSON.stringify(Object.fromEntries(Object.entries(all).filter(([, v]) => v !== '' && v !== undefined)))
