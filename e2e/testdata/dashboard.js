// A person at the dashboard: node dashboard.js PLAYWRIGHT AXE BASE KEY MICROPHONE.wav SHOTS SCENARIO [JSON]. It does what the scenario says, as somebody
// with a keyboard or a mouse would, and tells what came of it as JSON. Whatever the pages run that they should not, load from elsewhere or complain of is
// an error; SHOTS is a folder for pictures, or "".
const [, , playwright, axe, base, key, microphone, shots, scenario, given] = process.argv
const { chromium } = require(playwright + '/playwright-core')
const fs = require('fs')
const audit = fs.readFileSync(axe + '/axe-core/axe.min.js', 'utf8')

const told = {}, errors = [], outside = []
let browser

async function page(options = {}) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 860 }, ...options })
  const p = await context.newPage()
  p.on('pageerror', (e) => errors.push('page: ' + e.message))
  p.on('console', (m) => { if (m.type() === 'error' && !/Failed to load resource/.test(m.text())) errors.push('console: ' + m.text()) })
  p.on('request', (r) => { if (!/^(data|blob):/.test(r.url()) && new URL(r.url()).origin !== base) outside.push(r.url()) })
  p.on('dialog', (d) => (p.answer ? p.answer(d) : (errors.push('dialog: ' + d.message()), d.dismiss())))
  return p
}

async function open(p, path = '/') {
  await p.goto(base + path)
  await p.fill('#key', key)
  await p.keyboard.press('Enter')
  await p.waitForSelector('header nav', { state: 'attached' })
  return p
}

// picture looks at a page as it is in both themes and on a phone, and holds it against axe: nothing serious, nothing wider than the page.
async function picture(name, path, ready, act) {
  for (const [how, options] of [['light', {}], ['dark', { colorScheme: 'dark' }], ['phone', { viewport: { width: 390, height: 844 } }]]) {
    const p = await page(options)
    if (path === '/login') await p.goto(base + '/')
    else await open(p, path)
    await p.waitForSelector(ready)
    if (act) await act(p)
    await p.waitForTimeout(300)
    await check(p, `${name}, ${how}`)
    if (shots) await p.screenshot({ path: `${shots}/${name}-${how}.png` })
    await p.context().close()
  }
}

async function check(p, name) {
  const wide = await p.evaluate(() => document.documentElement.scrollWidth - innerWidth)
  if (wide > 0) errors.push(`${name} is ${wide} px wider than the screen`)
  // The page's own policy keeps scripts out that are put into it: axe is run from beside it.
  await p.evaluate(audit)
  const found = await p.evaluate(async () => (await axe.run(document, { resultTypes: ['violations'] })).violations.map((v) => ({ id: v.id, impact: v.impact, nodes: v.nodes.slice(0, 3).map((n) => n.html.slice(0, 200) + ' ' + n.failureSummary.slice(0, 200)) })))
  for (const v of found) if (['serious', 'critical'].includes(v.impact)) errors.push(`${name}: ${v.id}: ${v.nodes.join(' | ')}`)
}

// ink is how many pixels stand within 24 to the left of an element, in its first line: what the marker of a list or of a disclosure has.
async function ink(p, selector) {
  const at = p.locator(selector).first()
  await at.scrollIntoViewIfNeeded()
  const { x, y } = await at.boundingBox()
  const shot = await p.screenshot({ clip: { x: x - 24, y, width: 24, height: 20 } })
  return p.evaluate(async (data) => {
    const image = new Image()
    image.src = data
    await image.decode()
    const c = document.createElement('canvas')
    c.width = image.width
    c.height = image.height
    c.getContext('2d').drawImage(image, 0, 0)
    const d = c.getContext('2d').getImageData(0, 0, c.width, c.height).data
    let n = 0
    for (let i = 4; i < d.length; i += 4) if (Math.abs(d[i] - d[0]) + Math.abs(d[i + 1] - d[1]) + Math.abs(d[i + 2] - d[2]) > 90) n++
    return n
  }, 'data:image/png;base64,' + shot.toString('base64'))
}

const scenarios = {
  // Wrong key, right key, what the cookie is, how soon a page can be used, log out.
  async login() {
    const p = await page()
    await p.goto(base + '/agents')
    await p.waitForSelector('#key')
    await p.keyboard.press('Enter')
    told.empty = await p.locator('[role=alert]').innerText()
    await p.fill('#key', 'sk_live_wrong')
    await p.keyboard.press('Enter')
    await p.waitForFunction(() => /not known/.test(document.querySelector('[role=alert]')?.textContent || ''))
    told.wrong = await p.locator('[role=alert]').innerText()
    told.focused = await p.evaluate(() => document.activeElement.id)
    await p.fill('#key', key)
    await p.keyboard.press('Enter')
    await p.waitForSelector('h1:has-text("Agents")')
    told.cookie = (await p.context().cookies())[0]
    told.readable = await p.evaluate(() => document.cookie)
    const times = []
    for (let i = 0; i < 5; i++) {
      await p.goto(base + '/')
      await p.waitForSelector('.call')
      times.push(await p.evaluate(() => performance.now()))
    }
    told.usable = Math.min(...times)
    told.loaded = await p.evaluate(() => performance.getEntriesByType('resource').filter((r) => /assets|mark/.test(r.name)).length)
    await p.click('text=Log out')
    await p.waitForSelector('#key')
    told.after = await p.evaluate(async () => (await fetch('/v1/agents/list')).status)
    const late = await open(await page(), '/agents')
    await late.waitForSelector('li h2')
    await late.context().clearCookies()
    await late.click('nav a:text-is("Calls")')
    await late.waitForSelector('#key')
    told.over = await late.locator('main').innerText()
  },

  // One click, and a talk with the demo agent; then the call's own page.
  async talk() {
    const p = await open(await page())
    await p.click('button.call')
    const states = new Set()
    const until = async (what, f, ms) => {
      const end = Date.now() + ms
      while (Date.now() < end) {
        states.add(await p.locator('.now').innerText())
        if (await f()) return
        await p.waitForTimeout(60)
      }
      throw new Error(`${what} did not happen: ${await p.locator('main').innerText()}`)
    }
    const lines = () => p.locator('[role=log] li').allInnerTexts()
    await until('the greeting', async () => (await lines()).length >= 1, 20000)
    await until('an answer', async () => (await lines()).some((l) => /nine in the morning/.test(l)), 30000)
    told.lines = await lines()
    told.states = [...states]
    told.latency = await p.locator('.sum').innerText()
    await check(p, 'talking')
    if (shots) await p.screenshot({ path: `${shots}/talking.png` })
    await p.click('text=Hang up')
    await p.click('text=See what happened')
    await p.waitForSelector('.words ol')
    await p.waitForSelector('audio')
    told.heading = await p.locator('h1').innerText()
    told.words = await p.locator('.turn').allInnerTexts()
    await p.waitForFunction(() => document.querySelector('audio').duration > 5)
    await p.locator('.turn button').last().click()
    await p.waitForFunction(() => document.querySelector('audio').currentTime > 5)
    const first = p.locator('.turn p.hear').first()
    await first.click({ position: { x: 3, y: 8 } })
    await p.waitForFunction(() => document.querySelector('audio').currentTime < 5)
    await p.locator('summary', { hasText: 'Events' }).click()
    await p.waitForSelector('b:has-text("Phone call ended")')
    told.events = await p.locator('ol li summary b').allInnerTexts()
    const [download] = await Promise.all([p.waitForEvent('download'), p.click('text=Save as JSON')])
    told.saved = JSON.parse(fs.readFileSync(await download.path(), 'utf8')).id
    told.address = p.url()
    told.telephone = await p.locator('dt:text-is("Telephone") + dd').innerText()
    told.to = await p.locator('dt:text-is("To") + dd').innerText()
    // what opens a turn's latency shows that it does, on a phone as on a desk
    told.ink = []
    for (const width of [1280, 390]) {
      await p.setViewportSize({ width, height: 860 })
      told.ink.push(await ink(p, '.turn details summary'))
    }
    await p.setViewportSize({ width: 1280, height: 860 })
    await p.locator('.turn details summary').first().click()
    await check(p, 'call')
    if (shots) await p.screenshot({ path: `${shots}/call.png` })
  },

  // An agent from a template: bad input of several kinds, then good; changed, undone, guarded, copied, deleted.
  async agent() {
    const p = await open(await page(), '/agents/new')
    await p.click('.templates button:has-text("Receptionist")')
    await p.fill('#f-name', 'Front desk')
    await p.fill('#f-initial_message_delay', '-5')
    await p.click('nav[aria-label="Parts of the agent"] >> text=Silence and length')
    await p.fill('#f-call_duration_sec', '0')
    await p.click('.bar .strong')
    await p.waitForSelector('.error')
    told.refused = await p.locator('.error').allInnerTexts()
    told.focused = await p.evaluate(() => document.activeElement.id)
    told.status = await p.locator('.bar [role=status]').innerText()
    await p.fill('#f-initial_message_delay', '300')
    await p.fill('#f-call_duration_sec', '600')
    await p.selectOption('#f-voice-type', 'voice_eleven_labs')
    await p.click('.bar .strong')
    await p.waitForSelector('.error')
    told.vendor = await p.locator('.error').allInnerTexts()
    await p.selectOption('#f-voice-type', 'voice_local')
    await p.fill('#f-voice-rate', '1.1')
    await p.locator('.cm-content').press('Control+End')
    await p.click('button:has-text("from_number")')
    await p.click('nav[aria-label="Parts of the agent"] >> text=Hearing')
    await p.fill('#f-deepgram_keywords', 'kansas: 10\nOz: 5')
    await p.selectOption('#f-noise_suppression', 'true')
    await p.click('#f-guard_rails >> button')
    await p.selectOption('#f-guard_rails-disclosure', 'text')
    await p.fill('#f-guard_rails-disclosure + input', 'This call is recorded.')
    await p.fill('#f-guard_rails-never_say', 'guarantee*\nrefund')
    await p.locator('#f-guard_rails-never_say').blur()
    await p.click('nav[aria-label="Parts of the agent"] >> text=After the call')
    await p.click('#f-webhook >> button')
    await p.fill('#f-webhook-url', 'https://hooks.example/parley')
    await p.click('#f-webhook-subscriptions >> label:has-text("Message")')
    await p.click('#f-post_call_insights > button')
    const added = '#f-post_call_insights > ol > li:last-child '
    await p.fill(added + 'input[id$="-description"]', 'What it was about')
    await p.click('.bar .strong')
    await p.waitForSelector('.error')
    told.nameless = await p.locator('.error').allInnerTexts()
    await p.fill(added + 'input[id$="-name"]', 'topic')
    await p.click('.bar .strong')
    await p.waitForURL(/agents\/[0-9a-f-]{36}$/)
    await p.waitForSelector('h1:has-text("Front desk")')
    told.id = p.url().split('/').pop()
    // changed, and taken back; left, and stayed; saved by the keyboard
    await p.fill('#f-name', 'Reception')
    await p.click('text=Undo all')
    told.undone = await p.inputValue('#f-name')
    await p.fill('#f-name', 'Reception')
    told.asked = []
    p.answer = (d) => { told.asked.push(d.message()); return d.dismiss() }
    await p.click('header nav a:text-is("Calls")')
    told.stayed = p.url().endsWith(told.id)
    await p.evaluate(() => history.back()) // goBack() waits for a navigation, which the answer takes back
    for (let n = 0; told.asked.length < 2 && n < 200; n++) await p.waitForTimeout(50)
    await p.waitForTimeout(300)
    told.stayed &&= p.url().endsWith(told.id)
    await p.fill('#f-initial_message_delay', '')
    await p.keyboard.press('Control+s')
    await p.waitForSelector('.bar >> text=Saved')
    p.answer = null
    await p.click('text=JSON')
    told.body = JSON.parse(await p.locator('pre[aria-label=JSON]').innerText())
    await p.click('text=Duplicate')
    await p.waitForSelector('h1:has-text("New agent")')
    await p.waitForSelector('#f-name')
    await p.click('.bar .strong')
    await p.waitForSelector('h1:has-text("Reception (copy)")')
    told.copy = p.url().split('/').pop()
    p.answer = (d) => d.accept()
    await p.click('button:has-text("Delete")')
    await p.waitForSelector('h1:has-text("Agents")')
    await p.waitForSelector('li h2')
    told.list = await p.locator('li h2').allInnerTexts()
  },

  // Pages full of what strangers wrote.
  async strangers() {
    const { call, agent, other } = JSON.parse(given)
    const p = await open(await page(), '/calls')
    await p.waitForSelector('tbody tr')
    told.list = await p.locator('tbody').innerText()
    await p.goto(base + '/calls/' + call)
    await p.waitForSelector('.words')
    await p.locator('summary', { hasText: 'Events' }).click()
    await p.waitForSelector('ol li summary b')
    await p.evaluate(() => document.querySelectorAll('details').forEach((d) => { d.open = true }))
    told.call = await p.locator('main').innerText()
    await p.goto(base + '/agents')
    await p.waitForSelector('li h2')
    await p.goto(base + '/agents/' + agent)
    await p.waitForSelector('.groups')
    told.prompt = await p.locator('.cm-content').innerText()
    await p.goto(base + '/talk?agent=' + agent)
    await p.waitForSelector('#agent')
    told.run = await p.evaluate(() => window.hacked ?? 'nothing')
    told.elements = await p.locator('main img, main script, main iframe').count()
    // what is another's is not there
    await p.goto(base + '/calls/' + other)
    await p.waitForSelector('h1:has-text("nothing at this address")')
    told.other = await p.locator('main').innerText()
    await p.goto(base + '/agents/' + other)
    await p.waitForSelector('h1:has-text("nothing at this address")')
    // and a script that is put into a page does not run
    told.injected = await p.evaluate(() => {
      const tries = {}
      const attempt = (name, f) => { try { f(); tries[name] = 'done' } catch (e) { tries[name] = e.name } }
      attempt('markup', () => { document.body.innerHTML += '<img src=x onerror="window.hacked=1">' })
      attempt('script', () => { const s = document.createElement('script'); s.textContent = 'window.hacked=1'; document.body.append(s) })
      return tries
    })
    await p.waitForTimeout(200)
    told.run = [told.run, await p.evaluate(() => window.hacked ?? 'nothing')].join(' ')
    errors.length = 0 // those of the attempts
  },

  // Calls in lists: filters, pages, live ones and their end.
  async calls() {
    const { calls } = JSON.parse(given)
    const p = await open(await page(), '/calls')
    await p.waitForSelector('tbody tr')
    told.rows = await p.locator('tbody tr').count()
    told.pages = await p.locator('nav[aria-label="Pages of the list"]').innerText()
    await p.click('text=More')
    await p.waitForFunction(() => location.search === '?page=2')
    await p.waitForFunction(() => document.querySelectorAll('tbody tr').length < 25)
    told.second = await p.locator('tbody tr').count()
    await p.selectOption('label:has-text("Ended") select', 'cancelled')
    await p.waitForFunction(() => document.querySelectorAll('tbody tr').length === 1)
    told.cancelled = await p.locator('tbody').innerText()
    told.query = new URL(p.url()).search
    await p.reload()
    await p.waitForFunction(() => document.querySelectorAll('tbody tr').length === 1)
    await p.fill('label:has-text("Calling number") input', 'nobody')
    await p.keyboard.press('Enter')
    await p.waitForSelector('text=No call is like that')
    await p.click('text=Show all')
    await p.waitForFunction(() => document.querySelectorAll('tbody tr').length > 1)
    await p.goto(base + '/live')
    await p.waitForFunction((n) => document.querySelectorAll('tbody tr').length === n, calls, { timeout: 30000 })
    told.live = await p.locator('tbody').innerText()
    await p.locator('button', { hasText: 'Hang up' }).first().click()
    await p.waitForFunction((n) => document.querySelectorAll('tbody tr').length === n - 1, calls, { timeout: 30000 })
    await check(p, 'live')
  },

  // Each page in both themes and on a phone.
  async pictures() {
    const { call, agent } = JSON.parse(given)
    await picture('login', '/login', '#key')
    await picture('talk', '/talk', '.call')
    await picture('agents', '/agents', 'li h2')
    await picture('new-agent', '/agents/new', '.templates')
    await picture('agent', '/agents/' + agent, '.groups', async (p) => { await p.evaluate(() => document.querySelectorAll('details').forEach((d) => { d.open = true })) })
    await picture('calls', '/calls', 'tbody tr')
    await picture('call', '/calls/' + call, '.words', async (p) => { await p.evaluate(() => document.querySelectorAll('details').forEach((d) => { d.open = true })); await p.waitForTimeout(500) })
    await picture('live', '/live', '.none')
    await picture('lost', '/calls/00000000-0000-4000-8000-000000000000', 'h1')
  },
}

// heard says from where the player goes on once something was done: to where it is put, whether it has begun there or not.
async function heard(p, act) {
  await p.evaluate(() => { const a = document.querySelector('audio'); a.pause(); window.sought = null; a.onseeking = () => { window.sought ??= a.currentTime } })
  await act()
  await p.waitForFunction(() => window.sought !== null)
  await p.evaluate(() => document.querySelector('audio').pause())
  return p.evaluate(() => window.sought)
}

// middle is where the middle of a word of a turn stands on the page.
const middle = (p, turn, word) => p.evaluate(([turn, word]) => {
  const p = document.getElementById('said-' + turn), text = p.firstChild, m = [...text.textContent.matchAll(/\S+/g)][word]
  p.scrollIntoView({ block: 'center' })
  const range = new Range()
  range.setStart(text, m.index)
  range.setEnd(text, m.index + m[0].length)
  const box = range.getClientRects()[0]
  return { x: box.left + box.width / 2, y: box.top + box.height / 2 }
}, [turn, word])

// Those of dashboard_*.js, which are given what this file has.
for (const name of fs.readdirSync(__dirname)) if (/^dashboard_\w+\.js$/.test(name)) Object.assign(scenarios, require('./' + name)({ page, open, picture, check, told, errors, outside, heard, middle, base, key, shots, given: () => JSON.parse(given) }))

;(async () => {
  browser = await chromium.launch({
    executablePath: ['/usr/bin/chromium', '/usr/bin/chromium-browser'].find(fs.existsSync), headless: true,
    args: ['--no-sandbox', '--use-fake-ui-for-media-stream', '--use-fake-device-for-media-stream', ...(microphone ? [`--use-file-for-fake-audio-capture=${microphone}${/microphone\.wav$/.test(microphone) ? '%noloop' : ''}`] : []),
      '--autoplay-policy=no-user-gesture-required', '--allow-loopback-in-peer-connection', '--disable-features=WebRtcHideLocalIpsWithMdns'],
  })
  await scenarios[scenario]()
  await browser.close()
  process.stdout.write(JSON.stringify({ ...told, errors, outside }))
})().catch((e) => { console.error(e, errors); process.exit(1) })
