// Parley's widget: a button that calls an agent from the page.
//
//   <script src="https://parley.example.com/widget.js" data-agent="AGENT-ID"></script>
//
// data-agent   whom it calls: the page's origin must be in the agent's web_origins
// data-label   what the button says; data-color its colour; data-position left or right; all of words below may be said otherwise, too
// data-button="off": no button. window.Parley.call({agent}) or call({token, url}) makes calls, too; it resolves to a call with hangup(),
// mute(on), press(digits), state and, as an EventTarget, the events state {state, reason, code} and message {sender, text, partial}.
// signal, an AbortSignal, gives up a call that is being set up. What it rejects with is an Error with a code.
(() => {
  'use strict'
  const script = document.currentScript || document.querySelector('script[src*="/widget.js"]') // a module is no current script
  const base = new URL('.', script.src).href.replace(/\/$/, '')

  // What visitors read, by what the script's element says: data-label, data-hangup …
  const words = {
    label: 'Talk to us', hangup: 'Hang up', connecting: 'Connecting …', mute: 'Mute', unmute: 'Unmute',
    denied: 'Allow the microphone for this page, and call again.', nomic: 'No microphone was found.', insecure: 'Calls need a page that was loaded by https.',
    busy: 'All lines are busy: try again in a moment.', failed: 'The call could not be made: try again later.', lost: 'The connection was lost.',
    ...script.dataset,
  }

  class Failure extends Error {
    constructor(code, message) { super(message); this.code = code }
  }

  const microphoneFailures = { NotAllowedError: 'denied', SecurityError: 'denied', NotFoundError: 'nomic', OverconstrainedError: 'nomic', NotReadableError: 'nomic' }

  async function microphone(audio) {
    if (!navigator.mediaDevices?.getUserMedia) throw new Failure('insecure', 'the microphone is for pages that were loaded by https, or from localhost')
    try { return await navigator.mediaDevices.getUserMedia({ audio }) } catch (error) {
      throw new Failure(microphoneFailures[error.name] || 'nomic', error.name === 'NotAllowedError' ? 'the microphone is not allowed here' : 'the microphone cannot be used: ' + error.message)
    }
  }

  async function ask(url, options) {
    let r
    try { r = await fetch(url, options) } catch { throw new Failure('unreachable', `${new URL(url).origin} cannot be reached, or this page's Content-Security-Policy does not let it be (connect-src)`) }
    if (r.ok) return r
    let said = null
    try { said = await r.json() } catch { /* not ours */ }
    throw new Failure(said?.code || 'failed', said?.message || `the server answered ${r.status}`)
  }

  const ticket = async (agent) => (await ask(base + '/web/tickets', { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ agent }) })).json()

  const patience = 8000 // ms that a connection may be interrupted

  class Call extends EventTarget {
    state = 'connecting'
    timing = {} // ms from the beginning: ticket, microphone, offered, answered, way (ICE), connected (DTLS)
    #pc; #mic; #sender; #audio; #events; #at; #muted = false; #interrupted; #began = performance.now()

    constructor(options) { super(); this.options = options }

    #past(stage) { this.timing[stage] ??= performance.now() - this.#began }

    #become(state, reason = '', code = '') {
      if (this.state === state || this.state === 'ended') return
      this.state = state
      this.dispatchEvent(new CustomEvent('state', { detail: { state, reason, code } }))
    }

    // still throws where somebody has hung up meanwhile.
    #still() { if (this.state === 'ended') throw new Failure('cancelled', 'you hung up') }

    async begin() {
      const { agent, token, url, ice_servers, codec, audio, signal } = this.options
      let at = base
      signal?.addEventListener('abort', () => this.hangup(), { once: true })
      if (signal?.aborted) this.hangup()
      this.#still()
      const [pass] = await Promise.all([
        (token ? Promise.resolve({ token, ice_servers }) : ticket(agent)).finally(() => this.#past('ticket')),
        microphone(audio ?? { echoCancellation: true, noiseSuppression: true, autoGainControl: true }).then((mic) => {
          this.#mic = mic
          this.#past('microphone')
          if (this.state === 'ended') this.#silence() // it was allowed too late
          this.mute(this.#muted)
        }),
      ])
      this.#still()
      const pc = this.#pc = new RTCPeerConnection({ iceServers: pass.ice_servers || [], bundlePolicy: 'max-bundle' })
      const line = pc.addTransceiver(this.#mic.getAudioTracks()[0], { direction: 'sendrecv', streams: [this.#mic] })
      this.#sender = line.sender
      if (codec && line.setCodecPreferences) {
        const all = RTCRtpReceiver.getCapabilities('audio').codecs
        const wanted = (c) => c.mimeType.toLowerCase() === 'audio/' + codec.toLowerCase()
        line.setCodecPreferences([...all.filter(wanted), ...all.filter((c) => /telephone-event/i.test(c.mimeType))])
      }
      this.#watch(pc)
      const late = [] // addresses of ours that the offer did not have
      const tell = () => { if (this.#at && late.length) this.#trickle(late.splice(0)) }
      pc.addEventListener('icecandidate', ({ candidate: c }) => {
        if (c?.candidate && !/ \S+\.local /.test(c.candidate)) { late.push(c); tell() } // a name is known to this machine alone
      })
      await pc.setLocalDescription(await pc.createOffer())
      this.#past('offered')
      const offer = (to) => ask(to + '/web/calls', {
        method: 'POST', headers: { 'Content-Type': 'application/sdp', Authorization: 'Bearer ' + pass.token }, body: pc.localDescription.sdp,
      })
      const r = await offer(at).catch((e) => { // another node has the telephone, or the call that is taken over
        if (!url || e.code !== 'role_absent' && e.code !== 'not_talking') throw e
        return offer(at = url.replace(/\/web\/calls$/, ''))
      })
      this.#past('answered')
      this.#at = at + r.headers.get('Location')
      this.id = this.#at.split('/').pop()
      if (this.state === 'ended') this.#dismiss()
      this.#still()
      tell()
      this.#follow()
      addEventListener('pagehide', this.#left)
      await pc.setRemoteDescription({ type: 'answer', sdp: await r.text() })
    }

    #watch(pc) {
      pc.addEventListener('track', (e) => {
        this.#audio = new Audio()
        this.#audio.srcObject = this.stream = e.streams[0] || new MediaStream([e.track])
        this.#audio.play().catch(() => {})
      })
      pc.addEventListener('iceconnectionstatechange', () => { if (/connected|completed/.test(pc.iceConnectionState)) this.#past('way') })
      pc.addEventListener('connectionstatechange', () => {
        clearTimeout(this.#interrupted)
        const lost = () => this.#over(this.timing.connected === undefined ? 'no way to the server was found: a firewall may be in it' : 'the connection was lost', 'lost')
        if (pc.connectionState === 'connected') { this.#past('connected'); this.#become('connected') }
        if (pc.connectionState === 'disconnected') this.#interrupted = setTimeout(lost, patience)
        if (pc.connectionState === 'failed') lost()
      })
    }

    // trickle tells the server of candidates (RFC 8840). That it does not hear of some is no failure: our checks find it.
    #trickle(candidates) {
      const ours = this.#pc.localDescription.sdp, line = (name) => ours.match(new RegExp(`a=${name}:.*`))?.[0] ?? ''
      const body = [line('ice-ufrag'), line('ice-pwd'), 'm=audio 9 RTP/AVP 0', `a=mid:${candidates[0].sdpMid}`, ...candidates.map((c) => `a=${c.candidate}`), '']
      fetch(this.#at, { method: 'PATCH', headers: { 'Content-Type': 'application/trickle-ice-sdpfrag' }, body: body.join('\r\n') }).catch(() => {})
    }

    #left = () => { navigator.sendBeacon(this.#at + '/end'); this.#over('you hung up', 'caller_hung_up') }

    #follow() {
      const events = this.#events = new EventSource(this.#at + '/events')
      const words = (partial) => (e) => {
        const p = JSON.parse(e.data).payload
        this.dispatchEvent(new CustomEvent('message', { detail: { sender: p.sender || 'human', text: p.text || '', partial } }))
      }
      events.addEventListener('event_message', words(false))
      events.addEventListener('partial', words(true))
      events.addEventListener('event_phone_call_ended', (e) => { const why = JSON.parse(e.data).payload.ended_reason || ''; this.#over(why, why) })
      // It connects again by itself, unless the server, or the one that was started in its place, knows no such call.
      events.addEventListener('error', () => { if (events.readyState === EventSource.CLOSED) this.#over('the call is over', 'lost') })
    }

    mute(on) {
      this.#muted = on
      for (const t of this.#mic?.getAudioTracks() || []) t.enabled = !on
    }

    // press sends digits (0-9 * # A-D).
    press(digits) {
      if (!this.#sender?.dtmf) throw new Failure('failed', 'the call is not connected, or its codec has no digits')
      this.#sender.dtmf.insertDTMF(digits, 100, 70)
    }

    hangup() {
      if (this.state === 'ended') return
      this.#dismiss()
      this.#over('you hung up', 'caller_hung_up')
    }

    #dismiss() { if (this.#at) fetch(this.#at, { method: 'DELETE', keepalive: true }).catch(() => {}) }

    fail(error) {
      if (this.state !== 'ended') this.#dismiss()
      this.#over(error.message, error.code || 'failed')
    }

    #silence() { for (const t of this.#mic?.getTracks() || []) t.stop() }

    #over(reason, code) {
      if (this.state === 'ended') return
      removeEventListener('pagehide', this.#left)
      clearTimeout(this.#interrupted)
      this.#events?.close()
      this.#pc?.close()
      this.#silence()
      if (this.#audio) this.#audio.srcObject = null
      this.#become('ended', reason, code)
    }

    // statistics of the connection, as RTCPeerConnection.getStats() gives them.
    statistics() { return this.#pc.getStats() }
  }

  async function call(options) {
    const c = new Call(options)
    options.onstate && c.addEventListener('state', (e) => options.onstate(e.detail))
    options.onmessage && c.addEventListener('message', (e) => options.onmessage(e.detail))
    try { await c.begin() } catch (error) {
      c.fail(error)
      throw error
    }
    return c
  }

  // Of these ends a visitor is told nothing: they know.
  const expected = new Set(['caller_hung_up', 'agent_ended', 'transferred', 'idle', 'duration_limit', 'voicemail', 'cancelled', ''])
  // and of these so; of all others that the call could not be made, or was lost.
  const told = { denied: 'denied', nomic: 'nomic', insecure: 'insecure', too_many_calls: 'busy', too_many_requests: 'busy' }

  const looks = (side) => `
    :host { all: initial; position: fixed; bottom: calc(20px + env(safe-area-inset-bottom, 0px) + var(--nth, 0) * 60px); ${side}: 20px; z-index: 2147483000; display: flex; flex-direction: column;
      align-items: ${side === 'left' ? 'flex-start' : 'flex-end'}; max-width: calc(100vw - 40px); color-scheme: light dark }
    p, button { font: 15px/1.4 system-ui, sans-serif; letter-spacing: normal; word-spacing: normal; text-transform: none; text-align: start } /* a page may have styled its every element */
    div { display: flex; gap: 8px; flex-direction: ${side === 'left' ? 'row' : 'row-reverse'} }
    button { border: 0; border-radius: 24px; min-height: 44px; padding: 10px 20px; color: var(--ink, #fff); background: var(--c); cursor: pointer; box-shadow: 0 2px 10px #0004 }
    button:focus-visible { outline: 3px solid var(--c); outline-offset: 3px; box-shadow: 0 0 0 3px #fff, 0 2px 10px #0004 }
    button[aria-pressed=true], button.on { background: #c62828; color: #fff }
    button.mute { background: #fff; color: #222; border: 1px solid #0003 }
    button.mute[aria-pressed=true] { background: #ffe08a; color: #222 }
    [hidden] { display: none }
    p { box-sizing: border-box; margin: 0 0 8px; padding: 10px 14px; max-width: min(280px, 100%); max-height: 40vh; overflow: auto; overflow-wrap: anywhere; border-radius: 12px; background: #fff; color: #222; box-shadow: 0 2px 10px #0003 }
    p:empty { display: none }
    @media (prefers-color-scheme: dark) { p, button.mute { background: #26282c; color: #f2f2f2 } button.mute { border-color: #fff4 } button.mute[aria-pressed=true] { background: #7a5b00; color: #fff } }
    @media (forced-colors: active) { button, p { border: 2px solid } }
    @media print { :host { display: none } }`

  // ink is what can be read on a colour, by its luminance (WCAG 2).
  function ink(color) {
    const rgb = (color.match(/[\d.]+/g) || []).slice(0, 3).map((x) => x / 255).map((x) => (x <= 0.04045 ? x / 12.92 : ((x + 0.055) / 1.055) ** 2.4))
    return 0.2126 * rgb[0] + 0.7152 * rgb[1] + 0.0722 * rgb[2] > 0.36 ? '#111' : '#fff'
  }

  function button() {
    const { agent, color = '', position } = script.dataset, side = position === 'left' ? 'left' : 'right'
    const host = document.createElement('parley-call') // a page's rules for its own elements do not match it
    host.style.setProperty('--nth', document.querySelectorAll(`parley-call[data-side=${side}]`).length)
    host.dataset.side = side
    const root = host.attachShadow({ mode: 'open' }), style = new CSSStyleSheet() // which a Content-Security-Policy lets through
    style.replaceSync(looks(side))
    root.adoptedStyleSheets = [style]
    const make = (name, is) => Object.assign(document.createElement(name), is)
    const said = make('p', { role: 'status' }), row = make('div')
    const press = make('button', { type: 'button', textContent: words.label })
    const mute = make('button', { type: 'button', className: 'mute', textContent: words.mute, hidden: true })
    host.style.setProperty('--c', CSS.supports('color', color) ? color : '#1f6feb')
    row.append(press, mute)
    root.append(said, row)
    document.body.append(host)
    host.style.setProperty('--ink', ink(getComputedStyle(press).backgroundColor))

    let now = null, going = null, fading = 0 // the call; what gives it up while it is none yet
    const show = (on, text) => { press.classList.toggle('on', on); press.textContent = text }
    const say = (text, ms) => {
      clearTimeout(fading)
      said.textContent = text
      if (ms) fading = setTimeout(() => { said.textContent = '' }, ms)
    }
    const unmuted = () => { mute.hidden = !now; mute.textContent = words.mute; mute.setAttribute('aria-pressed', 'false') }
    const ended = ({ reason, code }) => {
      now = going = null
      show(false, words.label)
      unmuted()
      if (expected.has(code)) return say('')
      console.warn('Parley:', reason)
      say(words[told[code] || (code === 'lost' || code === 'media_timeout' ? 'lost' : 'failed')], 15000)
    }
    mute.addEventListener('click', () => {
      const on = mute.getAttribute('aria-pressed') !== 'true'
      mute.setAttribute('aria-pressed', String(on))
      mute.textContent = on ? words.unmute : words.mute
      now?.mute(on)
    })
    document.addEventListener('parley-call', (e) => { if (e.detail !== host) going?.abort() }) // one call at a time on a page
    press.addEventListener('click', async () => {
      if (going) return going.abort()
      document.dispatchEvent(new CustomEvent('parley-call', { detail: host }))
      going = new AbortController()
      show(true, words.connecting)
      say('')
      try {
        now = await call({
          agent, signal: going.signal,
          onstate: (s) => {
            if (s.state === 'ended') return ended(s)
            show(true, words.hangup)
          },
          onmessage: ({ sender, text, partial }) => { if (!partial || sender === 'human') say(text) },
        })
        if (now.state === 'ended') now = null
        unmuted()
      } catch { /* ended has told */ }
    })
  }

  window.Parley = { call }
  if (script.dataset.button !== 'off') document.body ? button() : addEventListener('DOMContentLoaded', button)
})()
