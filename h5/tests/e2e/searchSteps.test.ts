// From search to search: the way back, and searches that cannot be made.
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { expectQuiet, type Opened, Stage } from './browser'
import { tooSmall, violations } from './checks'

let stage: Stage
beforeAll(async () => {
  stage = await Stage.set()
})
afterAll(() => stage.strike())

const field = (page: Page) => page.getByRole('combobox', { name: '搜索消息、人员、群聊' })
const hits = (page: Page) => page.locator('.hit-row')
const asked = (page: Page) => new URL(page.url()).searchParams

async function expectFine(opened: Opened, screen: 'phone' | 'desktop'): Promise<void> {
  expect(await violations(opened.page)).toEqual([])
  if (screen === 'phone') expect(await tooSmall(opened.page)).toEqual([])
  expectQuiet(opened)
}

describe.each(['phone', 'desktop'] as const)('%s', (screen) => {
  it('goes back from each search to the one before, past a field that was emptied', async () => {
    const opened = await stage.open('/search', screen)
    const { page } = opened
    await page.getByRole('heading', { name: '已保存的搜索' }).waitFor()
    const submit = async (q: string) => {
      await field(page).fill(q)
      await page.keyboard.press('Enter')
      await expect.poll(() => asked(page).get('q')).toBe(q)
    }
    const back = async (q: string) => {
      await page.goBack()
      await expect.poll(() => asked(page).get('q') ?? '').toBe(q)
      expect(await field(page).inputValue()).toBe(q)
    }
    await submit('原木色')
    await hits(page).first().waitFor()
    await page.getByRole('combobox', { name: '排序' }).selectOption('oldest')
    await expect.poll(() => asked(page).get('order')).toBe('oldest')
    await page.getByRole('button', { name: '清除', exact: true }).click()
    await expect.poll(() => asked(page).has('q')).toBe(false)
    await submit('定金')
    await submit('报价')
    await back('定金')
    await back('原木色')
    expect(asked(page).get('order')).toBe('oldest')
    await hits(page).first().waitFor()

    // A hit that is opened and left makes no difference.
    await hits(page).first().click()
    await page.locator('article mark').first().waitFor()
    await page.goBack()
    await expect.poll(() => new URL(page.url()).pathname).toBe('/search')
    await back('')
    await page.getByRole('heading', { name: '已保存的搜索' }).waitFor()
    expectQuiet(opened)
  })

  it('says why words cannot be searched for, and asks nobody', async () => {
    const words = Array.from({ length: 17 }, (_, i) => `词${i}`).join(' ')
    for (const [q, says] of [
      ['长'.repeat(201), '搜索内容超过 200 个字，没有搜索'],
      [words, '搜索内容超过 16 个词，没有搜索'],
      ['\u200b\u200d', '搜索内容里没有看得见的字，没有搜索'],
    ] as const) {
      const opened = await stage.open('/search', screen)
      const { page } = opened
      const calls: string[] = []
      page.on('request', (request) => calls.push(new URL(request.url()).pathname))
      await field(page).fill(q)
      await page.keyboard.press('Enter')
      await page.getByRole('alert').getByText(says).waitFor()
      expect(await field(page).inputValue()).toBe(q)
      await expectFine(opened, screen)
      await page.reload()
      await page.getByRole('alert').getByText(says).waitFor()
      expect(await field(page).inputValue()).toBe(q)
      expect(calls.filter((path) => /\/search(\/conversations|\/suggestions)?$/.test(path) && path.startsWith('/api'))).toEqual([])
      await page.context().close()
    }
  })
})

it('says in plain words that the server does not take a query', async () => {
  const { page } = await stage.open('/search')
  const error = { code: 'invalid', field: 'q', message: 'said by the server', request_id: '01JSEARCH' }
  await page.route(/\/api\/v1\/search\?/, (route) => route.fulfill({ status: 400, contentType: 'application/json', body: JSON.stringify({ error }) }))
  await field(page).fill('价')
  await page.keyboard.press('Enter')
  await page.getByRole('alert').getByText('搜索内容不符合要求，没有搜索').waitFor()
  expect(await page.getByText(/请求|said by/).count()).toBe(0)
  expect(await page.getByRole('button', { name: '重试' }).count()).toBe(0)
  expect(await violations(page)).toEqual([])
})

it('says without a network what was not searched for, and searches when it is back', async () => {
  const { page } = await stage.open('/search')
  await field(page).waitFor()
  await page.context().setOffline(true)
  await field(page).fill('原木色')
  await page.keyboard.press('Enter')
  await page.getByText('网络已断开，还没有搜索「原木色」').waitFor()
  await page.context().setOffline(false)
  await hits(page).first().waitFor()

  await page.context().setOffline(true)
  await page.getByRole('radio', { name: '按会话' }).click()
  await page.getByText('网络已断开，还没有搜索「原木色」').waitFor()
  await page.getByRole('button', { name: '重试' }).click()
  await page.getByText('网络已断开，还没有搜索「原木色」').waitFor()
  expect(await violations(page)).toEqual([])
  await page.getByRole('radio', { name: '消息', exact: true }).click()
  await hits(page).first().waitFor() // loaded before
  await page.getByRole('radio', { name: '按会话' }).click()
  await page.context().setOffline(false)
  await page.locator('.conversation-row').first().waitFor()
})
