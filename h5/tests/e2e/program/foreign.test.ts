// Messages that nobody here wrote: stored byte for byte, shown as well as can be,
// never a broken page.
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import details from '../../../src/i18n/zh-CN/details'
import words from '../../../src/i18n/zh-CN/messages'
import type { Api } from '../../../src/api/client'
import { Caller } from './api'
import { customerOf, linesOf, reader, ways, writeForeign } from './foreign/lines'
import { harmIn } from './hostile/harm'
import { type Actor, bothScreens, expectFine, Stage } from './stage'
import { admin, World } from './world'

/** Folder for pictures to look at; none are taken without it. */
const pictures = process.env.HUICUN_FOREIGN_SHOTS
const names = Object.keys(ways)
let folder: string
let world: World
let stage: Stage
let caller: Caller
/** Conversations by the way in which their messages are wrong. */
const chats = new Map<string, Api['Conversation']>()
const messages = new Map<string, Api['Message'][]>()

/** Every row of a chat by the id of its message, as it is drawn while somebody scrolls up to the first. */
function rowsOf(page: Page): Promise<Record<string, { label: string; height: number; empty: string[] }>> {
  return page.evaluate(async () => {
    const view = document.querySelector('.runway')
    if (!view) throw new Error('no runway')
    const rows: Record<string, { label: string; height: number; empty: string[] }> = {}
    for (let before = -1; view.scrollTop !== before; ) {
      before = view.scrollTop
      for (const row of view.querySelectorAll<HTMLElement>('article[data-id]')) {
        const height = row.getBoundingClientRect().height
        const empty = [...row.querySelectorAll('.bubble, .card .content')].filter((one) => !one.textContent?.trim() && !one.querySelector('[aria-label]'))
        if (height > 0) rows[row.dataset.id ?? ''] = { label: row.getAttribute('aria-label') ?? '', height, empty: empty.map((one) => one.className) }
      }
      view.scrollBy(0, 60 - view.clientHeight)
      for (let i = 0; i < 3; i++) await new Promise((resolve) => requestAnimationFrame(resolve))
    }
    return rows
  })
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'huicun-e2e-foreign-'))
  world = await World.start('foreign', ['-load', writeForeign(folder)])
  stage = await Stage.set(world.addresses)
  caller = await Caller.signIn(world.addresses, admin)
  const path = `/employees/${reader.toLowerCase()}/conversations?tab=customers&limit=100`
  const { items } = await caller.call<{ items: Api['Conversation'][] }>('GET', path)
  for (const way of names) {
    const chat = items.find(({ peer }) => peer?.id === customerOf(way))
    if (!chat) continue
    chats.set(way, chat)
    messages.set(way, (await caller.call<Api['MessagePage']>('GET', `/conversations/${chat.id}/messages?limit=100`)).items)
  }
})
afterAll(async () => {
  await caller.dispose()
  await stage.strike()
  await world.stop()
  rmSync(folder, { recursive: true, force: true })
})

it.each(names)('are stored byte for byte: %s', async (way) => {
  const raw: string[] = []
  for (const { id } of messages.get(way) ?? []) {
    const answer = await caller.open(`/api/v1/messages/${id}/raw`)
    expect(answer.status()).toBe(200)
    raw.push((await answer.body()).toString('utf8'))
  }
  expect(raw.sort()).toEqual(linesOf(way).sort())
})

it('offers its bytes to nobody but admins', async () => {
  await caller.giveAccount('ZhouMingkai', [])
  const viewer = await Caller.signIn(world.addresses, 'ZhouMingkai')
  const { id } = messages.get('wrong')?.[0] ?? { id: '' }
  expect([403, 404]).toContain((await viewer.open(`/api/v1/messages/${id}/raw`)).status())
  await viewer.dispose()
})

/** Holds a finger on a message, or presses the right button of the mouse on it. */
async function hold({ page, screen }: Actor, id: string): Promise<void> {
  const row = page.locator(`article[data-id="${id}"]`)
  await row.scrollIntoViewIfNeeded()
  const said = row.locator('.said, .notice').first()
  if (screen === 'desktop') return said.click({ button: 'right' })
  const box = await said.boundingBox()
  if (!box) throw new Error(`message ${id} is not drawn`)
  const touch = await page.context().newCDPSession(page)
  const at = { x: box.x + box.width / 2, y: box.y + box.height / 2 }
  await touch.send('Input.dispatchTouchEvent', { type: 'touchStart', touchPoints: [at] })
  await page.getByRole('dialog').waitFor()
  await touch.send('Input.dispatchTouchEvent', { type: 'touchEnd', touchPoints: [] })
}

describe.each(bothScreens)('%s', (screen) => {
  it.each(names)('draws each row: %s', async (way) => {
    const chat = chats.get(way)
    const said = messages.get(way) ?? []
    expect(said.length).toBe(linesOf(way).length)
    const actor = await stage.as(admin, screen, `/c/${chat?.id}?as=${reader.toLowerCase()}`)
    const { page } = actor
    await page.locator(`article[data-id="${said.at(-1)?.id}"]`).waitFor()
    const drawn = await rowsOf(page)
    for (const message of said) {
      const row = drawn[message.id]
      expect(row?.label, message.msgtype).toContain(words[`kind.${message.content.kind}`])
      expect(row?.height, message.msgtype).toBeGreaterThan(20)
      expect(row?.empty, message.msgtype).toEqual([])
    }
    if (pictures) {
      mkdirSync(pictures, { recursive: true })
      await page.screenshot({ path: `${pictures}/${screen}-${way}.png` })
    }
    expect(await harmIn(page)).toEqual([])
    await expectFine(actor)
    await stage.leave(actor)
  })

  it.each(['image', 'text', 'card'])('shows the bytes of a message that is held: %s', async (type) => {
    const message = messages.get('unknown')?.find(({ msgtype }) => msgtype === type)
    const { id } = message ?? { id: '' }
    const actor = await stage.as(admin, screen, `/c/${message?.conversation_id}?m=${id}`)
    const { page } = actor
    await page.locator(`article[data-id="${id}"]`).waitFor()
    await hold(actor, id)
    const sheet = page.getByRole('dialog')
    await sheet.getByRole('button', { name: details['chat.raw'] }).click()
    const line = linesOf('unknown').find((one) => one.includes(`"msgtype":"${type}"`))
    await expect.poll(() => sheet.locator('pre').textContent()).toBe(line)
    await expectFine(actor)
    await stage.leave(actor)
  })
})
