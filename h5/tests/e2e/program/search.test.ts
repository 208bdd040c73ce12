// Searching on the real program: what somebody says is found by whoever may see
// it, opened in its chat, and by nobody else.
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { Caller, type Chat } from './api'
import { Sim } from './sim'
import { bothScreens, expectFine, expectQuiet, type Screen, shoot, Stage } from './stage'
import { admin } from './world'

const at = inject('company')
const sim = new Sim(at.sim)
/** Somebody to search for on each screen. */
const employees: Record<Screen, string> = { phone: 'ZhangBoyuan', desktop: 'GuoXiaomeng' }
/** Leads a department that holds neither of them. */
const outsider = { userid: 'PengLei', department: '23' }
let stage: Stage
let caller: Caller
let chats: Record<Screen, [Chat, Chat]>

beforeAll(async () => {
  stage = await Stage.set(at)
  caller = await Caller.signIn(at, admin)
  await caller.giveAccount(outsider.userid, [outsider.department])
  const of = async (userid: string): Promise<[Chat, Chat]> => [await caller.conversation(userid), await caller.conversation(userid, 1)]
  chats = { phone: await of(employees.phone), desktop: await of(employees.desktop) }
})
afterAll(async () => {
  await caller.dispose()
  await stage.strike()
})

/** How many messages the admin finds. */
async function count(q: string): Promise<number> {
  const { items } = await caller.call<{ items: unknown[] }>('GET', `/search?q=${encodeURIComponent(q)}`)
  return items.length
}

describe.each(bothScreens)('%s', (screen) => {
  /** A word that nobody has said before. */
  const word = { phone: '胡桃絨布樣', desktop: '乌金釉面砖' }[screen]

  it('finds what was just said, in either script, and walks from chat to chat', async () => {
    const [first, second] = chats[screen]
    for (const chat of [first, second]) {
      for (const part of ['一', '二']) await sim.say({ from: chat.customer, to: chat.employee, text: stage.plant(`第${part}次问：${word}有现货吗`) })
    }
    await expect.poll(() => count(word), { interval: 1000, timeout: 60_000 }).toBe(4) // searches are limited in number

    const actor = await stage.as(admin, screen, '/search')
    const { page } = actor
    const asked = { phone: '胡桃绒布样', desktop: '烏金釉面磚' }[screen]
    await page.getByRole('combobox', { name: '搜索消息、人员、群聊' }).fill(stage.plant(asked))
    await page.keyboard.press('Enter')
    await page.locator('.count').getByText('共 4 条').waitFor()
    await page.locator('.hit-row mark').first().waitFor()
    expect(new Set(await page.locator('.hit-row mark').allTextContents())).toEqual(new Set([word]))
    await page.locator('.engine-note').getByText('已搜索全部消息').waitFor()
    await expectFine(actor)
    await shoot(actor, `${screen}-search`)

    await page.locator('.hit-row').first().click()
    const seen = new Set<string>()
    for (let i = 1; i <= 4; i++) {
      await page.locator('.hit-bar .position').getByText(`${i}/4`).waitFor()
      const m = new URL(page.url()).searchParams.get('m') ?? ''
      await page.locator(`article[data-id="${m}"] mark`).getByText(word).waitFor()
      seen.add(new URL(page.url()).pathname)
      if (i < 4) await page.getByRole('button', { name: '下一条' }).click()
    }
    expect(seen.size).toBe(2)
    await expectFine(actor)
    await shoot(actor, `${screen}-search-hit`)
    await page.goBack()
    await page.locator('.count').getByText('共 4 条').waitFor()
    expectQuiet(actor)
  })

  it('counts by conversation, and narrows to the customer by name', async () => {
    const [first] = chats[screen]
    const actor = await stage.as(admin, screen, `/search?q=${encodeURIComponent(word)}&view=conversations`)
    const { page } = actor
    await page.locator('.conversation-row').nth(1).waitFor()
    expect(await page.locator('.conversation-row').getByText('2 条相关消息').count()).toBe(2)
    await expectFine(actor)
    await page.locator('.conversation-row').filter({ hasText: first.title }).first().click()
    await page.locator('.count').getByText('共 2 条').waitFor()
    await page.getByRole('combobox', { name: '搜索消息、人员、群聊' }).fill(`${word} ${first.name.slice(0, 2)}`)
    await page.getByRole('option').nth(1).waitFor()
    await expectFine(actor)
  })

  it('finds in the chat, too', async () => {
    const [first] = chats[screen]
    const actor = await stage.as(admin, screen, first.path)
    const { page } = actor
    await page.locator('article').first().waitFor()
    await page.getByRole('button', { name: '在会话中查找' }).click()
    await page.getByRole('searchbox', { name: '输入关键词' }).fill(word)
    await page.locator('.find .status').getByText('1/2').waitFor()
    await page.locator('article mark').getByText(word).first().waitFor()
    await page.getByRole('button', { name: '查看全部结果' }).click()
    await page.locator('.find-row').nth(1).waitFor()
    await expectFine(actor)
  })

  it('finds nothing for who may not see it, and says so as for what nobody said', async () => {
    const actor = await stage.as(outsider.userid, screen, '/search')
    const { page } = actor
    const field = page.getByRole('combobox', { name: '搜索消息、人员、群聊' })
    const nothing = async (q: string): Promise<string> => {
      await field.fill(q)
      await page.keyboard.press('Enter')
      await page.getByText(`没有找到「${q}」`).waitFor()
      return ((await page.locator('.results').textContent()) ?? '').replaceAll(q, '')
    }
    expect(await nothing(word)).toBe(await nothing('无人说过的一句'))
    expect(await page.locator('.count').textContent()).toBe('共 0 条')
    await expectFine(actor)
  })
})

it('keeps a search, and tells when it is said again', async () => {
  const [chat] = chats.phone
  const actor = await stage.as(admin, 'phone', `/search?q=${encodeURIComponent('雪山白榉木')}`)
  const { page } = actor
  await page.getByText('没有找到「雪山白榉木」').waitFor()
  await page.getByRole('button', { name: '保存搜索' }).click()
  const dialog = page.getByRole('dialog')
  await dialog.getByRole('switch', { name: /再次出现时提醒我/ }).click()
  await dialog.getByRole('button', { name: '保存', exact: true }).click()
  await dialog.waitFor({ state: 'hidden' })
  const known = (await sim.appMessages(admin)).length
  await sim.say({ from: chat.customer, to: chat.employee, text: stage.plant('有没有雪山白榉木的柜子') })
  const pushed = await sim.nextAppMessage(admin, known)
  expect(pushed.content.url).toContain(`/c/${chat.id}`)
  expectQuiet(actor)
})
