// Chat text as an attack: in every field that is shown, on every screen, text
// stays text, in its place, and in order.
import type { Locator, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import type { Api } from '../../../src/api/client'
import { tooSmall, violations } from '../checks'
import { Caller } from './api'
import { type Bearer, bearers, reader } from './hostile/company'
import { harmIn, standsLast } from './hostile/harm'
import { elsewhere, markup, payloads } from './hostile/payloads'
import { Sim } from './sim'
import { type Actor, bothScreens, expectQuiet, type Look, type Screen, Stage } from './stage'
import { admin } from './world'

const at = inject('hostile')
const sim = new Sim(at.sim)
const looks: Record<Screen, Look> = { phone: 'dark', desktop: 'light' }
const person = reader.toLowerCase()
/** The tricks that try a layout hardest: on the desktop these must do. */
const widest = ['markup', 'bidi', 'storm', 'endless', 'lines']
let stage: Stage
let caller: Caller
/** Ids of the reader's conversations by the trick of the other side; of groups too. */
const chats = new Map<string, string>()
const groups = new Map<string, string>()

beforeAll(async () => {
  stage = await Stage.set(at)
  caller = await Caller.signIn(at, admin)
  await readChats()
  await writeRules()
})
afterAll(async () => {
  await caller.dispose()
  await stage.strike()
})

async function readChats(): Promise<void> {
  const list = async (tab: string) =>
    (await caller.call<{ items: Api['Conversation'][] }>('GET', `/employees/${person}/conversations?tab=${tab}&limit=100`)).items
  for (const one of await list('customers')) {
    const bearer = bearers.find(({ customer }) => customer === one.peer?.id)
    if (bearer) chats.set(bearer.trick, one.id)
  }
  for (const one of await list('groups')) {
    const { items } = await caller.call<Api['MessagePage']>('GET', `/conversations/${one.id}/messages?limit=3`)
    const bearer = bearers.find(({ userid }) => items.some((message) => message.sender.id === userid.toLowerCase()))
    if (bearer) groups.set(bearer.trick, one.id)
  }
}

/** A word that only the message of this bearer holds. */
const wordOf = ({ trick }: Bearer) => `暗号${trick}号`

/** Rules with hostile names and words, accounts with hostile names, and for each a message that hits. */
async function writeRules(): Promise<void> {
  for (const bearer of bearers) {
    const text = Array.from(bearer.text.replace(/[\0\p{Surrogate}]/gu, '')).slice(0, 60).join('')
    const account = await caller.giveAccount(bearer.userid, [String(bearer.department)])
    const rule = {
      ...{ severity: 'high', direction: 'both', scope_all: true, scope_departments: [], scope_employees: [], enabled: true },
      subscribers: [account.id, caller.me.id],
    }
    const wanted = [
      { name: text, words: [text, wordOf(bearer)] },
      { name: text, words: [wordOf(bearer)] }, // no letter in it to look for
      { name: bearer.trick, words: [wordOf(bearer)] }, // not even a name
    ]
    await firstThatWorks(wanted.map((some) => () => caller.call('POST', '/rules', { ...rule, ...some })))
  }
  for (const bearer of bearers) {
    await sim.say({ from: bearer.customer, to: reader, text: `${bearer.text.slice(0, 500)} ${wordOf(bearer)} ${bearer.text}` })
  }
}

async function firstThatWorks(tries: (() => Promise<unknown>)[]): Promise<void> {
  for (const [i, attempt] of tries.entries()) {
    try {
      await attempt()
      return
    } catch (thrown) {
      if (i === tries.length - 1) throw thrown
    }
  }
}

/** Expects that nothing of what is shown did harm, and that everything is in reach. */
async function expectUnharmed(actor: Actor, what: string): Promise<void> {
  expect(await harmIn(actor.page), what).toEqual([])
  if (actor.screen === 'phone') expect(await tooSmall(actor.page), what).toEqual([])
  expectQuiet(actor)
}

/** Opens what opener leads to, looks at it, and closes it again. */
async function expectUnharmedIn(actor: Actor, opener: Locator, what: string): Promise<void> {
  await opener.click()
  const dialog = actor.page.getByRole('dialog')
  await dialog.waitFor()
  await expectUnharmed(actor, what)
  await dialog.getByRole('button', { name: '关闭' }).click()
  await dialog.waitFor({ state: 'detached' })
}

/** Scrolls the chat up by a screen; false when it is at its beginning. */
function pageUp(page: Page): Promise<boolean> {
  return page.evaluate(async () => {
    const view = document.querySelector('.runway')
    if (!view) throw new Error('no runway')
    const before = view.scrollTop
    view.scrollBy(0, 60 - view.clientHeight)
    for (let i = 0; i < 2; i++) await new Promise((resolve) => requestAnimationFrame(resolve))
    return view.scrollTop < before - 1
  })
}

it('is made of what would run if it became part of a page', async () => {
  const { page, strayed } = await stage.open('desktop')
  await page.route('https://**', (route) => route.abort())
  await page.setContent(markup)
  await expect.poll(() => page.evaluate(() => window.carriedOut)).toEqual(expect.arrayContaining(['script', 'img', 'srcdoc']))
  expect(strayed.join()).toContain(elsewhere)
  expect((await harmIn(page)).join()).toMatch(/carried out.*foreign element/s)
})

it('is stored whole', async () => {
  const status = await caller.call<Api['Status']>('GET', '/status')
  expect({ lost: status.received - status.stored - status.quarantined, quarantined: status.quarantined }).toEqual({ lost: 0, quarantined: 0 })
  expect([chats.size, groups.size]).toEqual([bearers.length, bearers.length])
})

describe.each(bothScreens)('%s', (screen) => {
  const open = (path: string) => stage.as(admin, screen, path, looks[screen])

  it('keeps the lists of people and chats in order', async () => {
    const actor = await open('/people')
    const { page } = actor
    await page.locator('.virtual-list a').first().waitFor()
    await expectUnharmed(actor, 'people')
    await page.getByRole('button', { name: '选择部门' }).click()
    await page.getByRole('button', { name: '{{constructor' }).waitFor()
    await expectUnharmed(actor, 'departments')
    for (const tab of ['customers', 'colleagues', 'groups']) {
      await page.goto(`${at.huicun}/people/${person}?tab=${tab}`)
      await page.locator('.virtual-list a').nth(5).waitFor()
      await expectUnharmed(actor, tab)
    }
    // On the desktop the list of people stands before that of the chats.
    await page.getByRole('searchbox').last().fill(payloads.queries ?? '')
    // Its quotes, % and _ stand for themselves: one group is called so.
    await expect.poll(() => page.locator('.virtual-list').last().locator('a').count()).toBe(1)
    await expectUnharmed(actor, 'search')
    expect(await violations(page)).toEqual([])
  })

  it.each(screen === 'phone' ? bearers : bearers.filter(({ trick }) => widest.includes(trick)))('keeps the chat with $trick in order', async ({ trick }) => {
    const actor = await open(`/c/${chats.get(trick)}?as=${person}`)
    const { page } = actor
    await page.locator('article').first().waitFor()
    do await expectUnharmed(actor, trick)
    while (await pageUp(page))
    await page.goto(`${at.huicun}/c/${groups.get(trick)}?as=${person}`)
    await page.locator('article').nth(2).waitFor()
    await expectUnharmed(actor, `group ${trick}`)
    await stage.leave(actor)
  })

  it('keeps what stands behind a name behind it', async () => {
    const actor = await open(`/c/${groups.get('bidi')}?as=${person}`)
    const { page } = actor
    await page.locator('article').first().waitFor()
    expect(await standsLast(page, '.chat-page h1', '(3)')).toBe(true)
    await page.goto(`${at.huicun}/c/${chats.get('bidi')}?as=${person}`)
    await page.locator('article').first().waitFor()
    const consent = page.locator('article').filter({ hasText: '同意存档会话内容' })
    while ((await consent.count()) === 0 && (await pageUp(page)));
    await consent.first().evaluate((one) => (one.id = 'consent'))
    expect(await standsLast(page, '#consent', '同意存档会话内容')).toBe(true)
    expectQuiet(actor)
  })

  it.each(screen === 'phone' ? widest : ['markup', 'endless'])('keeps details of %s in order', async (trick) => {
    const actor = await open(`/c/${groups.get(trick)}?as=${person}`)
    const { page } = actor
    await page.locator('article').first().waitFor()
    await expectUnharmedIn(actor, page.locator('article .face').first(), 'person')
    if (screen === 'phone') await expectUnharmedIn(actor, page.getByRole('button', { name: '会话详情' }), 'details')
    await page.goto(`${at.huicun}/c/${chats.get(trick)}?as=${person}`)
    await page.locator('article').first().waitFor()
    if (screen === 'phone') await expectUnharmedIn(actor, page.getByRole('button', { name: '会话详情' }), 'details')
    await page.locator('article .bubble').last().dispatchEvent('click')
    await page.getByRole('dialog').getByRole('button', { name: '查看原始内容' }).click()
    await page.getByRole('dialog').locator('pre').waitFor()
    await expectUnharmed(actor, 'raw message')
    await page.getByRole('dialog').getByRole('button', { name: '关闭' }).click()
    await page.getByRole('dialog').waitFor({ state: 'detached' })
    for (const [name, part] of Object.entries({ record: '.record', link: 'button.link' })) {
      while (!(await page.locator(part).count()) && (await pageUp(page)));
      await expectUnharmedIn(actor, page.locator(part).last(), name)
    }
    await page.getByRole('button', { name: '在会话中查找' }).click()
    await page.locator('.find').getByRole('searchbox').fill(payloads[trick]?.trim().slice(0, 50) ?? '')
    await page.locator('.find .status').filter({ hasText: /\d|没有/ }).waitFor()
    // What is looked for is not folded.
    expect((await harmIn(page)).filter((one) => !one.startsWith('tall: article'))).toEqual([])
    expectQuiet(actor)
    await stage.leave(actor)
  })

  it('folds what has no end, and unfolds it', async () => {
    const actor = await open(`/c/${chats.get('endless')}?as=${person}`)
    const { page } = actor
    const said = page.locator('article').last()
    await said.getByRole('button', { name: '展开' }).click()
    await said.getByRole('button', { name: '收起' }).waitFor()
    expect((await said.boundingBox())?.height).toBeGreaterThan(5000)
    await said.getByRole('button', { name: '收起' }).click()
    await said.getByRole('button', { name: '展开' }).waitFor()
    await expectUnharmed(actor, 'folded')
  })

  it('keeps alerts in order, from the push to the message', async () => {
    await expect.poll(async () => (await cards()).size).toBe(bearers.length)
    const actor = await open('/alerts')
    const { page } = actor
    await page.locator('.alert-row').nth(2).waitFor()
    await expectUnharmed(actor, 'alerts')
    const landings = await cards()
    for (const { trick } of bearers) {
      const url = new URL(landings.get(trick) ?? '')
      if (screen === 'phone') {
        await page.goto(url.href)
        await page.locator('article.flash').waitFor()
        await expectUnharmed(actor, `landing ${trick}`)
      }
      if (screen === 'desktop' || ['bidi', 'storm', 'endless'].includes(trick)) {
        await page.goto(`${at.huicun}/alerts/${url.searchParams.get('a')}`)
        await page.locator('.evidence').waitFor()
        await expectUnharmed(actor, `alert ${trick}`)
      }
    }
    expect(await violations(page)).toEqual([])
  })

  it('keeps the pages of admins in order', async () => {
    const actor = await open('/admin/rules')
    const { page } = actor
    const first = page.locator('.rule-row .open, .viewer-row, .push')
    for (const path of ['/admin/rules', '/admin/viewers', '/admin/pushes', '/admin/status']) {
      await page.goto(at.huicun + path)
      if (path === '/admin/status') await page.getByText('收到的消息全部有着落').waitFor()
      else await first.nth(3).waitFor()
      await expectUnharmed(actor, path)
    }
    await page.goto(`${at.huicun}/admin/rules`)
    await first.nth(3).click()
    await page.getByRole('textbox', { name: '敏感词' }).waitFor()
    await page.getByRole('checkbox').nth(3).waitFor()
    await expectUnharmed(actor, 'rule')
    await page.goto(`${at.huicun}/admin/viewers/new`)
    await page.getByRole('button', { name: '选择成员' }).click()
    await page.getByRole('dialog').getByRole('listitem').nth(5).waitFor()
    await expectUnharmed(actor, 'employees to choose from')
    await page.getByRole('dialog').getByRole('searchbox').fill('HOSTILE1')
    await page.getByRole('dialog').getByRole('listitem').last().getByRole('button').click({ force: true })
    await page.keyboard.press('Escape')
    await page.getByRole('button', { name: '部门' }).click()
    await page.getByRole('checkbox').nth(5).waitFor()
    await expectUnharmed(actor, 'departments to choose from')
  })
})

/** Addresses of the pushes on the admin's phone, by trick. */
async function cards(): Promise<Map<string, string>> {
  const found = new Map<string, string>()
  const { items } = await caller.call<{ items: Api['Violation'][] }>('GET', '/violations?limit=100')
  const messages = await sim.appMessages(admin)
  for (const violation of items) {
    const bearer = bearers.find((one) => violation.words.includes(wordOf(one)) && violation.sender.id === one.customer)
    const url = messages.map(({ content }) => content.url ?? '').find((one) => new URL(one).searchParams.get('a') === violation.id)
    if (bearer && url) found.set(bearer.trick, url)
  }
  return found
}

it('fits on the card of a push, and says who said it to whom', async () => {
  const messages = await sim.appMessages(admin)
  expect(messages.length).toBeGreaterThanOrEqual(bearers.length)
  for (const { content, msgtype } of messages) {
    expect(msgtype).toBe('textcard')
    expect(Buffer.byteLength(content.title ?? '')).toBeLessThanOrEqual(128)
    expect(Array.from(content.description ?? '').length).toBeLessThanOrEqual(512)
    expect(content.description).not.toMatch(/[\ufffd\p{Surrogate}\u202a-\u202e\u200b]|\p{M}{4}/u)
    expect(content.description?.replace(/<div class="(gray|normal|highlight)">|<\/div>|<br>/g, '')).not.toMatch(/[<>]/)
  }
  const actor = await stage.open('phone')
  await actor.page.goto(`${at.sim}/phone/${admin}`)
  await actor.page.locator('[id^=m]').nth(5).waitFor()
  const findings = await harmIn(actor.page)
  expect(findings.filter((one) => /^(carried out|handler|link|turns the line|wider)/.test(one))).toEqual([])
  expectQuiet(actor)
})
