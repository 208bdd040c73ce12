// Every type of message of the reference, as WeCom sends it, opens in its chat
// and is drawn as what it is.
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import words from '../../../src/i18n/zh-CN/messages'
import type { Api } from '../../../src/api/client'
import { Caller } from './api'
import { bothScreens, expectFine, Stage } from './stage'
import { admin } from './world'

const at = inject('kinds')
const examples = fileURLToPath(new URL('../../../../cmd/huicun/testdata/message-types.jsonl', import.meta.url))
let stage: Stage
let caller: Caller
/** Messages by conversation. */
const chats = new Map<string, Api['Message'][]>()

beforeAll(async () => {
  stage = await Stage.set(at)
  caller = await Caller.signIn(at, admin)
  for (const employee of ['linxiaoyu', 'zhoumingkai', 'heruoxi']) {
    for (const tab of ['customers', 'colleagues', 'groups']) {
      const { items } = await caller.call<{ items: Api['Conversation'][] }>('GET', `/employees/${employee}/conversations?tab=${tab}`)
      for (const { id } of items) {
        const page = await caller.call<Api['MessagePage']>('GET', `/conversations/${id}/messages?limit=100`)
        chats.set(id, page.items)
      }
    }
  }
})
afterAll(async () => {
  await caller.dispose()
  await stage.strike()
})

it('finds every message in some chat, of a kind that is known', () => {
  const lines = readFileSync(examples, 'utf8').trim().split('\n').map((line) => JSON.parse(line) as { action: string; msgtype?: string })
  // Somebody who changes to another company says nothing in any chat.
  const said = lines.filter((line) => line.action !== 'switch').map((line) => line.msgtype)
  const found = [...chats.values()].flat()
  expect(found.map((message) => message.msgtype).sort()).toEqual(said.sort())
  expect(found.filter((message) => message.content.kind === 'unsupported').map((message) => message.msgtype)).toEqual([])
})

describe.each(bothScreens)('%s', (screen) => {
  it('draws each as its kind', async () => {
    expect(chats.size).toBeGreaterThan(0)
    for (const [id, messages] of chats) {
      const actor = await stage.as(admin, screen, `/c/${id}`)
      const { page } = actor
      await page.locator(`article[data-id="${messages.at(-1)?.id}"]`).waitFor()
      for (const message of messages) {
        const row = page.locator(`article[data-id="${message.id}"]`)
        await row.scrollIntoViewIfNeeded()
        expect(await row.getAttribute('aria-label')).toContain(words[`kind.${message.content.kind}`])
        expect((await row.textContent())?.trim()).not.toBe('')
      }
      await expectFine(actor)
      await stage.leave(actor)
    }
  })

  it('opens the raw words of a forwarded record and the fields of a card', async () => {
    const record = [...chats.values()].flat().find((message) => message.content.kind === 'chatrecord')
    const actor = await stage.as(admin, screen, `/c/${record?.conversation_id}?m=${record?.id}`)
    await actor.page.locator(`article[data-id="${record?.id}"] .said button`).first().click()
    await actor.page.getByRole('dialog').waitFor()
    await expectFine(actor)
  })
})
