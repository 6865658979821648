// The overview: what it says, and where its numbers lead.
module.exports = ({ page, open, picture, check, told, given }) => ({
  // Nobody has called yet.
  async overview_before() {
    const p = await open(await page())
    await p.waitForSelector('.call')
    told.heading = await p.locator('h1').innerText()
    await p.goto(new URL('/overview', p.url()).href)
    await p.waitForSelector('.none')
    told.empty = await p.locator('.none').innerText()
    await check(p, 'overview without calls')
  },

  async overview() {
    const { agent } = given()
    const p = await open(await page())
    await p.waitForSelector('.tiles')
    told.heading = await p.locator('h1').innerText()
    const month = async () => {
      await p.goto(new URL('/?period=30d', p.url()).href)
      await p.waitForSelector('.tiles')
    }
    await month()
    told.calls = await p.locator('.tiles dd > a').first().innerText()
    // How many calls the list has that a number leads to.
    const behind = async (link) => {
      await month()
      await p.locator(link).first().click()
      await p.waitForSelector('h1:has-text("Calls")')
      await p.waitForSelector('tbody tr')
      return Number(/of (?:about )?([\d,]+)/.exec(await p.locator('main').innerText())?.[1].replaceAll(',', '') ?? (await p.locator('tbody tr').count()))
    }
    told.behind = {
      all: await behind('.tiles div:nth-child(1) dd > a'), answered: await behind('.tiles div:nth-child(2) dd > a'), not: await behind('.tiles div:nth-child(2) a:has-text("not")'),
      outgoing: await behind('.tiles a:has-text("outgoing")'), busy: await behind('.ends a:text-is("Busy")'),
    }
    await month()
    told.vendors = await p.locator('section:has(h2:text-is("Latency by vendor")) tbody tr').allInnerTexts()
    told.agents = await p.locator('section:has(h2:text-is("By agent")) tbody tr').allInnerTexts()
    await p.click('summary:text-is("As a table")')
    told.table = await p.locator('details tbody tr').allInnerTexts()
    // Every link, and how many calls are listed where it leads.
    const links = await p.locator('main a[href^="/calls?"]').evaluateAll((all) => all.map((a) => ({ text: a.innerText.trim(), href: a.getAttribute('href') })))
    const totals = new Map()
    for (const { href } of links) {
      if (totals.has(href)) continue
      const [answer] = await Promise.all([p.waitForResponse((r) => r.url().includes('/v1/calls/list')), p.goto(new URL(href, p.url()).href)])
      totals.set(href, (await answer.json()).total)
    }
    told.links = links.map((l) => ({ ...l, total: totals.get(l.href) }))
    await month()
    // A click on the last bar: the calls of that day.
    const over = p.locator('.u-over').first()
    const box = await over.boundingBox()
    await over.hover({ position: { x: box.width - 12, y: box.height - 20 } })
    told.shown = { bar: Number((await p.locator('.u-legend').first().locator('.u-series').nth(1).innerText()).replace(/\D/g, '')) }
    await over.click({ position: { x: box.width - 12, y: box.height - 20 } })
    await p.waitForSelector('h1:has-text("Calls")')
    await p.waitForSelector('tbody tr')
    told.behind.bar = Number(/of (?:about )?([\d,]+)/.exec(await p.locator('main').innerText())?.[1].replaceAll(',', '') ?? (await p.locator('tbody tr').count()))
    await p.goto(new URL('/?period=24h&agent=00000000-0000-4000-8000-000000000000', p.url()).href)
    await p.waitForSelector('.none')
    told.agent = (await p.locator('.tiles').count()) ? await p.locator('.tiles').innerText() : '0 calls'
    await picture('overview', '/?period=24h', '.uplot', async (p) => { await p.waitForTimeout(300) })
    await picture('overview-month', '/?period=30d&agent=' + agent, '.uplot')
    await picture('calls-filtered', '/calls?answered=no&direction=out', 'tbody tr')
  },

  // The list of calls by every word of its address: sorted, narrowed, wrong; and paged through with the browser's own back and forward.
  async calls_asked() {
    const { id, busy } = given()
    const p = await open(await page(), '/calls')
    await p.waitForSelector('tbody tr')
    const base = new URL(p.url()).origin
    const total = async () => Number(/of (?:about )?([\d,]+)/.exec(await p.locator('main').innerText())?.[1].replaceAll(',', ''))
    const listed = async (query) => {
      const [answer] = await Promise.all([p.waitForResponse((r) => r.url().includes('/v1/calls/list')), p.goto(base + '/calls?' + query)])
      await p.waitForSelector('tbody tr, .none')
      return { ids: (await answer.json()).items?.map((c) => c.id), total: (await answer.json()).total, filters: JSON.parse(new URL(answer.url()).searchParams.get('filters')), sort: new URL(answer.url()).searchParams.get('sort_column') }
    }
    told.listed = {}
    for (const q of given().queries) told.listed[q] = await listed(q)
    await p.goto(base + '/calls?sort=from_number&order=up')
    await p.waitForSelector('tbody tr')
    told.sorted = await p.locator('tbody td.by').first().innerText()
    told.chosen = await p.locator('label:has-text("Sorted by") select').inputValue()
    // By hand, and read again.
    await p.goto(base + '/calls')
    await p.waitForSelector('tbody tr')
    await p.click('summary:has-text("When answered")')
    await p.locator('label').filter({ hasText: /^Id $/ }).locator('input').fill(id.slice(0, 8))
    await p.keyboard.press('Enter')
    await p.waitForFunction(() => document.querySelectorAll('tbody tr').length === 1)
    told.query = new URL(p.url()).search
    await p.reload()
    await p.waitForFunction(() => document.querySelectorAll('tbody tr').length === 1)
    told.typed = await p.locator('label').filter({ hasText: /^Id $/ }).locator('input').inputValue()
    await p.locator('tbody a').first().click()
    await p.waitForURL(/\/calls\/0193/)
    await p.goBack()
    await p.waitForFunction(() => document.querySelectorAll('tbody tr').length === 1)
    told.back = new URL(p.url()).search
    await p.goForward()
    await p.waitForURL(/\/calls\/0193/)
    // What cannot be looked for.
    await p.goto(base + '/calls?from=soon&median=abc&sort=name')
    await p.waitForSelector('#a-from-fault')
    told.wrong = await p.locator('.filters .bad').allInnerTexts()
    told.at = await p.locator('[aria-invalid=true]').evaluateAll((all) => all.map((x) => document.getElementById(x.getAttribute('aria-describedby'))?.innerText.slice(0, 6)))
    told.rows = await p.locator('tbody tr').count()
    await check(p, 'calls with wrong filters')
    for (const path of ['usage', 'audit']) {
      await p.goto(base + `/${path}?from=soon`)
      await p.waitForSelector('#a-from-fault')
      told[path] = await p.locator('main').innerText()
      await p.fill('label:has-text("From") input', '2026-01-02')
      await p.waitForSelector('#a-from-fault', { state: 'detached' })
    }
    // Three pages, and back to where each was left.
    await p.goto(base + '/calls')
    await p.waitForSelector('tbody tr')
    const first = () => p.locator('tbody a').first().getAttribute('href')
    const on = (n) => p.waitForFunction((n) => document.querySelector('nav[aria-label="Pages of the list"]')?.innerText.startsWith(`${n * 25 - 24}–`), n)
    await on(1)
    const head = await first()
    await p.locator('nav[aria-label="Pages of the list"] button:text-is("More")').click(); await on(2)
    await p.locator('nav[aria-label="Pages of the list"] button:text-is("More")').click(); await on(3)
    const row = p.locator('tbody tr:nth-child(20) a').first()
    await row.scrollIntoViewIfNeeded()
    await p.waitForTimeout(300) // where it is scrolled to is noted once it rests
    told.left = await p.evaluate(() => Math.round(scrollY))
    const there = await first()
    await row.click()
    await p.waitForURL(/\/calls\/0193/)
    await p.waitForSelector('h1')
    await p.goBack(); await on(3)
    told.same = (await first()) === there
    await p.waitForFunction((y) => Math.abs(scrollY - y) < 3, told.left).catch(() => {})
    told.again = await p.evaluate(() => Math.round(scrollY))
    await p.reload(); await on(3)
    await p.waitForFunction((y) => Math.abs(scrollY - y) < 3, told.left).catch(() => {})
    told.reloaded = await p.evaluate(() => Math.round(scrollY))
    await p.goBack(); await on(2)
    await p.goBack(); await on(1)
    told.home = (await first()) === head && new URL(p.url()).search === ''
    await p.goForward(); await on(2)
    await picture('calls-sorted', '/calls?sort=cost&cost=yes&stage=created', 'tbody tr')
  },
})
