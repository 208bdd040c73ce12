// From the rule to the tap: an admin writes a rule and gives a manager an
// account, somebody says the word, and the manager reads it where it was said.
import { afterAll, beforeAll, describe, expect, inject, it, vi } from 'vitest'
import type { Api } from '../../../src/api/client'
import { Caller } from './api'
import { Sim } from './sim'
import { bothScreens, expectFine, expectQuiet, type Screen, shoot, Stage } from './stage'
import { admin } from './world'

const at = inject('company')
const sim = new Sim(at.sim)

/** What is tried on each screen: other people, another rule. */
interface Story {
  manager: { userid: string; name: string; department: string }
  /** Employee in the manager's department. */
  employee: string
  rule: { name: string; words: string[] }
  /** Holds the first word. */
  text: string
  /** What others say later, with some word: the list has more than one line. */
  more: { employee: string; text: string }[]
}

const stories: Record<Screen, Story> = {
  phone: {
    manager: { userid: 'ZhouMingkai', name: '周明恺', department: '华东销售部' },
    employee: 'FengKaiwen',
    rule: { name: '私下交易', words: ['私下转', '个人卡', '返点', '别走单'] },
    text: '姐，这个价走公司系统真批不下来，您要是方便就私下转我，我再给您让三个点',
    more: [
      { employee: 'WuHaoran', text: '定金您先转我个人卡吧，我帮您把活动价留住' },
      { employee: 'HeRuoxi', text: '介绍朋友来的话，我这边单独给您返点' },
    ],
  },
  desktop: {
    manager: { userid: 'LiangGuohao', name: '梁国豪', department: '华南销售部' },
    employee: 'HeMinyi',
    rule: { name: '辱骂与投诉', words: ['消费者协会', '曝光你们', '骗子'] },
    text: '说好十五号送货，今天都二十二号了，再没人管我就打消费者协会电话',
    more: [
      { employee: 'LiangSiqi', text: '门板色差这么大还说是正常的，骗子' },
      { employee: 'DengJiaming', text: '今天不给个说法，我就上网曝光你们' },
      { employee: 'OuYangjing', text: '退款拖了半个月，消费者协会那边我已经登记了' },
      { employee: 'LiangGuohao', text: '你们店长亲口答应的，现在又不认，一群骗子' },
    ],
  },
}

let stage: Stage
let caller: Caller

beforeAll(async () => {
  stage = await Stage.set(at)
  caller = await Caller.signIn(at, admin)
  // Follow-up work on the messages of before is done: what they say is no alert of a rule written now.
  const complete = async () => (await caller.call<Api['SearchPage']>('GET', '/search?type=text&limit=1')).complete.complete
  await vi.waitUntil(complete, { timeout: 90_000, interval: 1000 })
})
afterAll(async () => {
  await caller.dispose()
  await stage.strike()
})

describe.each(bothScreens)('%s', (screen) => {
  const { manager, employee, rule, text, more } = stories[screen]

  it('lets the admin give a manager an account', async () => {
    const actor = await stage.as(admin, screen, '/admin')
    const { page } = actor
    await page.getByRole('link', { name: /账号与权限/ }).click()
    await page.getByRole('link', { name: '添加账号' }).click()
    await page.getByRole('button', { name: '选择成员' }).click()
    await page.getByRole('dialog').getByRole('searchbox').fill(manager.name)
    await page.getByRole('dialog').getByRole('button', { name: manager.name }).click()
    await page.getByRole('button', { name: '部门' }).click()
    await page.getByRole('button', { name: '展开 销售中心' }).click()
    await page.getByRole('checkbox', { name: manager.department }).check()
    await expectFine(actor)
    await page.getByRole('button', { name: '完成' }).click()
    await expectFine(actor)
    await page.getByRole('button', { name: '保存' }).click()
    await page.getByText('账号已保存').waitFor()
    const row = page.getByRole('list', { name: '账号与权限' }).getByRole('link', { name: manager.name })
    await row.waitFor()
    expect(await row.textContent()).toMatch(/可查看 [1-9]\d* 位员工/)
    await expectFine(actor)
    await row.click()
    await page.getByRole('button', { name: `移除 ${manager.department}` }).waitFor()
    expectQuiet(actor)
  })

  it('lets the admin write a rule and try it', async () => {
    const actor = await stage.as(admin, screen, '/admin')
    const { page } = actor
    await page.getByRole('link', { name: /敏感词规则/ }).click()
    await page.getByRole('link', { name: '新建规则' }).click()
    await page.getByLabel('规则名称').fill(rule.name)
    await page.getByRole('textbox', { name: '敏感词' }).fill(rule.words.join('\n'))
    await page.getByRole('radio', { name: '高' }).click()
    await page.getByRole('checkbox', { name: new RegExp(manager.name) }).check()
    await page.getByRole('textbox', { name: '试一试' }).fill(text)
    await page.getByRole('button', { name: '测试' }).click()
    await page.getByText(`命中：${rule.words[0]}`).waitFor()
    await expectFine(actor)
    await page.getByRole('button', { name: '保存' }).click()
    await page.getByText('规则已保存').waitFor()
    await page.getByRole('list', { name: '敏感词规则' }).getByRole('link', { name: rule.name }).waitFor()
    await expectFine(actor)
    if (screen === 'desktop') await shoot(actor, 'desktop-rules')
  })

  it('brings the word to the manager, whose tap leads to the message', async () => {
    const chat = await caller.conversation(employee)
    const known = (await sim.appMessages(manager.userid)).length
    const actor = await stage.open(screen)
    const { page, context } = actor
    await page.goto(`${at.sim}/phone/${manager.userid}`)
    stage.plant(text)
    await sim.say({ from: screen === 'phone' ? employee : chat.customer, to: screen === 'phone' ? chat.customer : employee, text })
    const card = await sim.nextAppMessage(manager.userid, known)
    expect(card.content.title).toBe('敏感词告警')
    expect(card.content.description).toContain(rule.words[0])
    await page.locator(`#m${card.id}`).waitFor()
    await expectFine(actor)
    if (screen === 'phone') await shoot(actor, 'sim-phone')

    await page.locator(`#m${card.id} a`).click()
    const said = page.locator('article.flash')
    await said.waitFor()
    await shoot(actor, `${screen}-landing`)
    expect(await said.locator('.prose').textContent()).toContain(text)
    expect(await said.locator('mark').allTextContents()).toContain(rule.words[0])
    expect(await said.evaluate(inView)).toBe(true)
    const me = (await (await context.request.get(`${at.huicun}/api/v1/me`)).json()) as { userid: string }
    expect(me.userid).toBe(manager.userid)
    await expectFine(actor)
    // Whoever saw the first message before knows that there is nothing more on any phone.
    expect(await sim.appMessages(manager.userid)).toHaveLength(known + 1)
  })

  it('lists the alert with its context, and keeps what is done about it', async () => {
    for (const later of more) {
      const chat = await caller.conversation(later.employee)
      const [from, to] = screen === 'phone' ? [later.employee, chat.customer] : [chat.customer, later.employee]
      await sim.say({ from, to, text: stage.plant(later.text) })
    }
    await expect.poll(async () => (await sim.appMessages(manager.userid)).length).toBeGreaterThan(more.length)
    const actor = await stage.as(manager.userid, screen, '/alerts')
    const { page } = actor
    const row = page.locator('.alert-row').filter({ has: page.getByText(rule.name) }).last()
    await row.waitFor()
    expect(await page.locator('.alert-row').count()).toBe(more.length + 1)
    await expectFine(actor)
    await shoot(actor, `${screen}-alerts`)
    await row.click()
    await page.getByRole('link', { name: '打开上下文' }).waitFor()
    expect(await page.locator('.evidence mark').allTextContents()).toContain(rule.words[0])
    await page.locator('.context article').first().waitFor()
    await expectFine(actor)
    await shoot(actor, `${screen}-alert`)
    await page.getByRole('button', { name: '标记处理' }).click()
    await page.getByRole('dialog').getByRole('textbox').fill(stage.plant('已电话核实，店长跟进'))
    await expectFine(actor)
    await page.getByRole('dialog').getByRole('button', { name: '确定' }).click()
    await page.getByText('已标记为已处理').waitFor()
    await page.getByText('已电话核实，店长跟进').waitFor()
    await page.getByRole('link', { name: '打开上下文' }).click()
    await page.locator('article.flash').filter({ hasText: text }).waitFor()
    expectQuiet(actor)
  })

  it('shows the admin to whom it was pushed', async () => {
    const actor = await stage.as(admin, screen, '/admin/pushes')
    const push = actor.page.getByRole('link', { name: manager.name }).filter({ hasText: rule.name }).first()
    await push.waitFor()
    expect(await push.textContent()).toContain('已送达')
    await expectFine(actor)
    await actor.page.goto(`${at.huicun}/admin/status`)
    await actor.page.getByText('收到的消息全部有着落').waitFor()
    await expectFine(actor)
  })
})

it('leads from the push back to the alerts', async () => {
  const { manager } = stories.phone
  const [card] = (await sim.appMessages(manager.userid)).slice(-1)
  const actor = await stage.as(manager.userid, 'phone', new URL(card?.content.url ?? '').href.slice(at.huicun.length))
  await actor.page.locator('article.flash').waitFor()
  await actor.page.getByRole('button', { name: '返回' }).click()
  await actor.page.waitForURL(`${at.huicun}/alerts`)
  await actor.page.getByRole('heading', { name: '告警' }).waitFor()
  expectQuiet(actor)
})

it('shows the control page to whoever plays WeCom', async () => {
  const actor = await stage.open('desktop')
  await actor.page.goto(`${at.sim}/sim/`)
  await actor.page.locator('#recent td').nth(4).waitFor()
  await expectFine(actor)
  await shoot(actor, 'sim-control')
})

/** Whether an element is within the window. */
function inView(element: Element): boolean {
  const box = element.getBoundingClientRect()
  return box.top >= 0 && box.bottom <= window.innerHeight
}
