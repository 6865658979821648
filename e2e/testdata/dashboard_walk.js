// Where things stand on a call's page, and what is saved of it.
const fs = require('fs')

module.exports = ({ page, open, check, told, shots, given }) => {
  const sought = async (p, act) => {
    await p.evaluate(() => { const a = document.querySelector('audio'); a.pause(); window.sought = null; a.onseeked = () => { window.sought ??= a.currentTime } })
    await act()
    await p.waitForFunction(() => window.sought !== null)
    await p.evaluate(() => document.querySelector('audio').pause())
    return p.evaluate(() => window.sought)
  }
  const middle = (p, turn, word) => p.evaluate(([turn, word]) => {
    const p = document.getElementById('said-' + turn), text = p.firstChild, m = [...text.textContent.matchAll(/\S+/g)][word]
    p.scrollIntoView({ block: 'center' })
    const range = new Range()
    range.setStart(text, m.index)
    range.setEnd(text, m.index + m[0].length)
    const box = range.getClientRects()[0]
    return { x: box.left + box.width / 2, y: box.top + box.height / 2 }
  }, [turn, word])

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
        const at = await sought(p, async () => { const { x, y } = await middle(p, turn, word); await p.mouse.click(x, y) })
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
  }
}
