/** The stages of the gap before an agent's words, in their order, as docs/performance.md has them. */
export const stages = [
  { name: 'stt_ms', label: 'Hearing', what: 'until the caller’s last words came from the transcriber' },
  { name: 'endpointing_ms', label: 'Waiting', what: 'until it was clear that the caller had finished' },
  { name: 'queue_ms', label: 'Queue', what: 'until the model was asked' },
  { name: 'llm_ms', label: 'Thinking', what: 'until the model’s first words' },
  { name: 'actions_ms', label: 'Actions', what: 'while actions ran' },
  { name: 'chunking_ms', label: 'Phrasing', what: 'until there was enough to be spoken' },
  { name: 'tts_ms', label: 'Voice', what: 'until the voice’s first sound' },
  { name: 'playout_ms', label: 'Playing', what: 'until that sound was on the wire' },
] as const

export interface Part { label: string; what: string; ms: number; place: number }

export function split(latency: Record<string, number>): { total: number; parts: Part[] } {
  const parts = stages.map((s, place) => ({ label: s.label, what: s.what, ms: latency[s.name] ?? 0, place })).filter((p) => p.ms >= 0.5)
  return { total: latency.total_ms ?? parts.reduce((n, p) => n + p.ms, 0), parts }
}

export function median(values: number[]) {
  if (!values.length) return 0
  const sorted = [...values].sort((a, b) => a - b)
  const mid = sorted.length >> 1
  return sorted.length % 2 ? sorted[mid]! : (sorted[mid - 1]! + sorted[mid]!) / 2
}
