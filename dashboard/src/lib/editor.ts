import { autocompletion, completionKeymap, type Completion, type CompletionContext } from '@codemirror/autocomplete'
import { defaultKeymap, history, historyKeymap } from '@codemirror/commands'
import { Compartment, EditorState } from '@codemirror/state'
import { Decoration, EditorView, keymap, ViewPlugin, type DecorationSet, type ViewUpdate } from '@codemirror/view'
import { always, pieces } from './variables'

/** An editor in place. */
export interface Editor { text(text: string): void; insert(words: string): void; wrong(is: boolean): void; remove(): void }

const kinds = { variable: Decoration.mark({ class: 'variable' }), block: Decoration.mark({ class: 'block' }), broken: Decoration.mark({ class: 'broken' }) }

function coloured(text: string): DecorationSet {
  const marks = []
  let at = 0
  for (const p of pieces(text)) {
    if (p.kind !== 'text') marks.push(kinds[p.kind].range(at, at + p.text.length))
    at += p.text.length
  }
  return Decoration.set(marks)
}

const colours = ViewPlugin.fromClass(class {
  marks: DecorationSet
  constructor(view: EditorView) { this.marks = coloured(view.state.doc.toString()) }
  update(u: ViewUpdate) { if (u.docChanged) this.marks = coloured(u.state.doc.toString()) }
}, { decorations: (v) => v.marks })

/** What can stand where a name begins: variables that every call has, those of this prompt, and the labels of prompts that can be taken in. */
export function choices(text: string, at: number, blocks: string[]): { from: number; options: Completion[] } | null {
  const open = /(\$\{|\{\{>[ \t]*|\{\{)([\w.\-\u{80}-\u{10ffff}]*)$/u.exec(text.slice(Math.max(0, at - 200), at))
  if (!open) return null
  const close = open[1]!.startsWith('$') ? '}' : '}}'
  const end = text.startsWith(close, at) ? '' : close
  const used = pieces(text.slice(0, at - open[0].length) + text.slice(at)).flatMap((p) => (p.kind === 'variable' ? [p.name!] : []))
  const names: [string, string][] = open[1]!.includes('>') ? blocks.map((b) => [b, 'a prompt’s text']) : [...always.map((n): [string, string] => [n, 'always there']), ...new Set(used.filter((n) => !always.includes(n)))].map((n) => (typeof n === 'string' ? [n, 'comes with the call'] : n))
  return { from: at - open[2]!.length, options: names.map(([label, detail]) => ({ label, detail, apply: label + end, type: 'variable' })) }
}

// It stands in a shadow tree, where its styles are a sheet of the tree: the page's policy lets no style element in.
const look = EditorView.theme({
  '&': { font: '14px/1.6 var(--numbers)', color: 'var(--ink)', background: 'var(--sheet)', border: '1px solid var(--edge)', borderRadius: 'var(--round)' },
  '&.cm-focused': { outline: '2px solid var(--agent)', outlineOffset: '2px' },
  '.cm-scroller': { font: 'inherit', maxHeight: '32rem', overflow: 'auto' },
  '.cm-content': { padding: '.6rem 0', minHeight: '11rem', caretColor: 'var(--ink)' },
  '.cm-line': { padding: '0 .75rem' },
  '.variable': { color: 'var(--agent)', background: 'var(--agent-wash)', borderRadius: '3px' },
  '.block': { color: 'var(--caller)', background: 'var(--caller-wash)', borderRadius: '3px' },
  '.broken': { color: 'var(--bad)', background: 'var(--bad-wash)', textDecoration: 'underline wavy' },
  '.cm-tooltip': { background: 'var(--sheet)', color: 'var(--ink)', border: '1px solid var(--edge)', borderRadius: 'var(--round)' },
  '.cm-tooltip-autocomplete > ul': { font: '14px/1.5 var(--numbers)' },
  '.cm-tooltip-autocomplete > ul > li': { padding: '.15rem .6rem' },
  '.cm-tooltip-autocomplete > ul > li[aria-selected]': { background: 'var(--agent)', color: 'var(--on-agent)' },
  '.cm-completionDetail': { font: '13px system-ui, sans-serif', fontStyle: 'normal', marginLeft: '1rem' },
})

/** Puts an editor into an element, which must have no shadow tree yet. */
export function edit(host: HTMLElement, o: { text: string; label: string; blocks: () => string[]; changed: (text: string) => void }): Editor {
  const root = host.attachShadow({ mode: 'open', delegatesFocus: true })
  const wrong = new Compartment()
  const said = (is: boolean) => EditorView.contentAttributes.of({ 'aria-label': o.label, 'aria-invalid': String(is), spellcheck: 'true', autocorrect: 'on', autocapitalize: 'sentences' })
  const view = new EditorView({
    root, parent: root,
    state: EditorState.create({
      doc: o.text,
      extensions: [
        history(), EditorView.lineWrapping, colours, look, wrong.of(said(false)),
        autocompletion({ icons: false, override: [(c: CompletionContext) => choices(c.state.doc.toString(), c.pos, o.blocks())] }),
        keymap.of([...completionKeymap, ...historyKeymap, ...defaultKeymap]), // Tab leaves the field, as everywhere
        EditorView.updateListener.of((u) => { if (u.docChanged) o.changed(u.state.doc.toString()) }),
      ],
    }),
  })
  return {
    text(text) { if (text !== view.state.doc.toString()) view.dispatch({ changes: { from: 0, to: view.state.doc.length, insert: text } }) },
    insert(words) { view.dispatch(view.state.replaceSelection(words)); view.focus() },
    wrong(is) { view.dispatch({ effects: wrong.reconfigure(said(is)) }) },
    remove() { view.destroy() },
  }
}
