// Who gets in, how, and how they get out: in the whole Chromium, with its own
// cookies, history and storage, as administrators use it.
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { chromiumPath } from '../chromium'
import { admin } from './world'
import { bothScreens, chooseMember, expectFine, expectQuiet, Stage } from './stage'

const at = inject('company')
/** What the console says about an answer that refuses. */
const refused = /status of 403/
let stage: Stage

beforeAll(async () => {
  stage = await Stage.set(at, chromiumPath)
})
afterAll(() => stage.strike())

describe.each(bothScreens)('%s', (screen) => {
  it('signs a member with an account in, back to the page that was wanted', async () => {
    const actor = await stage.open(screen)
    const { page } = actor
    await page.goto(`${at.huicun}/alerts?state=handled`)
    const title = screen === 'phone' ? '这台手机是谁的？' : '用企业微信扫码登录'
    await page.getByRole('heading', { name: title }).waitFor()
    await chooseMember(page, admin)
    await page.waitForURL(`${at.huicun}/alerts?state=handled`)
    await page.getByRole('heading', { name: '告警' }).first().waitFor()
    await expectFine(actor)
  })

  it('tells a member without an account whom to ask', async () => {
    const actor = await stage.open(screen)
    await actor.page.goto(`${at.huicun}/people`)
    const refusal = actor.page.waitForResponse((answer) => answer.url().startsWith(`${at.huicun}/auth/callback`))
    await chooseMember(actor.page, 'QiaoAn')
    expect((await refusal).status()).toBe(403)
    await actor.page.getByText('您还不是会话存档用户').waitFor()
    await expectFine(actor, refused)
  })

  it('tells a customer that the archive is for members', async () => {
    const actor = await stage.open(screen)
    await actor.page.goto(`${at.huicun}/people`)
    await actor.page.getByRole('button', { name: '陌生人' }).click()
    await actor.page.getByText('会话存档只对本企业成员开放').waitFor()
    expectFine(actor, refused)
  })

  it('signs out for good', async () => {
    const actor = await stage.open(screen)
    const { page } = actor
    await page.goto(`${at.huicun}/me`)
    await chooseMember(page, admin)
    await page.waitForURL(`${at.huicun}/me`)
    const before = await actor.context.cookies(at.huicun)
    await page.getByRole('button', { name: '退出登录' }).click()
    await page.getByRole('dialog').waitFor()
    await expectFine(actor)
    await page.getByRole('dialog').getByRole('button', { name: '退出登录' }).click()
    await page.getByRole('link', { name: '企业微信登录' }).waitFor()
    // Inside WeCom the bridge asks who is there: nobody, which the browser logs.
    await expectFine(actor, /status of 401/)
    // Somebody who kept the cookie has nothing left of it.
    await actor.context.addCookies(before)
    const answer = await actor.context.request.get(`${at.huicun}/api/v1/me`)
    expect(answer.status()).toBe(401)
  })
})

it('keeps the page from being passed on inside WeCom', async () => {
  const actor = await stage.as(admin, 'phone', '/people')
  await actor.page.waitForFunction(() => window.bridgeCalls.includes('hideOptionMenu'))
  expectQuiet(actor)
})
