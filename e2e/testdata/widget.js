// What a visitor may do with the widget of a page, and what may go wrong: node widget.js PLAYWRIGHT PAGE SHOTS SCENARIO…. Each scenario tells as
// JSON what it has seen, on a line of its own. Screenshots go into the folder SHOTS.
const [, , playwright, page, shots, ...scenarios] = process.argv
const { chromium } = require(playwright + '/playwright-core')
const fs = require('fs')

const fakes = ['--use-fake-ui-for-media-stream', '--use-fake-device-for-media-stream']
const launch = (...args) => chromium.launch({
  executablePath: ['/usr/bin/chromium', '/usr/bin/chromium-browser'].find(fs.existsSync), headless: true,
  args: ['--no-sandbox', '--autoplay-policy=no-user-gesture-required', '--allow-loopback-in-peer-connection', '--host-resolver-rules=MAP shop.example 127.0.0.1', ...args],
})

// A visitor of a page, which is asked for with such a query.
async function visit(browser, query, options = {}) {
  const p = await (await browser.newContext(options)).newPage()
  p.said = []
  p.on('console', (m) => p.said.push(m.text()))
  p.on('pageerror', (e) => p.said.push('thrown: ' + e.message))
  await p.goto((options.page || page) + '/?' + new URLSearchParams(query))
  const widget = p.locator('parley-call')
  p.button = (n = 0) => widget.nth(n).locator('button').first()
  p.mute = () => widget.first().locator('button.mute')
  p.bubble = (n = 0) => widget.nth(n).locator('p')
  p.until = (what, of = p.button()) => of.filter({ hasText: what }).waitFor({ state: 'attached', timeout: 20000 })
  await p.button().waitFor()
  return p
}

const boxes = async (p) => Promise.all((await p.locator('parley-call').all()).map((w) => w.boundingBox()))

const does = {
  async keyboard(browser) {
    const p = await visit(browser, {})
    await p.keyboard.press('Tab')
    await p.keyboard.press('Enter')
    await p.until('Hang up')
    await p.mute().waitFor()
    await p.keyboard.press('Tab')
    await p.keyboard.press('Space')
    const muted = [await p.mute().textContent(), await p.mute().getAttribute('aria-pressed'), await p.evaluate(() => document.activeElement.shadowRoot.activeElement.className)]
    await p.until('Welcome', p.bubble())
    await p.screenshot({ path: shots + '/call.png' })
    await p.keyboard.press('Shift+Tab')
    await p.keyboard.press('Enter')
    await p.until('Call us')
    return { muted, after: await p.bubble().textContent(), hidden: await p.mute().isHidden(), said: p.said }
  },
  async policy(browser) { // a page whose Content-Security-Policy names the server and nothing else
    const p = await visit(browser, { csp: 'yes' })
    await p.button().click()
    await p.until('Hang up')
    const placed = await p.evaluate(() => getComputedStyle(document.querySelector('parley-call')).position)
    await p.button().click()
    return { placed, said: p.said }
  },
  async forgotten(browser) { // one that lets the script be loaded and no calls be made
    const p = await visit(browser, { csp: 'script' })
    await p.button().click()
    await p.until('could not be made', p.bubble())
    return { said: p.said, label: await p.button().textContent() }
  },
  async two(browser) {
    const p = await visit(browser, { widgets: 2 })
    const [a, b] = await boxes(p)
    await p.button(0).click()
    await p.until('Hang up', p.button(0))
    await p.button(1).click()
    await p.until('Hang up', p.button(1))
    const first = await p.button(0).textContent()
    await p.button(1).click()
    return { apart: a.y >= b.y + b.height || b.y >= a.y + a.height, first, said: p.said }
  },
  async hasty(browser) { // who changes their mind while it connects
    const p = await visit(browser, {})
    await p.button().evaluate((b) => { b.click(); b.click() })
    await p.until('Call us')
    await p.waitForTimeout(500)
    return { label: await p.button().textContent(), bubble: await p.bubble().textContent(), said: p.said }
  },
  async leaves(browser) { // for another page
    const p = await visit(browser, {})
    await p.button().click()
    await p.until('Hang up')
    await p.goto('about:blank')
    return {}
  },
  async nobody(browser) {
    const p = await visit(browser, { agent: '00000000-0000-4000-8000-000000000000' })
    await p.button().click()
    await p.until('could not be made', p.bubble())
    return { said: p.said }
  },
  async insecure(browser) {
    const p = await visit(browser, {}, { page: page.replace('127.0.0.1', 'shop.example') })
    await p.button().click()
    await p.until('https', p.bubble())
    return { said: p.said }
  },
  async looks(browser) {
    const sizes = []
    for (const colorScheme of ['light', 'dark']) {
      for (const color of ['', '#ffe000']) {
        const p = await visit(browser, color ? { color } : {}, { viewport: { width: 320, height: 480 }, colorScheme })
        await p.bubble().evaluate((b) => { b.textContent = 'A sentence that goes on for longer than a telephone is wide. '.repeat(20) })
        await p.screenshot({ path: `${shots}/${colorScheme}${color ? '-yellow' : ''}.png` })
        const [b] = await boxes(p)
        sizes.push({ inside: b.x >= 0 && b.y >= 0 && b.x + b.width <= 320 && b.y + b.height <= 480, ink: await p.button().evaluate((e) => getComputedStyle(e).color), height: (await p.button().boundingBox()).height })
      }
    }
    return { sizes }
  },
  async gone(browser) { // the server, in the middle of a call: whoever reads these lines kills it
    const p = await visit(browser, {})
    await p.button().click()
    await p.until('Hang up')
    console.log(JSON.stringify({ scenario: 'connected' }))
    const since = Date.now()
    await p.bubble().filter({ hasText: 'connection was lost' }).waitFor({ timeout: 60000 })
    return { label: await p.button().textContent(), after: (Date.now() - since) / 1000 }
  },
  async denied() {
    const browser = await launch('--use-fake-device-for-media-stream', '--deny-permission-prompts')
    const p = await visit(browser, {})
    await p.button().click()
    await p.until('Allow the microphone', p.bubble())
    await p.screenshot({ path: shots + '/denied.png' })
    await browser.close()
    return { said: p.said }
  },
  async none() { // no microphone
    const browser = await launch('--use-fake-ui-for-media-stream')
    const p = await visit(browser, {})
    await p.button().click()
    await p.until('No microphone', p.bubble())
    await browser.close()
    return { said: p.said }
  },
}

;(async () => {
  const browser = await launch(...fakes)
  for (const scenario of scenarios) {
    let told
    try { told = await does[scenario](browser) } catch (e) { told = { failed: e.message } }
    console.log(JSON.stringify({ scenario, ...told }))
  }
  await new Promise((done) => setTimeout(done, 1500)) // what the last of them has sent is on its way
  await browser.close()
})().catch((e) => { console.error(e); process.exit(1) })
