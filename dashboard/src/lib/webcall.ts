/** A call of this browser, made by the script that pages with a button use. */
export interface WebCall extends EventTarget {
  readonly id: string
  readonly stream?: MediaStream
  hangup(): void
  mute(on: boolean): void
}

interface Widget {
  call(options: { token: string; ice_servers: unknown; signal?: AbortSignal; onstate: (e: { state: 'connected' | 'ended'; reason: string }) => void }): Promise<WebCall>
}

declare global {
  interface Window {
    Parley?: Widget
    trustedTypes?: { createPolicy(name: string, rules: { createScriptURL: (s: string) => string }): { createScriptURL(s: string): unknown } }
  }
}

let loading: Promise<Widget> | undefined

/** Loads the script, once. */
export const widget = () => (loading ??= new Promise<Widget>((done, fail) => {
  const script = document.createElement('script')
  const address = window.trustedTypes?.createPolicy('parley-widget', { createScriptURL: () => '/widget.js' }).createScriptURL('') ?? '/widget.js'
  script.src = address as string
  script.dataset.button = 'off'
  script.onload = () => (window.Parley ? done(window.Parley) : fail(new Error('The script that calls could not be run.')))
  script.onerror = () => fail(new Error('The script that calls could not be loaded: this server takes no calls of browsers (PARLEY_ICE).'))
  document.head.append(script)
}))

/** Why this page may not use a microphone; '' when it may. */
export function silenced() {
  if (navigator.mediaDevices) return ''
  return `Browsers give the microphone to pages on localhost and to https alone, and this one is at ${location.origin}. Open it on the server itself, or put a proxy with a certificate before the server.`
}

/** Tells how loud a stream is, 0 to 1, until it is stopped. */
export function meter(stream: MediaStream, told: (level: number) => void) {
  const context = new AudioContext()
  const ear = context.createAnalyser()
  ear.fftSize = 1024
  context.createMediaStreamSource(stream).connect(ear)
  const samples = new Float32Array(ear.fftSize)
  const timer = setInterval(() => {
    ear.getFloatTimeDomainData(samples)
    let sum = 0
    for (const s of samples) sum += s * s
    told(Math.min(1, Math.sqrt(sum / samples.length) * 4))
  }, 50)
  return () => { clearInterval(timer); void context.close() }
}
