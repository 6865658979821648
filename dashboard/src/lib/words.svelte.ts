import type { CallEvent } from '@client/index'

export type Side = 'human' | 'bot'
/** What happens on a call now. caller: the caller speaks; speaking and thinking: the agent does; away: people talk to each other, without it. */
export type Phase = 'ringing' | 'listening' | 'caller' | 'thinking' | 'speaking' | 'held' | 'away' | 'over'
export interface Line { id: string; who: Side; text: string; latency?: Record<string, number>; interrupted?: boolean }

const stale = 2500 // ms without a word, after which a caller whose turn nobody took up is said to speak no more

/** What is said on a call, as its events tell: the turns that are over, those that are not, and whose turn it is. */
export class Words {
  lines = $state<Line[]>([])
  open = $state<Line[]>([]) // in the order in which they began: one of each side at most
  phase = $state<Phase>('ringing')
  since = $state(0) // when the phase began, in ms
  doing = $state('') // what the agent does for its answer
  ended = $state('') // the ended_reason
  fault = $state('')
  #seen = 0

  constructor(phase: Phase = 'ringing') { this.phase = phase; this.since = Date.now() }

  /** The newest words, of a turn that is over or not. */
  get last(): Line | undefined { return this.open.at(-1) ?? this.lines.at(-1) }

  become(phase: Phase, at = Date.now()) {
    this.#seen = at
    if (phase === this.phase || this.phase === 'over') return
    this.phase = phase
    this.since = at
  }

  /** Takes note of the time: a caller who has said nothing for long does not speak. */
  tick(now: number) { if (this.phase === 'caller' && now - this.#seen > stale) this.become('listening', now) }

  take(e: CallEvent) {
    const p = e.payload as { text?: string; sender?: Side; final?: boolean; turn_id?: string; latency?: Record<string, number>; interrupted?: boolean; action_label?: string; label?: string; action_type?: string; ended_reason?: string; message?: string }
    const who = p.sender ?? 'human'
    switch (e.type) {
      case 'event_phone_call_connected': this.become('listening'); break
      case 'partial': {
        if (!p.text || this.phase === 'over' || this.#told(who, p.text, p.final)) break
        const line = this.open.find((l) => l.who === who)
        if (line) line.text = p.text
        else this.open.push({ id: p.turn_id ?? `open-${who}`, who, text: p.text })
        this.become(who === 'bot' ? 'speaking' : 'caller')
        break
      }
      case 'turn_ended': if (this.phase !== 'speaking') this.become('thinking'); break
      case 'action_start': this.doing = p.label || p.action_type || ''; break
      case 'event_action': this.doing = ''; break
      case 'paused': case 'interrupted': this.become('caller'); break
      case 'resumed': this.become('speaking'); break
      case 'event_message':
        this.open = this.open.filter((l) => l.who !== who)
        if (p.text) this.lines.push({ id: p.turn_id ?? e.id, who, text: p.text, latency: p.latency, interrupted: p.interrupted })
        if (who === 'bot' && (this.phase === 'speaking' || this.phase === 'thinking')) this.become(this.open.length ? 'caller' : 'listening')
        break
      case 'held': this.become('held'); break
      case 'unheld': this.become('listening'); break
      case 'transferred': this.open = []; this.become('away'); break
      case 'event_error': this.fault = p.message || 'Something failed; the call’s page says more.'; break
      case 'event_phone_call_ended': case 'event_phone_call_did_not_connect':
        this.open = []
        this.ended = p.ended_reason ?? ''
        this.become('over')
    }
  }

  // The last words of a turn may come once more after it was told.
  #told(who: Side, text: string, final?: boolean) {
    const last = this.lines.findLast((l) => l.who === who)
    return !!final && !!last && last.text === text && !this.open.some((l) => l.who === who)
  }
}

const said: Record<Phase, string> = {
  ringing: 'Ringing', listening: 'Nobody speaks', caller: 'Caller speaks', thinking: 'Agent thinks', speaking: 'Agent speaks', held: 'On hold', away: 'Without the agent', over: 'Over',
}

/** A phase in words. */
export const phaseOf = (p: Phase) => said[p]

/** The types of event that Words reads. */
export const types = ['event_phone_call_connected', 'partial', 'turn_ended', 'action_start', 'event_action', 'paused', 'interrupted', 'resumed', 'event_message', 'held', 'unheld',
  'transferred', 'event_error', 'event_phone_call_ended', 'event_phone_call_did_not_connect']
