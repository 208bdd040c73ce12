// Files, links and days beside a chat, the way from a quote to its original, and
// the gallery of message types.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { chats, customers, push } from '../mock/server.mjs'
import { expectQuiet, row, Stage } from './browser'
import { tooSmall, violations } from './checks'

/** A new message of chat 104 that quotes body. */
function quoting(n: string, body: string) {
  return {
    id: `m104-new${n}`,
    conversation_id: '104',
    seq: '900000',
    sent_at: new Date().toISOString(),
    msgtype: 'text',
    sender: customers[4],
    content: { kind: 'text', text: { body: '看这条', quote: { author: '某人', body } } },
    text: '看这条',
  }
}

let stage: Stage
beforeAll(async () => {
  stage = await Stage.set()
})
afterAll(() => stage.strike())

for (const screen of ['phone', 'desktop'] as const) {
  describe(screen, () => {
    for (const [name, path, ready] of [
      ['pictures', '/c/190/media?as=emp0', '.cell img'],
      ['files', '/c/101/media?as=emp0&tab=file', '.media-pane .row'],
      ['links', '/c/101/media?as=emp0&tab=link', '.media-pane .row'],
      ['voice', '/c/101/media?as=emp0&tab=voice', '.media-pane .row'],
      ['nothing', '/c/103/media?as=emp0&tab=file', '.media-pane [role=status]'],
      ['days', '/c/103/days?as=emp0', '.day'],
      ['the gallery', '/admin/gallery?c=500', '.sample'],
      ['the gallery without a chat', '/admin/gallery', '.group'],
    ] as const) {
      it(`${name}: can be read by everybody and tapped`, async () => {
        const opened = await stage.open(path, screen, screen === 'phone' ? 'light' : 'dark')
        await opened.page.locator(ready).first().waitFor()
        expect(await violations(opened.page)).toEqual([])
        if (screen === 'phone') expect(await tooSmall(opened.page)).toEqual([])
        expectQuiet(opened)
        await opened.page.context().close()
      })
    }

    it('scrolls through ten thousand pictures with few of them in the page', async () => {
      const opened = await stage.open('/c/190/media?as=emp0', screen)
      const { page } = opened
      await page.locator('.cell').first().waitFor()
      const list = page.locator('.media-pane .virtual-list')
      for (let i = 0; i < 12; i++) {
        const before = await list.evaluate((view) => view.scrollHeight)
        const goOn = (view: Element) => {
          view.scrollTop -= 1 // at the end already, a scroll to it is none
          view.scrollTo(0, view.scrollHeight)
          return view.scrollHeight
        }
        await expect.poll(() => list.evaluate(goOn)).toBeGreaterThan(before)
      }
      expect(await page.locator('.cell').count()).toBeLessThan(150)
      expectQuiet(opened)
      await page.context().close()
    })

    it('leads from a file to its place in the chat', async () => {
      const opened = await stage.open('/c/101/media?as=emp0&tab=file', screen)
      const { page } = opened
      await page.getByRole('button', { name: '定位到聊天' }).last().click()
      await row(page, 'm101-000006').and(page.locator('.flash')).waitFor()
      await expect.poll(() => row(page, 'm101-000006').isVisible()).toBe(true)
      if (screen === 'phone') {
        expect(new URL(page.url()).pathname).toBe('/c/101')
        await page.goBack()
        await page.locator('.media-pane .row').first().waitFor()
      }
      expectQuiet(opened)
      await page.context().close()
    })

    it('jumps to a time of a day, to the second', async () => {
      const opened = await stage.open('/c/100/days?as=emp0', screen)
      const { page } = opened
      const said = chats.get('100')?.messages.filter((one) => one.sent_at > '2025-12-20T07:00' && one.sent_at < '2025-12-20T15:50') ?? []
      // Two that follow each other within one minute: the first of them is passed by.
      const next = said.find((one, i) => i > 0 && one.sent_at.slice(0, 16) === said[i - 1]?.sent_at.slice(0, 16) && one.sent_at.slice(0, 19) > (said[i - 1]?.sent_at.slice(0, 19) ?? ''))
      if (!next) throw new Error('no two messages in one minute')
      const at = new Date(Date.parse(next.sent_at) + 8 * 3_600_000).toISOString().slice(11, 19)
      if (screen === 'desktop') await page.getByLabel('从几点开始').fill(at)
      else {
        const wheels = page.getByRole('group', { name: '从几点开始' })
        for (const [i, name] of ['时', '分', '秒'].entries()) {
          const wheel = wheels.getByLabel(name)
          expect((await wheel.boundingBox())?.height).toBeGreaterThanOrEqual(44)
          expect((await wheel.boundingBox())?.width).toBeGreaterThanOrEqual(44)
          await wheel.selectOption({ label: at.split(':')[i] ?? '' })
        }
        expect(await tooSmall(page)).toEqual([])
      }
      expect(await violations(page)).toEqual([])
      await page.getByRole('button', { name: /^2025-12-20/ }).click()
      await row(page, next.id).and(page.locator('.flash')).waitFor()
      expect(await page.locator('.days-pane').count()).toBe(screen === 'phone' ? 0 : 1)
      expectQuiet(opened)
      await page.context().close()
    })

    it('leads from a quote to its original, or says that it is not found', async () => {
      const opened = await stage.open('/c/104?as=emp0', screen)
      const { page } = opened
      await page.locator('article').first().waitFor()
      await page.getByText('实时更新中').waitFor()
      for (const [i, body] of ['付款怎么付？', '没有说过的话'].entries()) push('message', { conversation_id: '104', message: quoting(`${screen}${i}`, body) })
      await page.locator('.quote button', { hasText: '没有说过的话' }).click()
      await page.getByText('没有找到被引用的消息').waitFor()
      await page.locator('.quote button', { hasText: '付款怎么付' }).click()
      const landed = page.locator('article.flash')
      await landed.waitFor()
      expect(await landed.locator('.prose').textContent()).toContain('付款怎么付？')
      expectQuiet(opened)
      await page.context().close()
    })
  })
}

it('moves by keys in the calendar', async () => {
  const { page } = await stage.open('/c/100/days?as=emp0', 'desktop')
  const chosen = page.locator('.day[tabindex="0"]')
  await chosen.focus()
  const from = await chosen.getAttribute('data-date')
  await page.keyboard.press('ArrowLeft')
  const focused = () => page.evaluate(() => (document.activeElement as HTMLElement | null)?.dataset.date)
  expect((await focused()) ?? '').toMatch(/^20/)
  expect(await focused()).not.toBe(from)
  await page.keyboard.press('Enter')
  await page.locator('article.flash').waitFor()
  await page.context().close()
})

it('goes from the details of a chat to its files, and back to the chat', async () => {
  const opened = await stage.open('/people/emp0')
  const { page } = opened
  await page.getByText('刘女士').first().click()
  await page.locator('article').first().waitFor()
  await page.getByRole('button', { name: '会话详情' }).click()
  await page.getByRole('link', { name: '链接' }).click()
  await page.locator('.media-pane .row').first().waitFor()
  expect(await page.getByRole('dialog').count()).toBe(0)
  await page.goBack()
  await expect.poll(() => new URL(page.url()).pathname).toBe('/c/101')
  await expect.poll(() => page.locator('article').last().isVisible()).toBe(true)
  expectQuiet(opened)
})

it('draws emoticons as pictures of ours', async () => {
  const opened = await stage.open('/c/500?m=s0052')
  const { page } = opened
  const smile = page.locator('.prose img[alt="[微笑]"]').last()
  await smile.scrollIntoViewIfNeeded()
  await expect.poll(() => smile.evaluate((one: HTMLImageElement) => one.naturalWidth)).toBeGreaterThan(0)
  await page.locator('.prose img[alt="[擁抱]"]').last().waitFor()
  expect(await page.getByText('[不存在]').count()).toBeGreaterThan(0)
  expectQuiet(opened)
})

describe('the list beside a chat that a link led to', () => {
  for (const [name, path, tab] of [
    ['a group', '/c/404', '群聊'],
    ['a group as somebody sees it', '/c/404?as=emp0', '群聊'],
    ['a colleague', '/c/305?as=emp0', '同事'],
    ['a customer far down the list', '/c/185?as=emp0', '客户'],
  ] as const) {
    it(`shows ${name}, chosen`, async () => {
      const opened = await stage.open(path, 'desktop')
      const { page } = opened
      const chosen = page.locator('.pane .row.chosen[href^="/c/"]')
      await chosen.waitFor()
      expect(await page.getByRole('tab', { selected: true }).first().textContent()).toContain(tab)
      expect(await chosen.getAttribute('href')).toContain(path.slice(0, 6))
      await expect
        .poll(() => chosen.evaluate((one) => {
          const [box, list] = [one, one.closest('.virtual-list')].map((found) => found?.getBoundingClientRect())
          return !!box && !!list && box.top >= list.top && box.bottom <= list.bottom + 1
        }))
        .toBe(true)
      // Another tab that is chosen by hand stays.
      await page.getByRole('tab', { name: /同事|客户/ }).filter({ hasNotText: tab }).first().click()
      expect(await page.getByRole('tab', { selected: true }).first().textContent()).not.toContain(tab)
      expectQuiet(opened)
      await page.context().close()
    })
  }
})
