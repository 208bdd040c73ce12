import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { chats, customers, me, type MockMessage, push } from '../mock/server.mjs'
import { expectQuiet, offsetOf, row, scrollBy, Stage } from './browser'

const target = 'm100-002607'
const long = '/c/100?as=emp0'
let stage: Stage

beforeAll(async () => {
  stage = await Stage.set()
})
afterAll(() => stage.strike())

/** A message that has just been sent in conversation cid. */
function fresh(cid: string, n: number, body: string, more: Partial<MockMessage> = {}): MockMessage {
  const message: MockMessage = {
    id: `live-${cid}-${n}`,
    conversation_id: cid,
    seq: String(900_000 + n),
    sent_at: new Date(Date.UTC(2026, 0, 8, 3, n)).toISOString(),
    msgtype: 'text',
    text: body,
    sender: me,
    content: { kind: 'text', text: { body } },
    ...more,
  }
  chats.get(cid)?.messages.push(message)
  return message
}

for (const screen of ['phone', 'desktop'] as const) {
  describe(`a link to a message, ${screen}`, () => {
    it('lands on it, a third down, with the word marked', async () => {
      const opened = await stage.open(`/c/100?m=${target}`, screen)
      const { page } = opened
      await row(page, target).waitFor()
      const height = await page.locator('.runway').evaluate((view) => view.clientHeight)
      expect(Math.abs((await offsetOf(page, target)) - height * 0.3)).toBeLessThanOrEqual(2)
      expect(await row(page, target).locator('mark').textContent()).toBe('私人微信')
      expect(await row(page, target).getAttribute('class')).toContain('flash')
      expectQuiet(opened)
    })
  })
}

describe('scrolling', () => {
  it('never moves a row that is in view while older messages come in', async () => {
    const opened = await stage.open(`/c/100?m=${target}`)
    const { page } = opened
    await row(page, target).waitFor()
    const worst = await page.evaluate(async () => {
      const view = document.querySelector<HTMLElement>('.runway')
      if (!view) throw new Error('no runway')
      const frame = () => new Promise((resolve) => requestAnimationFrame(resolve))
      const rows = () => [...view.querySelectorAll<HTMLElement>('article')]
      let worstShift = 0
      for (let i = 0; i < 220; i++) {
        const edge = view.getBoundingClientRect()
        const seen = rows().find((one) => one.getBoundingClientRect().top > edge.top + 200)
        const before = seen?.getBoundingClientRect().top ?? 0
        const top = view.scrollTop
        view.scrollTop = top - 90
        await frame()
        await frame()
        if (!seen?.isConnected) throw new Error('a row in view was taken away')
        const split = document.querySelector<HTMLElement>('.split')
        // The runway moves its split once, when the first message is known: rows stay.
        const shift = Math.abs(seen.getBoundingClientRect().top - before - 90)
        if (split && view.scrollTop > 0) worstShift = Math.max(worstShift, shift)
      }
      return worstShift
    })
    expect(worst).toBeLessThanOrEqual(1)
    expectQuiet(opened)
  })

  it('keeps the page small after thousands of messages', async () => {
    const { page } = await stage.open(long)
    await page.locator('article').first().waitFor()
    for (let i = 0; i < 160; i++) await scrollBy(page, -700)
    expect(await page.locator('*').count()).toBeLessThan(2500)
    expect(await page.locator('article').count()).toBeLessThan(260)
  })

  it('reaches the first message and stops there', async () => {
    const opened = await stage.open('/c/102?as=emp0')
    const { page } = opened
    await page.locator('article').first().waitFor()
    for (let i = 0; i < 20; i++) await scrollBy(page, -800)
    const first = 'm102-000000'
    await row(page, first).waitFor()
    expect(await page.getByText('没有更早的消息了').isVisible()).toBe(true)
    expect(await page.locator('.runway').evaluate((view) => view.scrollTop)).toBe(0)
    expect(await offsetOf(page, first)).toBeLessThan(80)
    expectQuiet(opened)
  })

  it('comes back to the newest message', async () => {
    const { page } = await stage.open(`/c/100?m=${target}`)
    await row(page, target).waitFor()
    await page.getByRole('button', { name: '回到最新' }).click()
    await row(page, 'm100-002999').waitFor()
    expect(await page.getByRole('button', { name: '回到最新' }).count()).toBe(0)
    await page.getByRole('button', { name: '回到定位的消息' }).click()
    await row(page, target).waitFor()
  })
})

describe('finding', () => {
  it('steps through the hits and marks them', async () => {
    const opened = await stage.open(long)
    const { page } = opened
    await page.locator('article').first().waitFor()
    await page.getByRole('button', { name: '在会话中查找' }).click()
    await page.getByRole('searchbox').fill('周六上午 9 点')
    await page.keyboard.press('Enter')
    await page.locator('mark').first().waitFor()
    const position = page.locator('.find .status')
    await expect.poll(() => position.textContent()).toMatch(/^1\//)
    await page.getByRole('button', { name: '上一处' }).click()
    await expect.poll(() => position.textContent()).toMatch(/^2\//)
    expectQuiet(opened)
  })

  it('says so when there is nothing', async () => {
    const { page } = await stage.open(`${long}&q=没有这样的话`)
    await page.locator('.find').getByText('没有找到「没有这样的话」').waitFor()
    const field = await page.getByRole('searchbox').boundingBox()
    expect(field?.width).toBeGreaterThan(200)
    for (const name of ['在全部会话中搜索', '关闭']) {
      const box = await page.locator('.find').getByRole('button', { name }).boundingBox()
      expect(Math.min(box?.width ?? 0, box?.height ?? 0)).toBeGreaterThanOrEqual(44)
    }
    await page.getByRole('button', { name: '在全部会话中搜索' }).click()
    await page.waitForURL((url) => url.pathname === '/search' && url.searchParams.get('q') === '没有这样的话')
  })
})

it('gives a tail to a note, and none to the voice message in it', async () => {
  const said = { kind: 'voice', media: { id: 'note-voice', state: 'ready', duration_seconds: 5 } }
  const note = fresh('101', 60, '', { msgtype: 'note', content: { kind: 'note', parts: [said] } })
  const { page } = await stage.open(`/c/101?as=emp0&m=${note.id}`)
  await row(page, note.id).waitFor()
  const tails = await row(page, note.id).locator('.bubble').evaluateAll((all) => all.map((one) => getComputedStyle(one, '::before').content))
  expect(tails).toEqual(['""', 'none'])
})

it('jumps to a day', async () => {
  const opened = await stage.open(long)
  const { page } = opened
  await page.locator('article').first().waitFor()
  await page.getByRole('button', { name: '跳转到日期' }).first().click()
  await page.getByRole('button', { name: /^2025-12-20/ }).click()
  const landed = page.locator('article.flash')
  await landed.waitFor()
  expect(await landed.getAttribute('aria-label')).toContain('12月20日')
  expectQuiet(opened)
})

describe('live messages', () => {
  it('of a rare kind bring what draws them, and keep their turn', async () => {
    const opened = await stage.open('/c/109?as=emp0')
    const { page } = opened
    const loaded: string[] = []
    page.on('request', (request) => loaded.push(new URL(request.url()).pathname))
    await page.locator('article').first().waitFor()
    await page.getByText('实时更新中').waitFor()
    const files = async () => [...loaded, ...(await page.evaluate(() => performance.getEntriesByType('resource').map(({ name }) => name)))]
    const rare = (name: string) => /\/(rare|sheets?|pending|FileStage)-[^/]*\.js$/.test(name)
    expect((await files()).filter(rare), 'of a chat that does without').toEqual([])
    push('message', { conversation_id: '109', message: fresh('109', 1, '', { content: { kind: 'card', card: { person: { id: 'wmCard', kind: 'customer', name: '名片上的人' } } } }) })
    push('message', { conversation_id: '109', message: fresh('109', 2, '名片之后的话') })
    await page.getByText('名片之后的话').waitFor()
    const texts = await page.locator('article').allInnerTexts()
    const at = (part: string) => texts.findIndex((text) => text.includes(part))
    expect(at('名片上的人')).toBe(at('名片之后的话') - 1)
    expect((await files()).some(rare)).toBe(true)
    expectQuiet(opened)
  })

  it('appear at the end, and the view follows', async () => {
    const opened = await stage.open('/c/103?as=emp0')
    const { page } = opened
    await page.locator('article').first().waitFor()
    await page.getByText('实时更新中').waitFor()
    push('message', { conversation_id: '103', message: fresh('103', 1, '刚刚发出的消息') })
    await page.getByText('刚刚发出的消息').waitFor()
    await expect.poll(() => page.getByRole('button', { name: '回到最新' }).count()).toBe(0)
    expectQuiet(opened)
  })

  it('are counted while the reader is elsewhere', async () => {
    const { page } = await stage.open('/c/104?as=emp0')
    await page.locator('article').first().waitFor()
    await page.getByText('实时更新中').waitFor()
    await scrollBy(page, -900)
    await page.getByRole('button', { name: '回到最新' }).waitFor()
    const seen = await page.locator('.runway').evaluate((view) => view.scrollTop)
    push('message', { conversation_id: '104', message: fresh('104', 1, '你不在的时候') })
    await page.getByRole('button', { name: '1 条新消息' }).click()
    await page.getByText('你不在的时候').waitFor()
    expect(await page.locator('.runway').evaluate((view) => view.scrollTop)).toBeGreaterThan(seen)
  })

  it('mark what is taken back', async () => {
    const { page } = await stage.open('/c/105?as=emp0')
    await page.locator('article').first().waitFor()
    await page.getByText('实时更新中').waitFor()
    push('message', { conversation_id: '105', message: fresh('105', 1, '说错的话') })
    const said = row(page, 'live-105-1')
    await said.waitFor()
    const recall = fresh('105', 2, '', { content: { kind: 'revoke', revoke: { message_id: 'live-105-1' } } })
    push('message', { conversation_id: '105', message: recall })
    await said.getByText('已撤回', { exact: true }).waitFor()
    expect(await said.getByText('说错的话').isVisible()).toBe(true)
  })
})

it('marks a message that a rule has just hit', async () => {
  const { page } = await stage.open('/c/106?as=emp0')
  await page.locator('article').first().waitFor()
  await page.getByText('实时更新中').waitFor()
  const said = fresh('106', 1, '加我私人微信')
  push('message', { conversation_id: '106', message: said })
  await row(page, said.id).waitFor()
  const spans = [{ start: 2, end: 6 }]
  Object.assign(said, { violations: [{ id: 'v9', severity: 'high', rule_name: '私下收款', words: ['私人微信'], spans }] })
  push('violation', { violation_id: 'v9', conversation_id: '106', message_id: said.id, severity: 'high' })
  await row(page, said.id).locator('mark').waitFor()
  await row(page, said.id).getByText('私下收款').waitFor()
})

describe('getting about', () => {
  it('returns to the list where it was left, and to the chat where it was read', async () => {
    const opened = await stage.open('/people/emp0')
    const { page } = opened
    await page.getByText('陈先生（云栖小区）').waitFor()
    const list = page.locator('.virtual-list')
    await list.evaluate((view) => view.scrollTo(0, 900))
    const entry = page.locator('.virtual-list .row').filter({ hasText: customers[14]?.name }).first()
    await entry.waitFor()
    // A click of the test's own would scroll the list first.
    await entry.evaluate((link) => (link as HTMLElement).click())
    await page.locator('article').first().waitFor()
    await page.getByRole('button', { name: '返回' }).click()
    await expect.poll(() => list.evaluate((view) => view.scrollTop)).toBe(900)
    expectQuiet(opened)
  })

  it('finds the place again after a reload', async () => {
    const { page } = await stage.open(long)
    await page.locator('article').first().waitFor()
    for (let i = 0; i < 6; i++) await scrollBy(page, -600)
    await page.waitForFunction(() => history.state?.chat)
    await page.waitForTimeout(400) // the place is saved once the scrolling rests
    const place = await page.evaluate(() => history.state.chat as { id: string; offset: number })
    await page.reload()
    await row(page, place.id).waitFor()
    expect(Math.abs((await offsetOf(page, place.id)) - place.offset)).toBeLessThanOrEqual(1)
  })

  it('closes a sheet on back and stays in the chat', async () => {
    const { page } = await stage.open(`/c/100?m=${target}`)
    await row(page, target).locator('.said').click()
    await page.getByRole('dialog').waitFor()
    await page.goBack()
    await expect.poll(() => page.getByRole('dialog').count()).toBe(0)
    expect(page.url()).toContain(target)
  })

  it('needs one back only after a day was chosen', async () => {
    const { page } = await stage.open('/people/emp0')
    await page.getByText('陈先生（云栖小区）').click()
    await page.locator('article').first().waitFor()
    await page.getByRole('button', { name: '跳转到日期' }).first().click()
    await page.getByRole('button', { name: /^2025-12-20/ }).click()
    await page.locator('article.flash').waitFor()
    await expect.poll(() => page.evaluate(() => history.state.overlay)).toBeUndefined()
    await page.getByRole('button', { name: '返回' }).click()
    await page.waitForURL(/people\/emp0/)
  })

  it('says nothing about what is out of scope', async () => {
    const { page } = await stage.open('/c/999')
    await page.getByText('内容不存在或不在你的查看范围内').waitFor()
  })
})
