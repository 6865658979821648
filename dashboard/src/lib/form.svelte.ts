import { tick } from 'svelte'
import { ParleyError } from './api'
import { presets } from './connections'
import { point } from './record'
import { labelOf } from './schema'

/** What the fields of a form share: what is wrong with them, and what they choose from. */
export class Form {
  errors = $state<Record<string, string>>({})
  fresh = $state(false)

  /** A field was changed: what was wrong with it may be right now. */
  touch(path: string) {
    for (const p of Object.keys(this.errors)) if (p === path || p.startsWith(path + '.')) delete this.errors[p]
  }

  /** A field holds what cannot be sent. */
  spoil(path: string, message: string) { this.errors[path] = message }

  /** Whether a field holds what cannot be sent. */
  spoiled() { return Object.values(this.errors).some((e) => e.startsWith('This is no JSON')) }

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
    return [rest, point(this.errors)].filter(Boolean).join(' ')
  }

  choice(name: string, value: string) {
    if (name === 'language') return new Intl.DisplayNames(undefined, { type: 'language' }).of(value) ?? value
    if (name === 'preset' && presets[value]) return presets[value].title
    if (name === 'region' && value.length === 2) return value.toUpperCase()
    return labelOf(value.replace(/^(action|voice|transcriber|action_trigger|phrase_condition_type|skill)_/, ''))
  }
}

// sentence is a message without the name of the field that it stands at.
function sentence(field: string, message: string) {
  for (const name of [field, field.split('.').at(-1)!]) if (message.startsWith(name + ' ') || message.startsWith(name + ':')) message = message.slice(name.length + 1).trim()
  if (message === 'must not be null') message = 'must not be empty'
  return message.charAt(0).toUpperCase() + message.slice(1)
}
