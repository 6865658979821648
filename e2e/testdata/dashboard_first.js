// What a person meets first: the login, the page that stands at /, an agent that has just been made.
module.exports = ({ page, open, told, outside, base, key, given }) => ({
  // What a browser asks for that has never logged in, one whose storage is empty and whose cookie is not, and one that a link of another site brings.
  async asked() {
    const p = await page()
    let asked = [], refused = []
    p.on('request', (r) => asked.push(new URL(r.url()).pathname))
    p.on('response', (r) => { if (r.status() >= 400) refused.push(r.url()) })
    const anew = async (f) => {
      asked = []; refused = []
      await f()
      await p.waitForSelector('#key, header nav')
      await p.waitForLoadState('networkidle')
      return { login: await p.locator('#key').count(), api: asked.filter((a) => a.startsWith('/v1')), pages: asked.filter((a) => a === '/' || a === '/agents'), refused }
    }
    told.fresh = await anew(() => p.goto(base + '/agents'))
    await p.fill('#key', key)
    await p.keyboard.press('Enter')
    await p.waitForSelector('h1:has-text("Agents")')
    await p.evaluate(() => { localStorage.clear(); sessionStorage.clear() })
    told.known = await anew(() => p.goto(base + '/agents'))
    await p.route('http://elsewhere.example/**', (r) => r.fulfill({ contentType: 'text/html', body: `<a href="${base}/agents">A call to look at</a>` }))
    await p.goto('http://elsewhere.example/')
    outside.length = 0 // this page is meant to be elsewhere
    const came = p.waitForRequest(base + '/agents')
    told.linked = await anew(() => p.click('a'))
    told.cookie = (await (await came).allHeaders()).cookie ?? ''
    await p.context().clearCookies()
    told.gone = await anew(() => p.reload())
  },

  // Which page the navigation says stands at /.
  async stands() {
    const p = await open(await page(), '/')
    const current = () => p.locator('header nav [aria-current=page]').allInnerTexts()
    await p.waitForSelector(given().ready)
    told.current = [await current()]
    await p.click('header nav a:text-is("Agents")')
    await p.waitForSelector('h1:has-text("Agents")')
    told.current.push(await current())
    await p.click('header nav a:text-is("Overview")')
    await p.waitForSelector(given().ready)
    told.current.push(await current())
  },

  // An agent is made, and the parts that it was made with are called what they are where others can be chosen.
  async made() {
    const p = await open(await page(), '/agents/new')
    await p.click('.templates button:has-text("Receptionist")')
    await p.waitForSelector('#f-prompt-stored')
    await p.click('.bar .strong')
    await p.waitForURL(/agents\/[0-9a-f-]{36}$/)
    await p.waitForFunction(() => document.querySelector('#f-prompt-stored')?.value)
    await p.waitForLoadState('networkidle')
    told.id = await p.inputValue('#f-prompt-stored')
    told.name = await p.locator('#f-prompt-stored option:checked').innerText()
  },
})
