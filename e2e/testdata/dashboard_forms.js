// Forms of what is made up of more, written by somebody with a keyboard, and where the focus is after each step.
module.exports = ({ page, open, check, told, base, given }) => {
  const focused = (p) => p.evaluate(() => (document.activeElement === document.body ? '' : document.activeElement.id || document.activeElement.innerText.trim()))
  const unfold = (p, at) => p.locator(at).evaluate((d) => { d.open = true })
  const saved = (p) => p.waitForFunction(() => /^Saved/.test(document.querySelector('.bar [role=status]')?.textContent || ''))
  const error = async (p, id) => { await p.waitForSelector(`#f-${id}-error`); return p.locator(`#f-${id}-error`).innerText() }
  const into = async (p, group) => { await p.click(`nav[aria-label="Parts of the agent"] >> text=${group}`); await p.waitForFunction(() => document.activeElement.tagName === 'SUMMARY') }
  const item = (list, n) => `#f-${list} > ol > li:nth-child(${n + 1})`

  return {
    async forms() {
      const { agent } = given()
      const p = await open(await page(), '/agents/' + agent)
      await p.waitForSelector('.groups')
      // Facts of a call, one of which has more than its fields show.
      await into(p, 'After the call')
      await unfold(p, item('post_call_insights', 0) + ' details')
      told.rest = await p.inputValue('#f-post_call_insights-0--')
      await p.focus('#f-post_call_insights > button')
      await p.keyboard.press('Enter')
      await p.waitForSelector('#f-post_call_insights-1-name')
      told.added = await focused(p)
      await p.selectOption('#f-post_call_insights-1-type', 'boolean')
      await p.fill('#f-post_call_insights-1-description', 'Do they want to be called back')
      await p.focus('#f-post_call_insights-1-name')
      await p.keyboard.type('wants_callback')
      await p.keyboard.press('Control+s')
      await saved(p)
      told.stays = await focused(p)

      // What the model fills in, in rows; rows that cannot be sent are not.
      await into(p, 'What it can do')
      const schema = 'actions-0-config-input_schema'
      await unfold(p, item('actions', 0) + ' details')
      told.row = [await p.inputValue(`#f-${schema}-rows-0-name`), await p.inputValue(`#f-${schema}-rows-0-type`), await p.isChecked(`#f-${schema}-rows-0-required`)]
      await p.click(`#f-${schema} >> text=Add a value`)
      told.row1 = await focused(p)
      await p.keyboard.type('seats')
      await p.keyboard.press('Control+s')
      told.twice = await error(p, `${schema}-rows-1-name`)
      await p.fill(`#f-${schema}-rows-1-name`, 'area')
      await p.fill(`#f-${schema}-rows-1-choices`, 'inside, terrace')
      await p.uncheck(`#f-${schema}-rows-1-required`)
      await check(p, 'forms')
      await p.keyboard.press('Control+s')
      await saved(p)
      await p.click(`#f-${schema} >> text=Edit as JSON`)
      await check(p, 'forms, as JSON')
      told.json = JSON.parse(await p.inputValue('#f-' + schema))
      // A JSON that is none goes where its action goes.
      await p.fill('#f-' + schema, '{"type": ')
      await unfold(p, item('actions', 1) + ' details')
      await p.click(item('actions', 1) + ' >> text=Move up')
      told.moved = [await p.inputValue('#f-actions-1-config-input_schema'), await focused(p)]
      await p.keyboard.press('Control+s')
      told.broken = await error(p, 'actions-1-config-input_schema')
      await p.click(item('actions', 0) + ' >> text=Remove')
      told.kept = [await p.inputValue('#f-' + schema), await p.locator('.bar [role=status]').innerText()]
      await p.focus('.bar >> text=Undo all')
      await p.keyboard.press('Enter')
      await p.waitForFunction(() => /All is saved/.test(document.querySelector('.bar [role=status]').textContent))
      told.undone = [await focused(p), await p.locator('#f-actions > ol > li').count()]

      // By keyboard alone: a part is set and taken away, and all is saved.
      await p.focus('#f-guard_rails > button')
      await p.keyboard.press('Enter')
      await p.waitForSelector('#f-guard_rails .fields')
      told.set = await focused(p)
      await p.focus('#f-guard_rails > button')
      await p.keyboard.press('Enter')
      await p.waitForSelector('#f-guard_rails .fields', { state: 'detached' })
      told.took = await focused(p)
      await p.fill('#f-name', 'Table desk')
      await p.focus('.bar .strong')
      await p.keyboard.press('Enter')
      await saved(p)
      told.save = await focused(p)
    },

    // A call that is not placed, and a number that is not linked, are asked about before their page is left.
    async forms_left() {
      const p = await open(await page(), '/dial?agent=' + given().agent)
      const asked = []
      p.answer = (d) => { asked.push(d.type() + ' ' + new URL(p.url()).pathname); return d.dismiss() }
      await p.waitForSelector('#f-to_number')
      await p.waitForSelector('#f-context-new')
      await p.click('header nav a:text-is("Calls")')
      await p.waitForSelector('h1:text-is("Calls")') // nothing was typed
      told.unasked = asked.length
      await p.goBack()
      await p.fill('#f-to_number', '+15551234567')
      await p.click('header nav a:text-is("Calls")')
      await p.waitForFunction(() => location.pathname === '/dial')
      told.to = await p.inputValue('#f-to_number')
      p.answer = (d) => { asked.push(d.type() + ' ' + new URL(p.url()).pathname); return d.accept() }
      await p.click('header nav a:text-is("Calls")')
      await p.waitForSelector('h1:text-is("Calls")')
      // Typed is what is no number, which nothing sends.
      await p.goto(base + '/numbers/link')
      await p.locator('summary', { hasText: 'Calls from it' }).click()
      await p.focus('#f-config-max_calls_per_minute')
      await p.keyboard.type('1e')
      await p.click('header nav a:text-is("Calls")')
      await p.waitForSelector('h1:text-is("Calls")')
      told.asked = asked
    },
  }
}
