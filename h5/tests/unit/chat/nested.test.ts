// Parts of messages: smaller than what stands by itself, and records to any depth.
import { mount } from '@vue/test-utils'
import { defineComponent, h, ref } from 'vue'
import { beforeAll, describe, expect, it } from 'vitest'
import type { Api } from '@/api/client'
import { provideChat } from '@/chat/context'
import MessageContent from '@/chat/messages/MessageContent.vue'
import { loadRare } from '@/chat/messages/registry'
import RecordSheet from '@/chat/sheets/RecordSheet.vue'
import { button, settle, shown } from '../screen'
import { employee, messageAt } from './fixtures'

type Content = Api['Content']

const nothing = () => undefined

beforeAll(loadRare)

/** Mounts what draw gives, within a chat. */
function inChat(draw: () => ReturnType<typeof h>) {
  const Host = defineComponent({
    setup() {
      provideChat({ right: ref(employee.id), group: ref(false), find: ref(''), highlight: ref(true), flash: ref(''), openLink: nothing, openMessage: nothing, openRecord: nothing, openPerson: nothing, jump: nothing, keepFixed: (_, change) => change() })
      return draw
    },
  })
  return mount(Host, { attachTo: document.body })
}

const image: Content = { kind: 'image', media: { id: 'i1', state: 'pending', width: 3000, height: 3000 } }
const file: Content = { kind: 'file', media: { state: 'pending', name: '报价.pdf' } }
const widthOf = (content: Content) => {
  const style = inChat(() => h(MessageContent, { content, message: messageAt(1), own: false })).find('figure').attributes('style') ?? ''
  return Number(/width: (\d+)px/.exec(style)?.[1])
}

describe('a part of a message', () => {
  for (const kind of ['mixed', 'note'] as const) {
    it(`is smaller within a ${kind}`, () => {
      const alone = widthOf(image)
      expect(widthOf({ kind, parts: [image] })).toBe(Math.round(alone * 0.75))
      const page = inChat(() => h(MessageContent, { content: { kind, parts: [file] }, message: messageAt(1), own: false }))
      expect(page.find('.card').classes()).toContain('part')
    })
  }

  it('is as large as ever by itself', () => {
    const page = inChat(() => h(MessageContent, { content: file, message: messageAt(1), own: false }))
    expect(page.find('.card').classes()).not.toContain('part')
  })
})

/** A record in a record, depth times; the innermost says so. */
function nested(depth: number): Api['RecordContent'] {
  const content: Content = depth > 1 ? { kind: 'chatrecord', record: nested(depth - 1) } : { kind: 'text', text: { body: '最里面' } }
  return { title: `第 ${depth} 层`, items: [{ content }, { content: image }] }
}

describe('a record', () => {
  it('opens in a record as deep as the server gives it, and leads back', async () => {
    inChat(() => h(RecordSheet, { record: nested(8), open: true }))
    await settle()
    expect(document.querySelector('li .card')?.classList).toContain('part')
    for (let depth = 7; depth > 0; depth--) {
      document.querySelector<HTMLElement>('button.record')?.click()
      await settle()
      expect(shown()).toContain(`第 ${depth} 层`)
    }
    expect(shown()).toContain('最里面')
    expect(shown()).not.toContain('更深层的聊天记录')
    button('返回').click()
    await settle()
    expect(shown()).toContain('第 2 层')
  })
})
