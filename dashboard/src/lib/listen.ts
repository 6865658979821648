import { ParleyError } from '@client/index'

/** How loud each side is, 0 to 1. */
export interface Levels { caller: number; agent: number }

const header = 44 // bytes of a WAV before its samples
const rate = 16000 // Hz
const ahead = 0.06 // s of sound that wait to be played: what the network may be late
const most = 0.5 // s; a page that was asleep goes on with what is said now
const side = 0.35 // how much of a side is heard in the other one's ear

/** Plays a running call, the caller left and whoever talks to them right, until it is over or a signal ends it. */
export async function listen(id: string, signal: AbortSignal, told: (levels: Levels) => void): Promise<void> {
  const context = new AudioContext({ sampleRate: rate })
  try {
    const response = await fetch(`/v1/calls/listen?${new URLSearchParams({ id, channels: '2' })}`, { signal })
    if (!response.ok || !response.body) throw new ParleyError(response, await response.json().catch(() => undefined))
    const reader = response.body.getReader()
    let skip = header, rest = new Uint8Array(0), at = 0
    for (;;) {
      const { value, done } = await reader.read()
      if (done) return
      let bytes = value
      if (skip > 0) {
        const n = Math.min(skip, bytes.length)
        skip -= n
        bytes = bytes.subarray(n)
      }
      if (rest.length) {
        const both = new Uint8Array(rest.length + bytes.length)
        both.set(rest)
        both.set(bytes, rest.length)
        bytes = both
      }
      const frames = bytes.length >> 2
      rest = bytes.slice(frames * 4)
      if (!frames) continue
      const sound = context.createBuffer(2, frames, rate)
      told(mix(new DataView(bytes.buffer, bytes.byteOffset, frames * 4), sound.getChannelData(0), sound.getChannelData(1)))
      const now = context.currentTime
      if (at < now) at = now + ahead
      if (at - now > most) continue
      const source = context.createBufferSource()
      source.buffer = sound
      source.connect(context.destination)
      source.start(at)
      at += frames / rate
    }
  } catch (error) {
    if (!signal.aborted) throw error
  } finally {
    told({ caller: 0, agent: 0 })
    void context.close()
  }
}

/** Puts both sides' samples into two ears. */
export function mix(samples: DataView, left: Float32Array, right: Float32Array): Levels {
  let caller = 0, agent = 0
  for (let i = 0; i < left.length; i++) {
    const a = samples.getInt16(4 * i, true) / 32768, b = samples.getInt16(4 * i + 2, true) / 32768
    caller += a * a
    agent += b * b
    left[i] = a + side * b
    right[i] = b + side * a
  }
  const loud = (sum: number) => Math.min(1, 4 * Math.sqrt(sum / Math.max(1, left.length)))
  return { caller: loud(caller), agent: loud(agent) }
}
