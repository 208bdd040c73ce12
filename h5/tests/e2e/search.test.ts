// Searching in everything and in one chat, on a phone and on a desktop.
import type { ElementHandle, Locator, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { chats } from '../mock/server.mjs'
import { expectQuiet, type Opened, row, Stage } from './browser'
import { tooSmall, violations } from './checks'
import type { screens } from './devices'

type Screen = keyof typeof screens
const both: Screen[] = ['phone', 'desktop']
/** How many hits are walked through. */
const walked = 30

let stage: Stage
beforeAll(async () => {
  stage = await Stage.set()
})
afterAll(() => stage.strike())

const field = (page: Page) => page.getByRole('combobox', { name: '搜索消息、人员、群聊' })
const hits = (page: Page) => page.locator('.hit-row')
const position = (page: Page) => page.locator('.hit-bar .position')

/** Opens a path once its first hit is there. */
async function openHits(path: string, screen: Screen): Promise<Opened> {
  const opened = await stage.open(path, screen)
  await hits(opened.page).first().waitFor()
  return opened
}

/** The search of the address, of a hit too. */
function asked(page: Page): URLSearchParams {
  const { searchParams } = new URL(page.url())
  return searchParams.has('s') ? new URLSearchParams(searchParams.get('s') ?? '') : searchParams
}

/** Scrolls a list by px; gives where it then stands, and one of its rows that is in full view. */
async function scrollList(list: Locator, rows: string, px: number): Promise<{ top: number; row: ElementHandle }> {
  await list.evaluate((view, by) => view.scrollBy(0, by), px)
  const settled = () =>
    list.evaluateHandle(async (view, selector) => {
      for (let i = 0; i < 4; i++) await new Promise((resolve) => requestAnimationFrame(resolve))
      const edge = view.getBoundingClientRect()
      const row = [...view.querySelectorAll(selector)].find((one) => one.getBoundingClientRect().top > edge.top + 60 && one.getBoundingClientRect().bottom < edge.bottom - 60)
      return { top: view.scrollTop, row, y: row?.getBoundingClientRect().top }
    }, rows)
  let before = await settled()
  for (;;) {
    const now = await settled()
    const still = await now.evaluate((one, other) => one.row !== undefined && one.row === other.row && one.top === other.top && one.y === other.y, before)
    const row = (await now.getProperty('row')).asElement()
    if (still && row) return { top: await now.evaluate((one) => one.top), row }
    before = now
  }
}

/** Whether a row is there, all of it in view of its list. */
async function inView(row: Locator, list: Locator): Promise<boolean> {
  if (!(await row.count())) return false
  const [box, view] = [await row.boundingBox(), await list.boundingBox()]
  return Boolean(box && view && box.y >= view.y - 1 && box.y + box.height <= view.y + view.height + 1)
}

async function expectFine(opened: Opened, screen: Screen): Promise<void> {
  expect(await violations(opened.page)).toEqual([])
  if (screen === 'phone') expect(await tooSmall(opened.page)).toEqual([])
  expectQuiet(opened)
}

describe.each(both)('%s', (screen) => {
  it('searches from the tab, names become chips, and what is set stands in the address', async () => {
    const opened = await stage.open('/people', screen)
    const { page } = opened
    await page.getByRole('link', { name: '搜索' }).click()
    await page.getByRole('heading', { name: '已保存的搜索' }).waitFor()
    await expectFine(opened, screen)

    await field(page).fill('原木色')
    await page.keyboard.press('Enter')
    await hits(page).first().waitFor()
    const all = await page.locator('.count').textContent()
    expect(all).toMatch(/^共 [\d,]+ 条$/)
    await expect.poll(() => hits(page).first().locator('mark').textContent()).toBe('原木色')

    // By initials: 王晓雨.
    await field(page).fill('原木色 wxy')
    const option = page.getByRole('option', { name: /^王晓雨\s?员工/ })
    await option.waitFor()
    await expectFine(opened, screen)
    await option.click()
    await page.getByRole('button', { name: '移除「参与人：王晓雨」' }).first().waitFor()
    expect(asked(page).get('q')).toBe('原木色')
    expect(asked(page).getAll('person')).toEqual(['emp0'])

    await page.getByRole('combobox', { name: '排序' }).selectOption('oldest')
    await expect.poll(() => asked(page).get('order')).toBe('oldest')
    await page.reload()
    await page.getByRole('button', { name: '移除「参与人：王晓雨」' }).first().waitFor()
    expect(await field(page).inputValue()).toBe('原木色')
    await expectFine(opened, screen)
  })

  it('walks through hits from chat to chat, and comes back to the same place of the same list', async () => {
    const opened = await openHits('/search?q=原木色&chat=direct', screen)
    const { page } = opened
    const list = page.locator('.results .virtual-list')
    await list.evaluate((view) => view.scrollBy(0, 500))
    const second = hits(page).nth(4)
    const before = await second.textContent()
    await second.click()
    await position(page).getByText(/^\d+\/[\d,]+$/).waitFor()
    const start = Number((await position(page).textContent())?.split('/')[0])

    const seen = new Set<string>()
    for (let i = 1; i <= walked; i++) {
      await page.getByRole('button', { name: '下一条' }).click()
      await position(page).getByText(new RegExp(`^${start + i}/`)).waitFor()
      const m = new URL(page.url()).searchParams.get('m') ?? ''
      seen.add(new URL(page.url()).pathname)
      const hit = row(page, m)
      await hit.locator('mark').first().waitFor()
      expect(await hit.locator('mark').first().textContent()).toBe('原木色')
    }
    expect(seen.size).toBeGreaterThan(10)
    if (screen === 'desktop') expect(await page.locator('.hit-row.chosen').count()).toBe(1)
    await page.getByRole('button', { name: '上一条' }).click()
    await position(page).getByText(new RegExp(`^${start + walked - 1}/`)).waitFor()
    await expectFine(opened, screen)

    await page.goBack()
    await expect.poll(() => new URL(page.url()).pathname).toBe('/search')
    expect(asked(page).get('chat')).toBe('direct')
    await expect.poll(() => inView(page.locator('.hit-row.chosen'), list)).toBe(true)
    expect(before).toContain('原木色')
    await expectFine(opened, screen)
  })

  it('keeps the list where it was for who opens one hit and comes back', async () => {
    const { page } = await openHits('/search?q=橡木', screen)
    const list = page.locator('.results .virtual-list')
    const { top, row: hit } = await scrollList(list, '.hit-row', 900)
    await hit.click()
    await page.locator('article mark').first().waitFor()
    await page.goBack()
    await expect.poll(() => list.evaluate((view) => view.scrollTop)).toBe(top)
  })

  it('shows conversations with their counts, and narrows to one', async () => {
    const opened = await openHits('/search?q=原木色', screen)
    const { page } = opened
    await page.getByRole('radio', { name: '按会话' }).click()
    const found = page.locator('.conversation-row').first()
    await found.waitFor()
    const title = await found.locator('.name span').first().textContent()
    const count = /([\d,]+) 条相关消息/.exec((await found.textContent()) ?? '')?.[1]
    await expectFine(opened, screen)
    await found.click()
    await page.locator('.count').getByText(`共 ${count} 条`).waitFor()
    expect(asked(page).getAll('conversation')).toHaveLength(1)
    await page.getByRole('button', { name: `移除「会话：${title}」` }).first().waitFor()
  })

  it('says what it looked for when there is nothing, and offers the next step', async () => {
    const opened = await stage.open('/search?q="没有 人说过" -的&type=text&from=2025-12-01&to=2026-01-08&exact=1', screen)
    const { page } = opened
    await page.getByText('没有找到「"没有 人说过" -的」').waitFor()
    await page.getByText('范围：文本、2025-12-01 至 2026-01-08').waitFor()
    await expectFine(opened, screen)
    await page.getByRole('button', { name: '不区分繁简再搜' }).click()
    await expect.poll(() => asked(page).has('exact')).toBe(false)
    await page.getByRole('button', { name: '不限时间' }).click()
    await expect.poll(() => asked(page).has('from')).toBe(false)
    await page.getByRole('button', { name: '去掉「文本」' }).click()
    await expect.poll(() => asked(page).has('type')).toBe(false)
    await page.getByRole('button', { name: '改搜「没有 人说过」' }).click()
    await expect.poll(() => asked(page).get('q')).toBe('没有 人说过')
  })

  it('searches the last days, whatever day it is', async () => {
    const opened = await openHits('/search?q=原木色', screen)
    const { page } = opened
    if (screen === 'phone') await page.getByRole('button', { name: '筛选', exact: true }).click()
    await page.getByRole('radio', { name: '近 30 天' }).click()
    if (screen === 'phone') await page.getByRole('button', { name: '查看结果' }).click()
    await page.getByText('范围：近 30 天').waitFor() // what the mock server has is older
    expect(asked(page).get('days')).toBe('30')
    expect(asked(page).has('from')).toBe(false)
    await expectFine(opened, screen)
    await page.getByRole('button', { name: '不限时间' }).click()
    await hits(page).first().waitFor()
    expect(asked(page).has('days')).toBe(false)
  })

  it('keeps a search with a reminder, runs it, and deletes it', async () => {
    const opened = await openHits('/search?q=私人微信&chat=direct', screen)
    const { page } = opened
    const name = `转账 ${screen}`
    await page.getByRole('button', { name: '保存搜索' }).click()
    const dialog = page.getByRole('dialog')
    await dialog.getByLabel('名称').fill('')
    await dialog.getByRole('button', { name: '保存', exact: true }).click()
    await dialog.getByText('请填写名称').waitFor()
    await dialog.getByLabel('名称').fill(name)
    await dialog.getByRole('switch', { name: /共享给其他人/ }).click()
    await dialog.getByRole('switch', { name: /再次出现时提醒我/ }).click()
    await expectFine(opened, screen)
    await dialog.getByRole('button', { name: '保存', exact: true }).click()
    await dialog.waitFor({ state: 'hidden' })
    await page.goto(`${stage.url}/search`)
    const kept = page.getByRole('button', { name: new RegExp(`^${name}\\s?提醒中\\s?已共享\\s?私人微信 · 单聊`) })
    await kept.click()
    await hits(page).first().waitFor()
    expect(asked(page).get('chat')).toBe('direct')
    await page.goBack()
    await page.getByRole('button', { name: `删除「${name}」` }).click()
    await page.getByRole('dialog').getByText('也不再提醒').waitFor()
    await page.getByRole('dialog').getByRole('button', { name: '删除' }).click()
    await kept.waitFor({ state: 'detached' })
    const recent = page.getByRole('heading', { name: '最近搜索' })
    await recent.waitFor()
    await page.getByRole('button', { name: '清空最近搜索' }).click()
    await recent.waitFor({ state: 'detached' })
    await expectFine(opened, screen)
  })

  it('marks what was found in a card, walking and in its chat', async () => {
    const file = chats.get('101')?.messages.find((one) => one.content.kind === 'file')
    const name = String((file?.content.media as { name?: string } | undefined)?.name)
    if (file) file.text = name // as the server gives it
    const word = name.slice(1, 4)
    const opened = await openHits(`/search?q=${word}&type=file`, screen)
    const { page } = opened
    await hits(page).first().click()
    await position(page).getByText(/^1\//).waitFor()
    await expect.poll(() => page.locator('article.flash .card mark').allTextContents()).toEqual([word])
    await expectFine(opened, screen)

    await page.goto(`${stage.url}/c/101?as=emp0&q=${word}`)
    await page.locator('.find .status').getByText(/^1\/2$/).waitFor()
    await expect.poll(() => page.locator('article.flash .bubble mark').allTextContents()).toEqual([word]) // a robot's Markdown
    await page.getByRole('button', { name: '上一处' }).click()
    await expect.poll(() => row(page, file?.id ?? '').locator('.card mark').allTextContents()).toEqual([word])
    await expectFine(opened, screen)
  })

  it('lists the hits in one chat, by days, and keeps the place in the list', async () => {
    const opened = await stage.open('/c/100?as=emp0', screen)
    const { page } = opened
    await page.locator('article').first().waitFor()
    await page.getByRole('button', { name: '在会话中查找' }).click()
    await page.getByRole('searchbox', { name: '输入关键词' }).fill('原木色')
    const status = page.locator('.find .status')
    await status.getByText(/^1\/501$/).waitFor()
    await page.getByRole('button', { name: '下一处' }).waitFor()
    for (let i = 2; i <= 20; i++) {
      await page.getByRole('button', { name: '上一处' }).click()
      await status.getByText(new RegExp(`^${i}/501$`)).waitFor()
    }
    await page.getByRole('button', { name: '查看全部结果' }).click()
    const pane = page.getByRole('region', { name: '查找聊天内容' })
    await pane.getByText('共 501 条').waitFor()
    await expect.poll(() => inView(pane.locator('.find-row.chosen'), pane.locator('.virtual-list'))).toBe(true)
    await expectFine(opened, screen)
    const list = pane.locator('.virtual-list')
    const { row: hit } = await scrollList(list, '.find-row', 1500)
    const before = await hit.boundingBox()
    await hit.click()
    await status.getByText(/^\d+\/501$/).waitFor()
    await expect.poll(() => page.locator('article.flash mark').count()).toBeGreaterThan(0)
    if (screen === 'phone') {
      await page.goBack()
      await expect.poll(async () => (await pane.locator('.find-row.chosen').boundingBox())?.y).toBeCloseTo(before?.y ?? NaN, 0)
    }
    await pane.getByLabel('从').fill('2026-01-05')
    await pane.getByLabel('到').fill('2026-01-06')
    await expect.poll(() => pane.locator('.status').textContent()).not.toBe('共 501 条')
    await pane.getByText(/^共 \d+ 条$/).waitFor()
    const days = await pane.locator('time').evaluateAll((all) => all.map((one) => one.getAttribute('datetime') ?? ''))
    expect(days.every((at) => at >= '2026-01-04T16:00' && at < '2026-01-06T16:00')).toBe(true)
    expectQuiet(opened)
  })
})

describe('by keyboard alone', () => {
  it('types, chooses a name, opens hits and walks', async () => {
    const opened = await stage.open('/people', 'desktop')
    const { page } = opened
    await page.locator('.row').first().waitFor()
    await page.keyboard.press('/')
    await page.getByRole('heading', { name: '已保存的搜索' }).waitFor()
    await page.keyboard.press('/')
    await page.keyboard.type('原木色 wxy')
    await page.getByRole('option', { name: /王晓雨\s?员工/ }).waitFor()
    await page.keyboard.press('ArrowDown')
    await page.keyboard.press('ArrowDown')
    expect(await field(page).getAttribute('aria-activedescendant')).toBe(await page.getByRole('option', { name: /王晓雨\s?员工/ }).getAttribute('id'))
    await page.keyboard.press('Enter')
    await hits(page).first().waitFor()
    await field(page).evaluate((input: HTMLElement) => input.blur())
    await page.keyboard.press('n')
    await position(page).getByText(/^1\//).waitFor()
    await page.keyboard.press('n')
    await position(page).getByText(/^2\//).waitFor()
    await page.keyboard.press('p')
    await position(page).getByText(/^1\//).waitFor()
    await page.getByRole('button', { name: '退出搜索结果' }).click()
    await page.locator('.hit-bar').waitFor({ state: 'detached' })
    expect(new URL(page.url()).searchParams.has('s')).toBe(false)
    expectQuiet(opened)
  })
})

/** Answers of the server for searches, instead of the mock's own. */
async function answer(page: Page, status: number, body: object): Promise<void> {
  await page.route(/\/api\/v1\/search\?/, (route) => route.fulfill({ status, contentType: 'application/json', body: JSON.stringify(body) }))
}

describe('what the engine says', () => {
  const none = { items: [], total: { count: 0, exact: true } }
  for (const [name, said, want] of [
    ['how far behind the index is', { engine: 'elastic', complete: { complete: false, behind: 1234, up_to: '2026-01-08T02:42:00Z' } }, /索引落后 1,234 条，截至 .*10:42/],
    ['that another engine answered', { engine: 'postgres', fallback: 'timeout', complete: { complete: true } }, /已搜索全部消息 · 主搜索引擎响应超时，已改用 Postgres/],
    ['that nothing is known of completeness', { engine: 'postgres', complete: { complete: false } }, /结果可能不完整/],
  ] as const) {
    it(name, async () => {
      const { page } = await stage.open('/search')
      await answer(page, 200, { ...none, ...said })
      await field(page).fill('价')
      await page.keyboard.press('Enter')
      await page.locator('.engine-note').getByText(want).waitFor()
    })
  }

  it('how many there are at least', async () => {
    const { page } = await stage.open('/search')
    const message = chats.get('100')?.messages[3]
    const hit = { message, spans: [], conversation: { id: '100', kind: 'customer', title: '陈', messages: 1, violations: 0 } }
    await answer(page, 200, { items: [hit], next: 'x', total: { count: 10_000, exact: false }, engine: 'postgres', complete: { complete: true } })
    await field(page).fill('价')
    await page.keyboard.press('Enter')
    await page.locator('.count').getByText('10,000 条以上').waitFor()
  })

  for (const [name, status, code, want] of [
    ['too many requests', 429, 'rate_limited', '操作过于频繁，请稍后再试'],
    ['out of order', 503, 'unavailable', '服务暂时不可用，请稍后再试'],
    ['no permission', 403, 'forbidden', '没有权限'],
    ['a session that is over', 401, 'unauthenticated', '登录已过期'],
  ] as const) {
    it(name, async () => {
      const { page } = await stage.open('/search')
      await answer(page, status, { error: { code, message: 'said by the server', request_id: '01JSEARCH' } })
      await field(page).fill('价')
      await page.keyboard.press('Enter')
      await page.locator('.notice[role=alert]').getByText(want).waitFor()
      expect(await violations(page)).toEqual([])
    })
  }
})

describe('texts of strangers', () => {
  const hostile = [
    ['markup', '<img src=x onerror="document.title=1"><script>document.title=1</script>', [{ start: 0, end: 4 }]],
    ['right to left', 'שלום\u202e עולם 报价 مرحبا', [{ start: 11, end: 13 }]],
    ['50 KB', '甲'.repeat(9000) + '报价' + '乙'.repeat(9000), [{ start: 9000, end: 9002 }]],
    ['letters that fold to others', 'ﬁ№㎏ ＡＢＣ é', [{ start: 0, end: 1 }]],
    ['emoji', '👨‍👩‍👧‍👦🏳️‍🌈报价[微笑]', [{ start: 17, end: 19 }]],
    ['spans from elsewhere', '短', [{ start: -5, end: 900 }, { start: 44, end: 45 }]],
  ] as const

  it('stay texts, in their place', async () => {
    const opened = await stage.open('/search')
    const { page } = opened
    const base = chats.get('100')?.messages[3]
    const items = hostile.map(([, text, spans], i) => ({
      message: { ...base, id: `x${i}`, text, content: { kind: 'text', text: { body: text } } },
      spans,
      conversation: { id: String(100 + i), kind: 'customer', title: `‮${text.slice(0, 40)}`, messages: 1, violations: 0 },
      before: { id: `b${i}`, sent_at: base?.sent_at, msgtype: 'text', text, sender: base?.sender },
    }))
    await answer(page, 200, { items, total: { count: items.length, exact: true }, engine: 'postgres', complete: { complete: true } })
    const title = await page.title()
    await field(page).fill('<b>报价</b> "')
    await page.keyboard.press('Enter')
    await hits(page).nth(5).waitFor()
    expect(await page.locator('.results img, .results script').count()).toBe(0)
    expect(await page.title()).toBe(title)
    expect(await hits(page).nth(0).locator('mark').textContent()).toBe('<img')
    expect(await hits(page).nth(2).locator('mark').textContent()).toBe('报价')
    const wider = await page.evaluate(() => ['.results', '.virtual-list', '.top'].filter((one) => (document.querySelector(one)?.scrollWidth ?? 0) > window.innerWidth))
    expect(wider).toEqual([])
    for (let i = 0; i < hostile.length; i++) expect((await hits(page).nth(i).boundingBox())?.height).toBeLessThan(180)
    expect(await violations(page)).toEqual([])
    expectQuiet(opened)
  })
})

describe('at 320 px', () => {
  for (const [name, path, ready] of [
    ['the start', '/search', '.start'],
    ['results', '/search?q=原木色&sender=emp0&type=text&from=2025-12-01&to=2026-01-08', '.hit-row'],
    ['nothing', '/search?q=没有人说过的话&type=text', '.nothing'],
    ['the list in a chat', '/c/100/find?as=emp0&q=原木色', '.find-row'],
  ] as const) {
    it(`${name} fits`, async () => {
      const { page } = await stage.open(path)
      await page.setViewportSize({ width: 320, height: 640 })
      await page.locator(ready).first().waitFor()
      const overflow = await page.evaluate(() =>
        [...document.querySelectorAll<HTMLElement>('main *')]
          .filter((one) => one.getBoundingClientRect().width > 0 && one.getBoundingClientRect().right > 321 && !one.closest('.chips, .watermark-host, .chat.covered'))
          .map((one) => `${one.tagName} ${one.className}`),
      )
      expect(overflow).toEqual([])
    })
  }
})
