// Nobody reads outside the scope, and nobody learns what is there.
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { Caller, type Chat } from './api'
import { bothScreens, expectFine, expectQuiet, Stage } from './stage'
import { admin } from './world'

const at = inject('company')
/** Leads 售后服务部, which holds nobody who talks in the chat below. */
const outsider = { userid: 'PengLei', department: '23' }
const refused = /status of 404/
let stage: Stage
let caller: Caller
let chat: Chat
let message: string

beforeAll(async () => {
  stage = await Stage.set(at)
  caller = await Caller.signIn(at, admin)
  await caller.giveAccount(outsider.userid, [outsider.department])
  chat = await caller.conversation('LiangSiqi')
  const { items } = await caller.call<{ items: { id: string }[] }>('GET', `/conversations/${chat.id}/messages`)
  message = items.at(-1)?.id ?? ''
})
afterAll(async () => {
  await caller.dispose()
  await stage.strike()
})

describe.each(bothScreens)('%s', (screen) => {
  it('answers a link outside the scope like one to nothing', async () => {
    expect(message).not.toBe('')
    const outside = await stage.as(outsider.userid, screen, `/c/${chat.id}?m=${message}`)
    await outside.page.getByText('内容不存在或不在你的查看范围内').first().waitFor()
    const nothing = await stage.as(outsider.userid, screen, `/c/987654321?m=${message}`)
    await nothing.page.getByText('内容不存在或不在你的查看范围内').first().waitFor()
    const words = (text: string | null) => text?.replace(/[0-9A-Z]{26}/g, '') // ids of the requests
    expect(words(await outside.page.locator('main').textContent())).toBe(words(await nothing.page.locator('main').textContent()))
    expect(await outside.page.locator('body').textContent()).not.toContain(chat.title)
    await expectFine(outside, refused)
    expectQuiet(nothing, refused)
  })

  it('lists nobody outside the scope', async () => {
    const actor = await stage.as(outsider.userid, screen, '/people')
    await actor.page.locator('.virtual-list a').first().waitFor()
    await actor.page.getByRole('searchbox').fill('梁思琪')
    await actor.page.getByText('没有符合条件的员工').waitFor()
    await expectFine(actor)
  })

  it.each(['/admin', '/admin/rules', '/admin/viewers', '/admin/status'])('keeps viewers out of %s', async (path) => {
    const actor = await stage.as(outsider.userid, screen, '/people')
    expect(await actor.page.getByRole('link', { name: '管理' }).count()).toBe(0)
    await actor.page.goto(at.huicun + path)
    await actor.page.getByRole('heading', { name: '无权访问' }).waitFor()
    if (path === '/admin') await expectFine(actor)
    expectQuiet(actor)
    const answer = await actor.context.request.get(`${at.huicun}/api/v1${path.replace('/admin', '') || '/viewers'}`)
    expect(answer.status()).toBe(403)
  })
})
