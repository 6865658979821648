// The page that talks to the demo agent.
(() => {
  'use strict'
  const press = document.getElementById('press'), state = document.getElementById('state'), words = document.getElementById('words')
  const query = new URLSearchParams(location.search)
  let going = null, open = {} // of each side the turn that is not over

  function say({ sender, text, partial }) {
    if (!text) return
    const turn = open[sender] ??= words.appendChild(document.createElement('li'))
    turn.className = `${sender}${partial ? ' partial' : ''}`
    turn.textContent = text
    if (!partial) delete open[sender]
  }

  function show(on, text) {
    press.setAttribute('aria-pressed', String(on))
    press.textContent = on ? 'Hang up' : 'Call'
    state.textContent = text
  }

  press.addEventListener('click', async () => {
    if (going) return going.abort()
    going = new AbortController()
    words.replaceChildren()
    open = {}
    show(true, 'Connecting …')
    try {
      window.parleyCall = await Parley.call({
        agent: query.get('agent') || 'demo', codec: query.get('codec') || undefined, signal: going.signal, onmessage: say,
        onstate: ({ state, reason }) => {
          if (state === 'connected') show(true, 'Connected: speak when you like.')
          if (state === 'ended') { going = null; show(false, reason ? `Ended: ${reason.replaceAll('_', ' ')}.` : 'Ended.') }
        },
      })
    } catch { /* onstate has told */ }
  })
})()
