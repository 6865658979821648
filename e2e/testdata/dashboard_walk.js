// What nobody can see without looking: where things stand on a call's page, what is saved of it, and the way of somebody who has a keyboard alone.

module.exports = ({ page, open, check, told, errors, heard, middle, base, key, shots, given }) => {
  const slowly = (p, path, ms) => p.route(path, async (r) => { await new Promise((done) => setTimeout(done, ms)); await r.continue().catch(() => {}) })
  // What has the focus: its name, whether it is seen, and whether it shows that it has the focus.
  const focused = (p) => p.evaluate(() => {
    const e = document.activeElement
    if (!e || e === document.body) return null
    window.numbers ??= new Map()
    if (!window.numbers.has(e)) window.numbers.set(e, window.numbers.size)
    const box = e.getBoundingClientRect(), style = getComputedStyle(e)
    const x = Math.min(innerWidth - 1, Math.max(0, box.left + Math.min(box.width / 2, 20))), y = Math.min(innerHeight - 1, Math.max(0, box.top + Math.min(box.height / 2, 20)))
    const top = document.elementFromPoint(x, y)
    return {
      n: window.numbers.get(e), name: `${e.tagName.toLowerCase()} ${(e.getAttribute('aria-label') || e.innerText || e.id || '').trim().replace(/\s+/g, ' ').slice(0, 50)}`,
      on: box.width > 0 && box.bottom > 0 && box.top < innerHeight && box.right > 0 && box.left < innerWidth, free: !!top && (e.contains(top) || top.contains(e)),
      shown: style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) > 0 || style.boxShadow !== 'none',
    }
  })

  // through goes by Tab from the top of a page to its end, or of what is not the navigation, and holds what it came to against what there is. The controls
  // of a player are the browser's: the element itself does not tell which of them has the focus.
  const through = async (p, where, whole) => {
    const all = await p.evaluate((whole) => {
      window.numbers = new Map()
      const main = whole ? document : document.querySelector('main')
      if (whole) document.activeElement?.blur()
      else main.focus()
      scrollTo(0, 0)
      const can = 'a[href], button, input, select, textarea, summary, audio[controls], [tabindex="0"]'
      const list = [...main.querySelectorAll(can)].filter((e) => e.tabIndex >= 0 && !e.disabled && e.checkVisibility({ visibilityProperty: true }) && !e.closest('[inert]'))
      list.forEach((e, i) => window.numbers.set(e, i))
      return list.map((e) => `${e.tagName.toLowerCase()} ${(e.getAttribute('aria-label') || e.innerText || e.id || '').trim().replace(/\s+/g, ' ').slice(0, 50)}`)
    }, !!whole)
    const been = new Set()
    let nowhere = 0
    for (let i = 0; been.size < all.length && i < 3 * all.length + 20; i++) {
      await p.keyboard.press('Tab')
      const f = await focused(p)
      if (!f && ++nowhere > 1) break // the page's end, twice
      if (!f || f.n >= all.length) continue
      been.add(f.n)
      if (!f.on || !f.free) told.unseen.push(`${where}: ${f.name} has the focus and is not seen (on the screen: ${f.on}, uncovered: ${f.free})`)
      if (!f.shown && !/^audio/.test(f.name)) told.unseen.push(`${where}: ${f.name} does not show that it has the focus`)
    }
    all.forEach((name, i) => { if (!been.has(i)) told.missed.push(`${where}: Tab does not come to ${name}`) })
    told.order[where] = been.size
  }

  // keeps presses Enter on what has the focus, and tells whether the page has a focus while it works and afterwards.
  const keeps = async (p, what, target, working, done) => {
    await target.focus()
    await p.keyboard.press('Enter')
    if (working) {
      await p.waitForSelector(working)
      const now = await focused(p)
      if (!now) told.lost.push(`${what}: the focus is nowhere while it works`)
    }
    await done()
    await p.waitForTimeout(150)
    const then = await focused(p)
    if (!then) told.lost.push(`${what}: the focus is nowhere afterwards`)
    told.kept.push(`${what}: ${then?.name}`)
  }

  return {
    async wholecall() {
      const { call, folder } = given()
      const p = await open(await page(), '/calls/' + call)
      await p.waitForSelector('canvas.ready')
      await p.waitForFunction(() => document.querySelector('audio').duration > 29)
      await p.waitForSelector('.wave i.class')
      await p.waitForTimeout(200)
      // each side's colour stands where it spoke, and nowhere else
      told.astray = await p.evaluate(async (id) => {
        const turns = (await (await fetch('/v1/calls?id=' + id)).json()).turns, whole = document.querySelector('audio').duration * 1000
        const c = document.querySelector('canvas'), scale = devicePixelRatio, strip = 6 * scale
        const all = c.getContext('2d').getImageData(0, 0, c.width, c.height).data
        const tall = (ms, side) => {
          const x = Math.round((ms / whole) * c.width), from = side === 'human' ? strip : Math.round(c.height / 2) + 2, to = side === 'human' ? Math.round(c.height / 2) - 2 : c.height - strip
          let n = 0
          for (let y = Math.ceil(from); y < to; y++) if (all[4 * (y * c.width + x) + 3] > 200) n++
          return n / (to - from)
        }
        const wrong = []
        for (const t of turns) {
          const other = t.who === 'human' ? 'bot' : 'human'
          for (const ms of [t.start_ms + 150, (t.start_ms + t.end_ms) / 2, t.end_ms - 150]) {
            if (tall(ms, t.who) < 0.3) wrong.push(`${t.who} is not seen at ${ms}: ${tall(ms, t.who)}`)
            if (tall(ms, other) > 0.1) wrong.push(`${other} is seen at ${ms}`)
          }
          if (tall(t.end_ms + 500, t.who) > 0.1) wrong.push(`${t.who} is seen at ${t.end_ms + 500}`)
        }
        return wrong
      }, call)
      told.marks = await p.evaluate(() => [...document.querySelectorAll('.wave > i')].map((i) => ({ kind: i.className.split(' ')[0], title: i.title, at: (parseFloat(i.style.left) / 100) * document.querySelector('audio').duration })))
      told.heard = []
      for (const [turn, word] of [['t1', 4], ['t2', 0], ['t7', 2], ['t10', 3]]) {
        const at = await heard(p, async () => { const { x, y } = await middle(p, turn, word); await p.mouse.click(x, y) })
        told.heard.push({ turn, word, at })
      }
      told.side = await p.locator('.side').innerText()
      told.decided = await p.locator('.turn.decided').first().innerText()
      for (const [what, name] of [['WAV, stereo', 'call.wav'], ['MP3', 'call.mp3'], ['Save as JSON', 'call.json']]) {
        const [got] = await Promise.all([p.waitForEvent('download'), p.locator('a, button', { hasText: what }).first().click()])
        await got.saveAs(`${folder}/${name}`)
      }
      await check(p, 'a whole call')
      if (shots) await p.screenshot({ path: `${shots}/wholecall.png`, fullPage: true })
    },

    async keyboard() {
      const { call, webhook, agent } = given()
      Object.assign(told, { missed: [], unseen: [], lost: [], kept: [], order: {}, ways: [] })
      for (const [how, options] of [['desk', {}], ['phone', { viewport: { width: 390, height: 844 } }]]) {
        const p = await page(options)
        await p.goto(base + '/live')
        await p.waitForSelector('#key')
        await through(p, `login, ${how}`, true)
        await open(p, '/live')
        await p.waitForFunction(() => document.querySelectorAll('tbody tr').length === 3, undefined, { timeout: 60000 })
        await p.locator('button', { hasText: 'Follow' }).first().click()
        await p.waitForSelector('.panel [role=log] li, .panel .line', { timeout: 60000 })
        await p.click('.panel summary')
        await through(p, `live, ${how}`, how === 'desk')
        await check(p, `live by keyboard, ${how}`)
        for (const [name, path, ready, act] of [
          ['call', '/calls/' + call, 'canvas.ready', async () => { await p.waitForSelector('details.why'); await p.evaluate(() => document.querySelectorAll('main details').forEach((d) => { d.open = true })); await p.waitForSelector('td.acts button') }],
          ['deliveries', '/deliveries', 'td.acts button'], ['talk', '/talk?agent=' + agent, '.call'], ['webhook', '/webhooks/' + webhook, 'td.acts button'],
        ].slice(0, how === 'desk' ? 4 : 2)) {
          await p.goto(base + path)
          await p.waitForSelector(ready)
          await act?.()
          await p.waitForTimeout(300)
          await through(p, `${name}, ${how}`)
        }
        await p.context().close()
      }

      // what is pressed keeps the focus
      const p = await page()
      await p.goto(base + '/calls/' + call)
      await p.waitForSelector('#key')
      await slowly(p, '**/v1/sessions/login', 500)
      await p.fill('#key', 'sk_live_wrong')
      await keeps(p, 'a wrong key', p.locator('main button'), 'text=Logging in', () => p.waitForSelector('[role=alert]'))
      await p.unroute('**/v1/sessions/login')
      await p.fill('#key', key)
      await p.keyboard.press('Enter')
      await p.waitForSelector('#dial-value')
      const form = p.locator('form', { hasText: 'Play it once more' })
      await form.locator('select').first().selectOption('endpointing_sensitivity')
      await form.locator('#dial-value').selectOption('relaxed')
      await slowly(p, '**/v1/calls/decisions**', 500)
      await keeps(p, 'another dial', form.locator('button'), 'text=Playing …', () => p.waitForSelector('.sum'))
      await p.locator('summary', { hasText: 'Webhook deliveries' }).click()
      await slowly(p, '**/v1/webhooks/redeliver**', 500)
      await keeps(p, 'sent again', p.locator('td.acts button').first(), 'text=Sending …', () => p.waitForSelector('text=is sent once more'))
      for (let i = 0; i < 12 && !(await p.locator('button[aria-label=Closer]').getAttribute('aria-disabled') === 'true'); i++) await p.locator('button[aria-label=Closer]').press('Enter')
      await keeps(p, 'closest', p.locator('button[aria-label=Closer]'), '', async () => {})
      await p.goto(base + '/live')
      await p.waitForFunction(() => document.querySelectorAll('tbody tr').length === 3, undefined, { timeout: 60000 })
      await slowly(p, '**/v1/calls/end**', 500)
      await keeps(p, 'hung up in the list', p.locator('td .grave').first(), 'text=Ending …', () => p.waitForFunction(() => document.querySelectorAll('tbody tr').length === 2, undefined, { timeout: 30000 }))
      const link = await p.evaluate(() => document.activeElement.className + document.activeElement.tagName)
      if (/grave/.test(link)) errors.push('after a call was hung up the focus is on what hangs up the next')
      await p.locator('button', { hasText: 'Follow' }).first().click()
      await p.waitForSelector('.panel textarea')
      await slowly(p, '**/v1/calls/mute**', 500)
      await keeps(p, 'silenced', p.locator('.panel >> text=Silence the agent'), '.panel button[aria-disabled=true]:has-text("Silence the agent")', () => p.waitForSelector('.panel >> text=Let the agent speak'))
      await p.fill('.panel textarea', 'Offer them the discount.')
      await slowly(p, '**/v1/calls/whisper**', 500)
      await keeps(p, 'whispered', p.locator('.panel form button', { hasText: 'Send' }), '', () => p.waitForSelector('.panel >> text=The agent knows it.'))
      await keeps(p, 'hung up', p.locator('.panel .grave', { hasText: 'Hang up' }), '.panel >> text=Ending …', () => p.waitForSelector('.panel >> text=See what happened', { timeout: 30000 }))
      await p.waitForFunction(() => document.querySelectorAll('tbody tr').length === 1, undefined, { timeout: 30000 })
      await p.goto(base + '/agents/' + agent)
      await p.waitForSelector('#f-voice-sample')
      await slowly(p, '**/v1/voices/speak**', 500)
      await keeps(p, 'spoken', p.locator('.speak button'), '.speak button:has-text("Asking …")', () => p.waitForFunction(() => !/Asking/.test(document.querySelector('.speak button').innerText), undefined, { timeout: 30000 }))

      // back, forward, reloaded, in another tab
      const at = () => { const u = new URL(p.url()); return u.pathname + u.search }
      const until = (path) => p.waitForFunction((x) => location.pathname + location.search === x && !!document.querySelector('main h1'), path)
      await p.goto(base + '/live')
      await p.waitForSelector('h1')
      told.ways.push(at())
      await p.goto(base + '/calls/' + call)
      await p.waitForSelector('.words')
      told.ways.push(at())
      await p.click('header nav a:text-is("Deliveries")')
      await p.waitForSelector('td.acts button')
      await p.selectOption('label:has-text("What came of it") select', 'delivered')
      await p.waitForFunction(() => /state=delivered/.test(location.search))
      told.ways.push(at())
      await p.goBack()
      await until('/calls/' + call)
      await p.waitForSelector('.words')
      told.ways.push(at())
      await p.goForward()
      await until('/deliveries?state=delivered')
      told.ways.push(at())
      await p.reload()
      await p.waitForSelector('td.acts button')
      told.ways.push(at())
      const tab = await p.context().newPage()
      await tab.goto(p.url())
      await tab.waitForSelector('td.acts button')
      told.ways.push(await tab.locator('h1').innerText())
    },
  }
}
