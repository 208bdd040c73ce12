// Customers and employees delete each other: managers hear of it at once and
// read what was said last.
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { Caller } from './api'
import { Sim } from './sim'
import { bothScreens, expectFine, Stage } from './stage'
import { admin } from './world'

const at = inject('company')
const sim = new Sim(at.sim)
/** Manager of 华北销售部 and, by screen, one of those below. */
const manager = { userid: 'ZhaoLijun', department: '14' }
const employees = { phone: { userid: 'WangChuhan', name: '王楚涵' }, desktop: { userid: 'SongJiaqi', name: '宋佳琪' } }
let stage: Stage
let caller: Caller

beforeAll(async () => {
  stage = await Stage.set(at)
  caller = await Caller.signIn(at, admin)
  await caller.giveAccount(manager.userid, [manager.department])
})
afterAll(async () => {
  await caller.dispose()
  await stage.strike()
})

const directions = [
  { by: 'customer', title: '客户删除了员工', sentence: (employee: string, customer: string) => `客户「${customer}」删除了员工「${employee}」` },
  { by: 'employee', title: '员工删除了客户', sentence: (employee: string, customer: string) => `员工「${employee}」删除了客户「${customer}」` },
] as const

describe.each(bothScreens)('%s', (screen) => {
  const employee = employees[screen]

  it.each(directions)('the $by deletes: the manager is told, and reads the last messages', async ({ by, title, sentence }) => {
    const chat = await caller.conversation(employee.userid)
    const last = await caller.lastOf(chat)
    const known = (await sim.appMessages(manager.userid)).length
    await sim.remove(by, employee.userid, chat.customer)
    const card = await sim.nextAppMessage(manager.userid, known)
    expect(card.content.title).toBe(title)
    expect(card.content.description).toContain(employee.name)

    const actor = await stage.as(manager.userid, screen, '/alerts?tab=behaviours')
    const { page } = actor
    const row = page.locator('.alert-row').filter({ hasText: sentence(employee.name, chat.name) }).first()
    await row.waitFor()
    expect(await row.locator('.title').textContent()).toBe(title)
    await expectFine(actor)
    await row.click()
    await page.locator('.sentence').filter({ hasText: sentence(employee.name, chat.name) }).waitFor()
    await page.locator('.context article').last().waitFor()
    await expectFine(actor)
    await page.getByRole('link', { name: '查看最后的聊天' }).click()
    await page.getByRole('feed').getByText(last).last().waitFor()
    await expectFine(actor)

    await page.goto(`${at.sim}/phone/${manager.userid}`)
    await page.locator(`#m${card.id} a`).click()
    await page.getByRole('feed').getByText(last).last().waitFor()
    expect(new URL(page.url()).pathname).toBe(`/c/${chat.id}`)
    await expectFine(actor)
  })
})
