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
})
