// Reading chats: from the list of employees down to a message, back through
// older ones, and along while people go on talking.
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { offsetOf, scrollBy } from '../browser'
import { Caller, type Chat } from './api'
import { Sim } from './sim'
import { type Actor, bothScreens, expectFine, expectQuiet, type Screen, shoot, Stage } from './stage'
import { admin } from './world'

const at = inject('company')
const sim = new Sim(at.sim)
/** How many messages make a chat of several pages. */
const many = 130
/** Somebody to read about on each screen, so that neither run meets the other's messages. */
const employees = { phone: { userid: 'TangShiyun', name: '唐诗韵' }, desktop: { userid: 'YeQingqing', name: '叶青青' } }
let stage: Stage
let caller: Caller
let chats: Record<Screen, Chat>

beforeAll(async () => {
  stage = await Stage.set(at)
  caller = await Caller.signIn(at, admin)
  const [phone, desktop] = await Promise.all(bothScreens.map((screen) => caller.conversation(employees[screen].userid)))
  if (phone && desktop) chats = { phone, desktop }
})
afterAll(async () => {
  await caller.dispose()
  await stage.strike()
})

/** Opens the chat of a screen at its newest message, live. */
async function openChat(screen: Screen): Promise<Actor> {
  const actor = await stage.as(admin, screen, chats[screen].path)
  await actor.page.locator('article').first().waitFor()
  await actor.page.getByText('实时更新中').waitFor()
  return actor
}

/** Scrolls up step by step; gives how far a row in view moved besides, px. */
function worstShift(page: Page, steps: number): Promise<number> {
  return page.evaluate(async (count) => {
    const view = document.querySelector<HTMLElement>('.runway')
    if (!view) throw new Error('no runway')
    const frame = () => new Promise((resolve) => requestAnimationFrame(resolve))
    const step = 90
    let worst = 0
    for (let i = 0; i < count; i++) {
      const edge = view.getBoundingClientRect().top
      const seen = [...view.querySelectorAll<HTMLElement>('article')].find((one) => one.getBoundingClientRect().top > edge + 200)
      const before = seen?.getBoundingClientRect().top ?? 0
      view.scrollTop -= step
      await frame()
      await frame()
      if (!seen?.isConnected) throw new Error('a row in view was taken away')
      if (view.scrollTop > 0) worst = Math.max(worst, Math.abs(seen.getBoundingClientRect().top - before - step))
    }
    return worst
  }, steps)
}

/** Id of the topmost message that is in view as a whole. */
function firstInView(page: Page): Promise<string> {
  return page.evaluate(() => {
    const edge = document.querySelector('.runway')?.getBoundingClientRect().top ?? 0
    const seen = [...document.querySelectorAll<HTMLElement>('article')].find((one) => one.getBoundingClientRect().top >= edge)
    return seen?.dataset.id ?? ''
  })
}

describe.each(bothScreens)('%s', (screen) => {
  const { name } = employees[screen]

  it('goes from the employees to their chats to one chat', async () => {
    const actor = await stage.as(admin, screen, '/people')
    const { page } = actor
    await page.locator('.virtual-list a').first().waitFor()
    await expectFine(actor)
    await shoot(actor, `${screen}-people`)
    await page.getByRole('searchbox').fill(name)
    await expect.poll(() => page.locator('.virtual-list a').count()).toBe(1) // a row that still moves may be missed
    await page.getByRole('link', { name }).click()
    const chat = page.getByRole('link', { name: chats[screen].title }).first()
    await chat.waitFor()
    await expectFine(actor)
    await chat.click()
    await page.getByRole('feed').waitFor()
    await page.locator('article .bubble').first().waitFor()
    expect(await page.locator('article .line.own').count()).toBeGreaterThan(0)
    expect(await page.locator('article .line:not(.own)').count()).toBeGreaterThan(0)
    if (screen === 'desktop') await page.getByRole('button', { name: '清除' }).first().click()
    await expectFine(actor)
    await shoot(actor, `${screen}-chat`)
  })

  it('loads older messages without moving what is in view', async () => {
    const { employee, customer } = chats[screen]
    for (let i = 1; i < many; i++) {
      const [from, to] = i % 3 ? [employee, customer] : [customer, employee]
      await sim.say({ from, to, text: stage.plant(`第 ${i} 条长聊 ${screen}`) })
    }
    const last = stage.plant(`最后一条长聊 ${screen}`)
    await sim.say({ from: employee, to: customer, text: last })
    await expect.poll(() => caller.lastOf(chats[screen])).toBe(last)
    const actor = await openChat(screen)
    await actor.page.getByRole('feed').getByText(last).waitFor()
    expect(await worstShift(actor.page, 60)).toBeLessThanOrEqual(1)
    await expect
      .poll(async () => {
        await scrollBy(actor.page, -600)
        return actor.page.getByText(`第 1 条长聊 ${screen}`, { exact: true }).count()
      })
      .toBe(1)
    expectQuiet(actor)
  })

  it('shows what is said meanwhile, counts it while the reader is elsewhere, and marks what is taken back', async () => {
    const { employee, customer } = chats[screen]
    const actor = await openChat(screen)
    const { page } = actor
    const first = stage.plant(`刚才说到的沙发 ${screen}`)
    await sim.say({ from: customer, to: employee, text: first })
    await page.getByRole('feed').getByText(first).waitFor()
    expect(await page.getByRole('button', { name: '回到最新' }).count()).toBe(0)

    await scrollBy(page, -1200)
    await page.getByRole('button', { name: '回到最新' }).waitFor()
    const watched = await firstInView(page)
    const before = await offsetOf(page, watched)
    const second = stage.plant(`价格发错了 ${screen}`)
    const msgid = await sim.say({ from: employee, to: customer, text: second })
    await page.getByRole('button', { name: '1 条新消息' }).waitFor()
    expect(await offsetOf(page, watched)).toBe(before)
    await expectFine(actor)
    await page.getByRole('button', { name: '1 条新消息' }).click()
    const said = page.locator('article').filter({ hasText: second })
    await said.waitFor()

    await sim.revoke(employee, customer, msgid)
    await said.getByText('已撤回', { exact: true }).waitFor()
    expect(await said.getByText(second).isVisible()).toBe(true)
    await page.getByText('撤回了一条消息').last().waitFor()
    await expectFine(actor)
  })

  it('stays readable without a network, and catches up after', async () => {
    const { employee, customer } = chats[screen]
    const actor = await openChat(screen)
    const { page, context } = actor
    await context.setOffline(true)
    await page.getByText('网络已断开').waitFor()
    expect(await page.locator('article').count()).toBeGreaterThan(0)
    const missed = stage.plant(`断网时说的话 ${screen}`)
    await sim.say({ from: customer, to: employee, text: missed })
    await expect.poll(() => caller.lastOf(chats[screen])).toBe(missed)
    await context.setOffline(false)
    await expect.poll(() => page.getByText('网络已断开').count()).toBe(0)
    await page.getByRole('feed').getByText(missed).waitFor()
    expectQuiet(actor, /ERR_INTERNET_DISCONNECTED/)
  })
})

it('finds the way back to the list', async () => {
  const actor = await openChat('phone')
  await actor.page.getByRole('button', { name: '返回' }).click()
  await actor.page.waitForURL(`${at.huicun}/people/tangshiyun`)
  await actor.page.getByRole('link', { name: chats.phone.title }).first().waitFor()
})
