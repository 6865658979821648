import { tick } from 'svelte'
import { ParleyError } from './api'
import { presets } from './connections'
import { sentence } from './format'
import { above, fieldOf, point } from './record'
import { labelOf } from './schema'

/** What the fields of a form share: what is wrong with them, and what they choose from. */
export class Form {
  errors = $state<Record<string, string>>({})
  fresh = $state(false)
  /** Texts as they are typed, where what they say is written in another way. */
  typed = $state<Record<string, string>>({})
  /** How often all was taken back. */
  cleared = $state(0)
  #unfit = $state<Record<string, string>>({}) // why what a field holds cannot be sent

  /** A field was changed: what was wrong with it may be right now. */
  touch(path: string) {
    for (const all of [this.errors, this.#unfit]) for (const p of Object.keys(all)) if (p === path || p.startsWith(path + '.')) delete all[p]
    for (const p of Object.keys(this.typed)) if (p.startsWith(path + '.')) delete this.typed[p] // of the field itself it is what is being typed
  }

  /** Items of a list have other places: to says where each is now, undefined that it is gone. What is said of them and typed into them goes along. */
  moved(path: string, to: (i: number) => number | undefined) {
    for (const all of [this.errors, this.#unfit, this.typed]) {
      const there: Record<string, string> = {}
      for (const p of Object.keys(all)) {
        if (!p.startsWith(path + '.')) continue
        const [i, ...rest] = p.slice(path.length + 1).split('.')
        const place = to(Number(i))
        if (place !== undefined) there[[path, place, ...rest].join('.')] = all[p]!
        delete all[p]
      }
      Object.assign(all, there)
    }
    delete this.errors[path]
  }

  /** All is about to be sent: nothing is said of it yet, and what is not being typed any more is written as always, unless it cannot be sent. */
  begin() {
    this.errors = {}
    for (const p of Object.keys(this.typed)) if (!this.#unfit[p] && fieldOf(p) !== document.activeElement) delete this.typed[p]
  }

  /** Says what is wrong with a field. */
  spoil(path: string, message: string) { this.errors[path] = message }

  /** A field holds what cannot be sent; that is said of it once it is left, or all is to be sent. */
  hold(path: string, message: string) { this.#unfit[path] = message }

  /** A field is left: what it says is written as always, unless that cannot be sent. For a button nothing moves: it would not be where it is pressed. */
  leave(path: string, to: EventTarget | null) {
    const why = this.#unfit[path]
    if (why && !(to instanceof HTMLButtonElement)) this.errors[path] = why
    if (!why && !this.errors[path]) delete this.typed[path] // what is said of its lines is said of them as they stand
  }

  /** Whether a field holds what cannot be sent, yet. */
  get held() { return Object.keys(this.#unfit).length > 0 }

  /** Whether a field, of all or of those at a path and within it, holds what cannot be sent; says so where it stands. */
  spoiled(path?: string) {
    const at = Object.keys(this.#unfit).filter((p) => path === undefined || p === path || p.startsWith(`${path}.`))
    for (const p of at) this.errors[p] = this.#unfit[p]!
    return at.length > 0
  }

  /** Before all is sent: what a field holds that cannot be is said at it, once the fields are shown, and the first is led to. Returns what there is to say; '': it can be sent. */
  async check(show?: () => Promise<void> | void): Promise<string> {
    if (!this.spoiled()) return ''
    await show?.()
    await tick()
    for (const p of Object.keys(this.#unfit)) if (!fieldOf(p)) for (const all of [this.errors, this.#unfit, this.typed]) delete all[p] // no field shows it any more, and it is not sent either
    return this.held ? ['A field holds what cannot be sent.', point(this.errors)].filter(Boolean).join(' ') : ''
  }

  /** All is taken back, also what could not be sent. */
  clear() {
    this.errors = {}
    this.typed = {}
    this.#unfit = {}
    this.cleared++
  }

  /** Puts a refusal at its fields; what is left is of none of them. */
  refused(error: unknown): string {
    this.errors = {}
    if (!(error instanceof ParleyError)) return error instanceof Error ? error.message : String(error)
    for (const f of error.fields) this.errors[f.field] = sentence(f.field, f.message)
    return error.fields.length ? '' : error.message
  }

  /** Puts a refusal at its fields, has them shown, leads to the first of them, and says what is of none. */
  async refuse(error: unknown, show?: () => Promise<void> | void): Promise<string> {
    const rest = this.refused(error)
    await show?.()
    await tick()
    this.#gather()
    return [rest, point(this.errors)].filter(Boolean).join(' ')
  }

  // gather has the field that holds a whole list, or all of an object, say what is wrong with a part of it.
  #gather() {
    for (const [path, message] of Object.entries(this.errors)) {
      if (fieldOf(path)) continue
      const whole = above(path).find(fieldOf)
      if (!whole || fieldOf(whole)!.tagName !== 'TEXTAREA') continue
      const part = path.slice(whole.length + 1)
      const said = `${/^\d+$/.test(part) ? placeIn(fieldOf(whole) as HTMLTextAreaElement, Number(part)) : part}: ${message.charAt(0).toLowerCase()}${message.slice(1)}`
      delete this.errors[path]
      this.errors[whole] = this.errors[whole] ? `${this.errors[whole]}; ${said}` : said.charAt(0).toUpperCase() + said.slice(1)
    }
  }

  choice(name: string, value: string) {
    if (name === 'language') return new Intl.DisplayNames(undefined, { type: 'language' }).of(value) ?? value
    if (name === 'preset' && presets[value]) return presets[value].title
    if (name === 'region' && value.length === 2) return value.toUpperCase()
    return labelOf(value.replace(/^(action|voice|transcriber|action_trigger|phrase_condition_type|skill|vector_database)_/, ''))
  }
}

// placeIn is what an item of a list is called: by the line on which it stands, as blank ones are none.
function placeIn(field: HTMLTextAreaElement, item: number) {
  const line = 'lines' in field.dataset ? lineOf(field.value, item) : 0
  return line ? `Line ${line}` : `No. ${item + 1}`
}

/** The line on which an item of a text stands, of which blank lines are none; 0: there is none. Both are counted as people do and programs do: from 1, from 0. */
export function lineOf(text: string, item: number) {
  const lines = text.split('\n')
  for (let i = 0; i < lines.length; i++) if (lines[i]!.trim() && item-- === 0) return i + 1
  return 0
}
