import { onDestroy, untrack } from 'svelte'
import { changes } from './agent'
import { ParleyError, words } from './api'
import type { Form } from './form.svelte'
import { same, saves } from './record'
import { go, guard } from './route.svelte'

type Doc = Record<string, any>

/** What a record is: where it is listed, how it is read and written, and as what a form holds it. */
export interface Kept<R> {
  form: Form
  id: () => string // 'new' is one to be
  path: string
  toDoc: (record: R) => Doc
  read: (id: string) => Promise<R>
  make?: (body: any) => Promise<{ id: string }>
  change: (id: string, body: any) => Promise<R>
  differs?: (before: Doc, now: Doc) => Doc // what a change sends
  saved: string
  show?: () => Promise<void> | void // has the fields be there that are at fault
}

/** A record in a form: read, changed, saved, undone, and asked about before the page is left. Made while a component is. */
export class Draft<R extends object> {
  record = $state.raw<R | null>(null)
  doc = $state<Doc | null>(null)
  before = $state.raw<Doc>({})
  error = $state('') // it cannot be read
  failed = $state('')
  told = $state('')
  lost = $state(false)
  busy = $state(false)
  readonly done: () => void
  #of: Kept<R>

  constructor(of: Kept<R>) {
    this.#of = of
    this.done = guard(() => untrack(() => this.dirty) && !this.busy)
    onDestroy(this.done)
  }

  get fresh() { return this.#of.id() === 'new' }
  get dirty() { return !!this.doc && (this.#of.form.held || !same(this.doc, this.before)) }
  get wrong() { return Object.keys(this.#of.form.errors).length }

  /** What there is to say of it. */
  get status() {
    if (this.busy) return 'Working …'
    if (this.wrong) return this.wrong === 1 ? 'One field is not right.' : `${this.wrong} fields are not right.`
    if (this.dirty) return this.fresh ? 'Not made yet.' : 'Not saved yet.'
    return this.told
  }

  /** Begins one that is to be. */
  begin(doc: Doc, before: Doc = {}) {
    this.#of.form.fresh = true
    this.before = structuredClone(before)
    this.doc = structuredClone(doc)
  }

  // A record as it is kept; what was typed since sent stays.
  #take(r: R, sent: unknown) {
    const typed = this.doc !== null && !same(this.doc, sent)
    this.record = r
    this.before = this.#of.toDoc(r)
    if (!typed) this.doc = structuredClone(this.before)
  }

  load = async () => {
    this.error = ''
    try {
      const r = await this.#of.read(this.#of.id())
      if (untrack(() => this.dirty)) this.record = r // what others have changed meanwhile is not sent back by who typed something else
      else this.#take(r, this.before)
    } catch (x) {
      if (x instanceof ParleyError && (x.status === 404 || x.status === 400)) this.lost = true
      else this.error = words(x)
    }
  }

  save = async () => {
    const { form, id, path, make, change, differs = changes, saved, show } = this.#of
    if (!this.doc || this.busy || (!this.fresh && !this.dirty)) return
    this.failed = await form.check(show)
    if (this.failed) return
    this.busy = true
    this.told = ''
    form.begin()
    try {
      const now = $state.snapshot(this.doc)
      if (this.fresh) {
        const made = await make!(now)
        this.done()
        this.before = now
        go(`${path}/${made.id}`, true)
        return
      }
      this.#take(await change(id(), differs(this.before, now)), now)
      this.told = saved
    } catch (x) {
      this.failed = await form.refuse(x, show)
    } finally { this.busy = false }
  }

  undo = () => {
    if (this.busy || !this.dirty) return
    this.doc = structuredClone(this.before)
    this.#of.form.clear()
    this.failed = this.told = ''
  }

  /** Does away with it, after the question, and leads to the list. */
  leave = async (question: string, act: () => Promise<unknown>) => {
    if (this.busy || !confirm(question)) return
    this.busy = true
    this.failed = ''
    try {
      await act()
      this.done()
      go(this.#of.path)
    } catch (x) { this.failed = words(x); this.busy = false }
  }

  keys = (e: KeyboardEvent) => {
    if (saves(e) && this.doc) { e.preventDefault(); void this.save() }
  }
}
