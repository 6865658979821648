// Somebody who wants to know what happened on a call, and why.
const fs = require('fs')

module.exports = ({ page, open, picture, check, told, heard, middle, base, shots, given }) => {
  const clickWord = async (p, turn, word) => { const at = await middle(p, turn, word); await p.mouse.click(at.x, at.y) }
  const seen = (p) => p.evaluate(() => {
    const c = document.querySelector('canvas'), d = c.getContext('2d').getImageData(0, 0, c.width, c.height).data, colours = new Map()
    for (let i = 0; i < d.length; i += 4) if (d[i + 3] === 255) { const k = (d[i] << 16) | (d[i + 1] << 8) | d[i + 2]; colours.set(k, (colours.get(k) || 0) + 1) }
    return [...colours.values()].filter((n) => n > 20).length + 1
  })

  return {
    async onecall() {
      const { call } = given()
      const p = await open(await page(), '/calls/' + call)
      await p.waitForSelector('canvas.ready')
      await p.waitForFunction(() => document.querySelector('audio').duration > 5)
      told.heading = await p.locator('h1').innerText()
      told.colours = await seen(p)
      told.marks = await p.locator('.wave i').count()
      const turns = await p.evaluate(async (id) => (await (await fetch('/v1/calls?id=' + id)).json()).turns, call)
      told.heard = []
      for (const who of ['human', 'bot']) {
        const t = turns.filter((t) => t.who === who && t.words).sort((a, b) => b.words.length - a.words.length)[0]
        const word = t.words.length - 1
        told.heard.push({ turn: t.id, word, at: await heard(p, () => clickWord(p, t.id, word)) })
      }
      await p.evaluate(() => document.querySelector('audio').play())
      await p.waitForFunction(() => CSS.highlights.get('sounding')?.size > 0)
      told.sounding = await p.evaluate(() => [...CSS.highlights.get('sounding')].map((r) => r.toString()).join(' '))
      // by keyboard: on by a word, and another, and back
      await p.focus('[role=slider]')
      told.stepped = [await heard(p, () => p.keyboard.press('Home'))]
      told.stepped.push(await heard(p, async () => { await p.keyboard.press('PageDown') }))
      told.stepped.push(await heard(p, () => p.keyboard.press('Shift+ArrowLeft')))
      told.slider = await p.locator('[role=slider]').getAttribute('aria-valuetext')
      const why = p.locator('.human details.why').first()
      await why.locator('summary').first().click()
      await why.locator('b').waitFor()
      await why.locator('summary', { hasText: 'made from' }).click()
      told.why = await why.innerText()
      told.inputs = await why.locator('dl').first().innerText()
      // another dial: a value that cannot be, then one that can
      const form = p.locator('form', { hasText: 'Play it once more' })
      await form.locator('select').first().selectOption('conversation_speed')
      await form.locator('#dial-value').fill('7')
      await form.locator('button').click()
      await p.waitForSelector('.error')
      told.wrong = await p.locator('.error').innerText()
      await form.locator('select').first().selectOption('endpointing_sensitivity')
      await form.locator('#dial-value').selectOption('relaxed')
      await form.locator('button').click()
      await p.waitForSelector('.sum')
      told.replayed = await p.locator('section[aria-labelledby=again]').innerText()
      await p.locator('summary', { hasText: 'Webhook deliveries' }).click()
      await p.waitForSelector('td:has-text("Phone call ended")')
      told.delivered = await p.locator('table').innerText()
      await p.locator('button', { hasText: /again|once more/i }).last().click()
      await p.waitForSelector('text=is sent once more')
      told.again = await p.locator('.told').innerText()
      const [json] = await Promise.all([p.waitForEvent('download'), p.click('text=Save as JSON')])
      told.json = JSON.parse(fs.readFileSync(await json.path(), 'utf8')).id
      const [wav] = await Promise.all([p.waitForEvent('download'), p.click('text=WAV, stereo')])
      told.download = fs.statSync(await wav.path()).size
      await check(p, 'one call')
      await p.evaluate(() => scrollTo(0, 0))
      if (shots) await p.screenshot({ path: `${shots}/onecall.png`, fullPage: true })
      await picture('onecall', '/calls/' + call, 'canvas.ready', async (p) => {
        await p.waitForSelector('details.why')
        await p.locator('details.why summary').first().click()
      })
    },

    async longcall() {
      const { call } = given()
      const p = await open(await page())
      await p.context().addInitScript(() => {
        window.there = {}
        new MutationObserver(() => {
          if (document.querySelector('.words .turn')) window.there.opened ??= performance.now()
          if (document.querySelector('canvas.ready')) window.there.seen ??= performance.now()
        }).observe(document, { childList: true, subtree: true, attributes: true })
      })
      told.opened = []
      told.seen = []
      for (let i = 0; i < 5; i++) {
        await p.goto(base + '/calls/' + call)
        await p.waitForFunction(() => window.there?.seen)
        const { opened, seen } = await p.evaluate(() => window.there)
        told.opened.push(opened)
        told.seen.push(seen)
      }
      await p.waitForFunction(() => document.querySelectorAll('.turn').length >= 1200)
      told.turns = await p.locator('.turn').count()
      await p.waitForFunction(() => document.querySelector('audio').duration > 3599)
      told.length = await p.locator('[role=slider]').getAttribute('aria-valuetext')
      told.played = await heard(p, () => clickWord(p, 't1100', 2))
      for (let i = 0; i < 3; i++) await p.locator('button[aria-label=Closer]').click()
      await p.waitForFunction(() => /\d+:\d+/.test(document.querySelector('.ends span:last-child')?.textContent))
      told.zoomed = await p.evaluate(() => { const [a, b] = [...document.querySelectorAll('.ends span')].map((s) => s.textContent.split(':').reduce((n, x) => n * 60 + +x, 0)); return (b - a) * 1000 })
      await check(p, 'a long call')
      if (shots) { await p.evaluate(() => scrollTo(0, 0)); await p.screenshot({ path: `${shots}/longcall.png` }) }
    },
  }
}
