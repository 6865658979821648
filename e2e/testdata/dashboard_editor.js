// The agent's editor: variables completed and checked, stored parts chosen, a voice heard.
module.exports = ({ page, open, picture, check, told, given }) => ({
  async editor() {
    const { agent } = given()
    const p = await open(await page(), '/agents/' + agent)
    const prompt = p.locator('.cm-content')
    await prompt.waitFor()
    told.shown = await prompt.innerText()
    // Typed with the keyboard alone; what is proposed first is taken.
    await prompt.click()
    await p.keyboard.press('Control+End')
    await p.keyboard.type(' Call them ${from')
    await p.locator('.cm-tooltip-autocomplete li').first().waitFor()
    told.proposed = await p.locator('.cm-tooltip-autocomplete li').allInnerTexts()
    await p.waitForTimeout(150) // what is proposed can be taken a moment after it is there
    await p.keyboard.press('Enter')
    await p.keyboard.type(', not ${two words}.')
    await p.waitForSelector('#prompt-told .bad')
    told.broken = await p.locator('#prompt-told .bad').innerText()
    told.marks = await p.locator('.cm-content .variable, .cm-content .broken').allInnerTexts()
    told.colour = await p.locator('.cm-content .variable').first().evaluate((e) => getComputedStyle(e).color)
    told.ink = await p.locator('.cm-content').evaluate((e) => getComputedStyle(e).color)
    await check(p, 'the editor')
    for (let i = 0; i < '${two words}.'.length; i++) await p.keyboard.press('Backspace')
    await p.keyboard.type('us.')
    await p.keyboard.press('Tab') // leaves the field
    told.left = await p.evaluate(() => document.activeElement?.id !== 'f-prompt-content')
    // A voice that speaks, and one that cannot.
    const heard = p.waitForResponse((r) => r.url().endsWith('/v1/voices/speak'))
    await p.locator('#f-voice-sample').fill('Hello.')
    await p.keyboard.press('Enter')
    const answer = await heard
    told.heard = [answer.status(), answer.headers()['content-type'], (await answer.body()).length]
    await p.waitForSelector('.speak button:text-is("Stop")')
    await p.waitForSelector('.speak button:text-is("Play")')
    await p.locator('#f-voice-type').selectOption('voice_eleven_labs')
    await p.locator('.speak button').click()
    await p.waitForSelector('.speak [role=alert], .vendor .error')
    told.cannot = await p.locator('.speak [role=alert], .vendor .error').first().innerText()
    // Parts that are stored.
    await p.locator('#f-voice-stored').selectOption({ label: given().voice })
    told.voice = await p.locator('#f-voice-type').inputValue()
    await p.locator('#f-actions-stored').selectOption({ label: given().action })
    await p.click('nav[aria-label="Parts of the agent"] >> text=After the call')
    await p.locator('#f-webhook-stored').selectOption({ label: given().webhook })
    await p.waitForFunction(() => document.querySelector('#f-webhook-url')?.value === 'https://hooks.example/parley')
    await p.keyboard.press('Control+s')
    await p.waitForFunction(() => /Saved/.test(document.querySelector('.bar [role=status]')?.textContent || ''))
    await picture('editor', '/agents/' + agent, '.cm-content', async (p) => { await p.locator('.cm-content').evaluate((e) => e.getRootNode().host.scrollIntoView({ block: 'center' })); await p.waitForTimeout(200) })
    // A prompt in place of its own.
    await p.locator('#f-prompt-stored').selectOption({ label: given().prompt })
    await p.waitForFunction(() => /stored elsewhere/.test(document.querySelector('#f-prompt-content')?.shadowRoot?.querySelector('.cm-content')?.textContent || ''))
    await p.keyboard.press('Control+s')
    await p.waitForFunction(() => /Saved/.test(document.querySelector('.bar [role=status]')?.textContent || ''))
  },
})
