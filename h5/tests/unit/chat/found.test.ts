// What a search has found is marked wherever a message shows it, of whatever kind it is.
import { mount } from '@vue/test-utils'
import { describe, expect, it } from 'vitest'
import { defineComponent, h, ref } from 'vue'
import type { Api } from '@/api/client'
import { type ChatContext, type Marks, provideChat } from '@/chat/context'
import { Found } from '@/chat/find/found'
import { loadRare } from '@/chat/messages/registry'
import MessageRow from '@/chat/MessageRow'
import PartView from '@/chat/messages/PartView.vue'
import type { Message } from '@/chat/rows'
import { employee, messageAt } from './fixtures'

type Content = Api['Content']
const nothing = () => undefined
const contextOf = (marks: Marks): ChatContext => ({ right: ref(employee.id), group: ref(false), find: ref(''), marks: ref(marks), highlight: ref(true), flash: ref(''), openLink: nothing, openMessage: nothing, openRecord: nothing, openPerson: nothing, jump: nothing, keepFixed: (_, change) => change() })

const inChat = (marks: Marks, node: () => ReturnType<typeof h>) => mount(defineComponent(() => (provideChat(contextOf(marks)), node)))

/** A message of this content, and where word stands in its text. */
function hit(content: Content, text: string, word: string) {
  const message = messageAt(1, { msgtype: content.kind, content, text })
  const start = text.indexOf(word)
  return { message, places: [[message.id, [{ start, end: start + word.length }]]] as const }
}

async function marked(message: Message, marks: Marks): Promise<string[]> {
  await loadRare()
  const page = inChat(marks, () => h(MessageRow, { row: { message, separator: false, named: false } as never }))
  await expect.poll(() => page.find('.card, .bubble, .notice, .packet').exists()).toBe(true)
  return page.findAll('mark').map((one) => one.text())
}

const url = 'https://shop.example/x'
const kinds: [string, Content, string][] = [
  ['file', { kind: 'file', media: { state: 'ready', name: '橡木报价單.pdf' } }, '橡木报价單.pdf'],
  ['link, its title', { kind: 'link', links: [{ url, title: '橡木餐桌报价單' }] }, '橡木餐桌报价單'],
  ['link, its summary', { kind: 'link', links: [{ url, title: '餐桌', description: '按报价單下单' }] }, '餐桌\n按报价單下单'],
  ['mini program', { kind: 'weapp', links: [{ title: '报价單', source: '商城' }] }, '报价單'],
  ['card', { kind: 'card', card: { person: { id: 'wm1', kind: 'customer', name: '报价單' }, corp_name: '公司' } }, '报价單'],
  ['place', { kind: 'location', location: { title: '报价單大厦', address: '一路', latitude: 1, longitude: 2, zoom: 15 } }, '报价單大厦 一路'],
  ['forwarded record', { kind: 'chatrecord', record: { title: '聊天记录', items: [{ content: { kind: 'text', text: { body: '发我报价單' } } }] } }, '聊天记录\n发我报价單'],
  ['to-do', { kind: 'todo', fields: [{ key: 'title', value: '发报价單' }] }, '发报价單'],
  ['form', { kind: 'collect', fields: [{ key: 'title', value: '表' }, { key: 'question', value: '要报价單吗' }] }, '表\n要报价單吗'],
  ['red packet', { kind: 'redpacket', fields: [{ key: 'wish', value: '报价單顺利' }] }, '报价單顺利'],
  ['articles', { kind: 'news', links: [{ url, title: '一' }, { url, title: '报价單' }] }, '一\n报价單'],
  ['markdown', { kind: 'markdown', notice: '**待发** 报价單' }, '待发 报价單'],
  ['chain list', { kind: 'solitaire', notice: '报价單接龙' }, '报价單接龙'],
  ['parts', { kind: 'mixed', parts: [{ kind: 'text', text: { body: '见报价單' } }, { kind: 'link', links: [{ title: '无' }] }] }, '见报价單\n无'],
  ['a link among parts', { kind: 'mixed', parts: [{ kind: 'link', links: [{ url, title: '报价單' }] }] }, '报价單'],
  ['notice', { kind: 'notice', notice: '修改群名为报价單' }, '修改群名为报价單'],
  ['unknown', { kind: 'unsupported', notice: '报价單' }, '报价單'],
  ['quote', { kind: 'text', text: { body: '这份', quote: { author: '林', body: '报价單' } } }, '林：报价單\n这份'],
]

describe('a hit', () => {
  for (const [name, content, text] of kinds) {
    it(`is marked as it stands: ${name}`, async () => {
      const { message, places } = hit(content, text, '报价單')
      expect(await marked(message, new Found(places))).toEqual(['报价單'])
      expect(await marked(message, new Map())).toEqual([])
    })
  }

  it('is marked in its own message only', async () => {
    const { message, places } = hit(kinds[0]?.[1] as Content, '橡木报价單.pdf', '报价單')
    expect(await marked({ ...message, id: 'another' }, new Found(places))).toEqual([])
  })

  it('is marked by the words looked for in this chat, whatever their width and case', async () => {
    const file = messageAt(2, { content: { kind: 'file', media: { state: 'ready', name: 'ＰＤＦ 报价.pdf' } }, text: '' })
    expect(await marked(file, new Found([], 'pdf\n价'))).toEqual(['ＰＤＦ', '价', 'pdf'])
  })

  it('comes into view in the middle of a long name, and at the end of a long title', async () => {
    const name = '橡木餐桌含税二〇二六年第一季度华东区最终版报价單第三稿改得很多次的那一份.xlsx'
    const file = hit({ kind: 'file', media: { state: 'ready', name } }, name, '报价單')
    expect(await marked(file.message, new Found(file.places))).toEqual(['报价單'])
    const link = hit({ kind: 'link', links: [{ url, title: `${'很长的标题'.repeat(20)}报价單` }] }, `${'很长的标题'.repeat(20)}报价單`, '报价單')
    const page = inChat(new Found(link.places), () => h(MessageRow, { row: { message: link.message, separator: false, named: false } as never }))
    expect(page.get('.title').text()).toMatch(/^….{0,6}报价單/)
    expect(page.get('.title').text().length).toBeLessThan(22)
  })

  it('opens what is folded', async () => {
    const body = `${'一行\n'.repeat(60)}报价單`
    const { message, places } = hit({ kind: 'solitaire', notice: body }, body, '报价單')
    await loadRare()
    const page = inChat(new Found(places), () => h(MessageRow, { row: { message, separator: false, named: false } as never }))
    expect(page.find('.folded').exists()).toBe(false)
  })

  it('is marked within a forwarded record that is opened', () => {
    const { message, places } = hit({ kind: 'chatrecord', record: { title: '记录', items: [] } }, '记录\n第九条报价單', '报价單')
    const page = inChat(new Found(places), () => h(PartView, { content: { kind: 'text', text: { body: '第九条报价單' } }, message }))
    expect(page.get('mark').text()).toBe('报价單')
  })

  it('stays text', async () => {
    const text = '<img src=x onerror=alert(1)>报价單'
    const { message, places } = hit({ kind: 'link', links: [{ url, title: text }] }, text, '<img src=x onerror=alert(1)>报价單')
    expect(await marked(message, new Found(places))).toHaveLength(1)
  })
})
