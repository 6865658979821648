// Every page, full of what strangers wrote: nothing of it runs, and nothing of another environment's is shown.
module.exports = ({ page, open, told, errors, base, given }) => ({
  async hostile() {
    const { paths, foreign, live } = given()
    const p = await open(await page(), '/agents')
    const settle = async () => {
      await p.waitForSelector('main h1')
      await p.waitForFunction(() => !/Loading …/.test(document.querySelector('main').innerText), undefined, { timeout: 20000 }).catch(() => {})
      await p.waitForTimeout(300)
    }
    told.pages = {}
    for (const path of paths) {
      await p.goto(base + path)
      await settle()
      if (path === '/live' && live) {
        await p.locator('button', { hasText: 'Follow' }).first().click()
        await p.waitForSelector('.panel [role=log] li')
      }
      await p.evaluate(() => document.querySelectorAll('details').forEach((d) => { d.open = true }))
      await p.waitForTimeout(400)
      told.pages[path] = {
        run: await p.evaluate(() => window.hacked ?? 'nothing'),
        elements: await p.locator('main img, main script, main iframe, main object, main embed, main [onerror], main [onload], main a[href^="javascript:"]').count(),
        text: (await p.locator('main').innerText()) + (await p.locator('main input, main textarea').evaluateAll((all) => all.map((x) => x.value).join('\n'))),
      }
    }
    told.foreign = {}
    for (const path of foreign) {
      await p.goto(base + path)
      await settle()
      told.foreign[path] = (await p.locator('main').innerText()) + (await p.locator('main input, main textarea').evaluateAll((all) => all.map((x) => x.value).join('\n')))
    }
    for (const e of errors.splice(0)) if (!/404|status of 4/.test(e)) errors.push(e)
  },
})
