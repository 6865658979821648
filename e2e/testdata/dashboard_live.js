// Calls that run: the page of all of them, one that is followed, and the page on which a person talks to an agent.
module.exports = ({ page, open, picture, check, told, errors, base, shots, given }) => ({
  async live() {
    const { calls, from } = given()
    const p = await open(await page(), '/live')
    const rows = p.locator('tbody tr')
    await p.waitForFunction((n) => document.querySelectorAll('tbody tr').length === n, calls, { timeout: 60000 })
    told.rows = await rows.count()
    told.total = await p.locator('.head [role=status]').innerText()
    // whose turn it is, on all of them
    const phases = new Set(), end = Date.now() + 60000
    const wanted = ['Agent speaks', 'Caller speaks', 'Agent thinks']
    while (Date.now() < end && !wanted.every((w) => phases.has(w))) {
      for (const t of await p.locator('td.now .tag').allInnerTexts()) phases.add(t)
      await p.waitForTimeout(100)
    }
    told.phases = [...phases]
    await p.waitForFunction(() => /could you|open from nine/.test(document.querySelector('tbody')?.textContent), undefined, { timeout: 60000 })
    told.said = await p.locator('tbody').innerText()
    await check(p, 'live')
    // one of them
    await p.click(`button[aria-label="Follow ${from}"]`)
    await p.waitForSelector('.panel [role=log] li')
    told.followed = await p.locator('.panel [role=log]').innerText()
    await p.click('.panel >> text=Listen in')
    await p.waitForSelector('.panel .meters')
    const loudest = (who) => p.waitForFunction((w) => parseFloat(document.querySelector(`.panel .meters .${w} b`)?.style.width) > 5 && parseFloat(document.querySelector(`.panel .meters .${w} b`).style.width), who, { timeout: 60000 }).then((h) => h.jsonValue())
    told.agent = await loudest('agent').catch(async (e) => { throw new Error(e.message + await p.locator('.panel').innerText() + await p.locator('.panel .meters').innerHTML().catch(() => 'no meters')) })
    told.caller = await loudest('caller')
    await p.fill('.panel textarea', 'Offer them the discount.')
    await p.click('.panel >> text=Send')
    await p.waitForSelector('.panel >> text=The agent knows it.')
    await p.click('.panel >> text=Silence the agent')
    await p.click('.panel >> text=Let the agent speak')
    await p.waitForSelector('.panel >> text=The agent speaks again.')
    await p.click('.panel summary')
    await p.fill('.panel form.phone input', 'a b')
    await p.click('.panel >> text=Call it')
    await p.waitForSelector('.panel .bad:has-text("phone_number")')
    await p.waitForFunction(() => document.querySelector('.panel .meters .agent b'))
    await check(p, 'live, followed')
    if (shots) await p.screenshot({ path: `${shots}/live.png` })
    await p.fill('.panel .over input', 'Ann takes over now.')
    await p.click('.panel >> text=Talk from this browser')
    await p.waitForSelector('.panel >> text=You talk with the caller.', { timeout: 60000 })
    told.taken = await p.locator('.panel .mine').innerText()
    if (shots) await p.screenshot({ path: `${shots}/taken-over.png` })
    // whoever leaves the page is asked first
    p.answer = (d) => d.dismiss()
    await p.click('header nav a:text-is("Calls")')
    if (!p.url().endsWith('/live')) errors.push('the page was left while somebody talked with a caller')
    p.answer = null
    await p.waitForTimeout(2500)
    await p.click('.panel .mine >> text=Hang up')
    await p.waitForSelector('.panel >> text=See what happened', { timeout: 60000 })
    told.over = await p.locator('.panel').innerText()
    await p.waitForFunction((n) => document.querySelectorAll('tbody tr').length === n, calls - 1, { timeout: 60000 })
    told.after = await rows.count()
    await p.click('.panel >> text=Close')
    await p.locator('button', { hasText: 'Hang up' }).first().click()
    await p.waitForFunction((n) => document.querySelectorAll('tbody tr').length === n, calls - 2, { timeout: 60000 })
    // its page, while it runs
    await p.locator('td.far a').first().click()
    await p.waitForSelector('main .live [role=log] li')
    await p.waitForSelector('main .live .line', { timeout: 60000 })
    told.used = await p.locator('h2:text-is("Used")').count()
    await check(p, 'a call that runs')
    if (shots) await p.screenshot({ path: `${shots}/running.png` })
    await picture('live-calls', '/live', 'tbody tr', async (q) => { await q.locator('button', { hasText: 'Follow' }).first().click(); await q.waitForSelector('.panel [role=log] li, .panel .line') })
  },

  // A call is taken over, and the caller hears this browser's microphone.
  async microphone() {
    const { from } = given()
    const p = await open(await page(), '/live')
    await p.click(`button[aria-label="Follow ${from}"]`, { timeout: 60000 })
    await p.waitForSelector('.panel [role=log] li', { timeout: 60000 })
    await p.click('.panel summary')
    await p.click('.panel >> text=Talk from this browser')
    await p.waitForSelector('.panel >> text=You talk with the caller.', { timeout: 60000 })
    told.taken = await p.locator('.panel .mine').innerText()
    await p.waitForTimeout(9000)
    await p.click('.panel .mine >> text=Hang up')
    await p.waitForSelector('.panel >> text=See what happened', { timeout: 60000 })
  },

  async spoken() {
    const { agent } = given()
    const p = await page()
    // When a word was heard, as its event says, and when it stands on the page.
    await p.addInitScript(() => {
      const parse = JSON.parse
      window.told = { heard: [], shown: [] }
      JSON.parse = (...a) => {
        const v = parse(...a)
        if (v?.type === 'partial' && v.payload.sender === 'bot') window.told.heard.push({ text: v.payload.text, at: Date.parse(v.timestamp.replace(/(\.\d{3})\d*/, '$1')) })
        return v
      }
      addEventListener('DOMContentLoaded', () => new MutationObserver(() => {
        const text = [...document.querySelectorAll('.line.bot p, [role=log] li.bot p')].at(-1)?.textContent.replace(/ …$/, '')
        if (text && text !== window.told.shown.at(-1)?.text) window.told.shown.push({ text, at: performance.timeOrigin + performance.now() })
      }).observe(document.documentElement, { subtree: true, childList: true, characterData: true }))
    })
    await open(p, '/talk?agent=' + agent)
    await p.waitForSelector('.call')
    await p.click('button.call')
    await p.waitForSelector('[role=log] li.bot', { timeout: 60000 })
    const { heard, shown } = await p.evaluate(() => window.told)
    told.final = shown.at(-1).text
    told.grew = shown.length
    told.lags = heard.flatMap((h) => shown.filter((s) => s.text === h.text).slice(0, 1).map((s) => s.at - h.at))
    await p.click('text=Hang up')
  },
})
