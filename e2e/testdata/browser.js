// A visitor of a page: node browser.js PLAYWRIGHT PAGE MICROPHONE.wav CODEC SECONDS. It presses the page's button, speaks, hears, hangs up,
// and tells what came of it as JSON; sound is 16 kHz, s16le, base64.
const [, , playwright, page, microphone, codec, seconds] = process.argv
const { chromium } = require(playwright + '/playwright-core')
const fs = require('fs')

;(async () => {
  const browser = await chromium.launch({
    executablePath: ['/usr/bin/chromium', '/usr/bin/chromium-browser'].find(fs.existsSync), headless: true, ignoreDefaultArgs: ['--mute-audio'],
    args: ['--no-sandbox', '--use-fake-ui-for-media-stream', '--use-fake-device-for-media-stream', `--use-file-for-fake-audio-capture=${microphone}%noloop`,
      '--autoplay-policy=no-user-gesture-required', '--allow-loopback-in-peer-connection', '--disable-features=WebRtcHideLocalIpsWithMdns'],
  })
  const errors = []
  const p = await browser.newPage()
  p.on('pageerror', (e) => errors.push(e.message))
  await p.addInitScript((codec) => {
    // what is heard, from the first sound on; what is said, as it is told
    window.heard = { samples: [], words: [], states: [] }
    addEventListener('DOMContentLoaded', () => {
      const call = Parley.call
      Parley.call = async (options) => {
        window.heard.pressed = performance.now()
        const c = await call({
          ...options, codec, audio: { echoCancellation: false, noiseSuppression: false, autoGainControl: false },
          onstate: (e) => { window.heard.states.push({ ...e, at: performance.now() - window.heard.pressed }); options.onstate?.(e) },
          onmessage: (e) => { if (!e.partial) window.heard.words.push(e); options.onmessage?.(e) },
        })
        window.made = c
        const tap = () => {
          const context = new AudioContext({ sampleRate: 16000 })
          const ear = context.createScriptProcessor(1024, 1, 1)
          ear.onaudioprocess = (e) => {
            const x = e.inputBuffer.getChannelData(0)
            if (window.heard.first === undefined && x.some((s) => Math.abs(s) > 0.01)) window.heard.first = performance.now() - window.heard.pressed
            for (const s of x) window.heard.samples.push(Math.max(-32768, Math.min(32767, Math.round(s * 32767))))
          }
          context.createMediaStreamSource(c.stream).connect(ear)
          ear.connect(context.destination)
        }
        c.stream ? tap() : c.addEventListener('state', tap, { once: true })
        return c
      }
    })
  }, codec)
  await p.goto(page)
  const button = p.locator('button').first()
  await button.click()
  await p.waitForTimeout(Number(seconds) * 1000)
  const told = await p.evaluate(async () => {
    const h = window.heard, stats = { packets: 0, lost: 0, codec: '', way: [] }, all = {}
    for (const s of window.made ? (await window.made.statistics()).values() : []) {
      if (s.type === 'inbound-rtp') { stats.packets = s.packetsReceived; stats.lost = s.packetsLost }
      if (s.type === 'codec') stats.codec = s.mimeType
      all[s.id] = s
    }
    const pair = all[Object.values(all).find((s) => s.type === 'transport')?.selectedCandidatePairId]
    if (pair) stats.way = [all[pair.localCandidateId].candidateType, all[pair.remoteCandidateId].candidateType]
    let binary = ''
    for (const s of h.samples) binary += String.fromCharCode(s & 255, (s >> 8) & 255)
    return { ...stats, first: h.first ?? 0, words: h.words, states: h.states, sound: btoa(binary), shown: document.body.innerText + [...document.querySelectorAll('parley-call')].map((d) => d.shadowRoot.textContent).join(' ') }
  })
  if (await button.evaluate((b) => b.classList.contains('on') || b.getAttribute('aria-pressed') === 'true')) await button.click()
  await p.waitForTimeout(300)
  told.states = await p.evaluate(() => window.heard.states)
  await browser.close()
  process.stdout.write(JSON.stringify({ ...told, errors }))
})().catch((e) => { console.error(e); process.exit(1) })
