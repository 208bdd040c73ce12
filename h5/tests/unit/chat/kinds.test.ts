// Every kind of content is drawn, says something, and never as markup.
import { mount } from '@vue/test-utils'
import { beforeAll, describe, expect, it } from 'vitest'
import { defineComponent, h, ref } from 'vue'
import type { Api } from '@/api/client'
import { type ChatContext, provideChat } from '@/chat/context'
import MessageRow from '@/chat/MessageRow'
import { componentOf, loadRare, registry } from '@/chat/messages/registry'
import Unknown from '@/chat/messages/Unknown.vue'
import { type Message, toRow } from '@/chat/rows'
import { customer, employee, messageAt } from './fixtures'

type Content = Api['Content']

const media = (more: Partial<Api['MediaContent']> = {}): Api['MediaContent'] => ({ state: 'pending', ...more })
const fields = (...pairs: [string, string][]) => pairs.map(([key, value]) => ({ key, value }))

/** One content of each kind, and what has to be read in it. */
const samples: Record<Content['kind'], [Content, string[]]> = {
  text: [{ kind: 'text', text: { body: '可以吗', quote: { author: '林晓雨', body: '周六送货' } } }, ['可以吗', '林晓雨：周六送货']],
  image: [{ kind: 'image', media: media({ size_bytes: 184320 }) }, ['图片 · 180 KB', '原始文件尚未取回']],
  video: [{ kind: 'video', media: media({ size_bytes: 8841256, duration_seconds: 36 }) }, ['视频 · 8.4 MB', '0:36']],
  emotion: [{ kind: 'emotion', media: media({ width: 240, height: 240 }) }, ['表情']],
  voice: [{ kind: 'voice', media: media({ duration_seconds: 8 }) }, ['8″', '原始文件尚未取回']],
  file: [{ kind: 'file', media: media({ name: '报价单.xlsx', ext: 'xlsx', size_bytes: 28914 }) }, ['报价单.xlsx', '28 KB', 'XLSX']],
  doc_share: [{ kind: 'doc_share', media: media({ name: '橡木.pptx' }) }, ['橡木.pptx', 'PPTX', '通话共享文件']],
  link: [{ kind: 'link', links: [{ title: '保养指南', url: 'https://xn--fsqu00a.xn--0zwm56d/x' }] }, ['保养指南', '例子.测试']],
  doc: [{ kind: 'doc', links: [{ title: '排班表', url: 'https://doc.example.com/1' }] }, ['排班表', 'doc.example.com']],
  drive_file: [{ kind: 'drive_file', links: [{ title: '合集.zip', url: '' }] }, ['合集.zip', '微盘文件']],
  weapp: [{ kind: 'weapp', links: [{ title: '选材清单', source: '星河商城' }] }, ['选材清单', '小程序 · 星河商城']],
  news: [{ kind: 'news', links: [{ title: '新品', description: '首批' }] }, ['新品', '首批']],
  card: [{ kind: 'card', card: { person: employee, corp_name: '星河家居' } }, ['林晓雨', '星河家居', '个人名片']],
  location: [{ kind: 'location', location: { title: '云栖小区', address: '样板路88号', latitude: 30.2, longitude: 120.1 } }, ['云栖小区', '样板路88号', '30.2,120.1']],
  chatrecord: [{ kind: 'chatrecord', record: { title: '聊天记录', items: [{ content: { kind: 'text', text: { body: '原木风' } } }] } }, ['聊天记录', '原木风', '共 1 条']],
  mixed: [{ kind: 'mixed', parts: [{ kind: 'text', text: { body: '实拍' } }, { kind: 'image', media: media() }] }, ['实拍', '图片']],
  note: [{ kind: 'note', parts: [{ kind: 'text', text: { body: '客厅 4.2 米' } }] }, ['笔记', '客厅 4.2 米']],
  todo: [{ kind: 'todo', fields: fields(['title', '来自林晓雨'], ['content', '致电客户']) }, ['来自林晓雨', '内容', '致电客户']],
  vote: [{ kind: 'vote', fields: fields(['title', '几点'], ['option', '九点'], ['option', '两点'], ['vote_type', '101']) }, ['几点', '九点', '两点', '发起投票']],
  collect: [{ kind: 'collect', fields: fields(['title', '值班'], ['question', '姓名']) }, ['值班', '姓名', '收集表']],
  redpacket: [{ kind: 'redpacket', fields: fields(['wish', '新年快乐'], ['packet_type', '2'], ['count', '2'], ['amount_fen', '2000']) }, ['新年快乐', '2 个，共 ¥20.00', '拼手气红包']],
  meeting: [{ kind: 'meeting', fields: fields(['topic', '例会'], ['place', '三号会议室'], ['meeting_id', '6072773153468854123']) }, ['例会', '三号会议室']],
  calendar: [{ kind: 'calendar', fields: fields(['title', '拍摄'], ['attendee', '林晓雨'], ['attendee', '何若溪']) }, ['拍摄', '林晓雨、何若溪']],
  call: [{ kind: 'call', fields: fields(['call_type', '2'], ['duration_seconds', '94']) }, ['语音通话', '1:34']],
  channel: [{ kind: 'channel', fields: fields(['channel', '星河家居'], ['feed_type', '4']) }, ['星河家居', '视频']],
  markdown: [{ kind: 'markdown', notice: '**待跟进**\n> <font color="warning">2 单</font>' }, ['待跟进', '2 单']],
  solitaire: [{ kind: 'solitaire', notice: '#接龙\n1. 林晓雨' }, ['#接龙', '接龙']],
  revoke: [{ kind: 'revoke', revoke: { message_id: 'm00001' } }, ['"陈先生" 撤回了一条消息', '查看原消息']],
  consent: [{ kind: 'consent', consent: { agreed: false, person: customer } }, ['陈先生 不同意存档会话内容']],
  notice: [{ kind: 'notice', notice: '会议已结束' }, ['会议已结束']],
  switch: [{ kind: 'switch' }, ['切换企业']],
  unsupported: [
    { kind: 'unsupported', notice: '还没有人见过', parts: [{ kind: 'file', media: { name: '立体图.glb', state: 'pending' } }] },
    ['不支持的消息类型', 'hologram', '还没有人见过', '立体图.glb'],
  ],
}

function context(more: Partial<ChatContext> = {}): ChatContext {
  const nothing = () => undefined
  return {
    right: ref(employee.id),
    group: ref(true),
    find: ref(''),
    highlight: ref(true),
    flash: ref(''),
    openLink: nothing,
    openMessage: nothing,
    openRecord: nothing,
    openPerson: nothing,
    jump: nothing,
    keepFixed: (_, change) => change(),
    ...more,
  }
}

function show(message: Message, chat = context()) {
  const Host = defineComponent({
    setup() {
      provideChat(chat)
      return () => h(MessageRow, { row: toRow(message) })
    },
  })
  return mount(Host)
}

beforeAll(loadRare)

describe('each kind', () => {
  for (const [kind, [content, words]] of Object.entries(samples)) {
    it(kind, () => {
      const page = show(messageAt(1, { content, msgtype: kind === 'unsupported' ? 'hologram' : kind }))
      for (const word of words) expect(page.text()).toContain(word)
      expect(page.find('article').attributes('aria-label')).toContain('陈先生')
    })
  }

  it.each([
    { kind: 'mixed' },
    { kind: 'mixed', parts: [] },
    { kind: 'note' },
    { kind: 'solitaire' },
    { kind: 'solitaire', notice: ' \n' },
    { kind: 'markdown' },
    { kind: 'news' },
    { kind: 'news', links: [] },
    { kind: 'card' },
    { kind: 'chatrecord' },
  ] as Content[])('says that nothing is in it: %j', (content) => {
    expect(show(messageAt(1, { content, msgtype: content.kind })).text()).toContain('（无内容）')
  })

  it.each([
    [{ kind: 'mixed', parts: [{ kind: 'text', text: { body: ' ' } }] }, '（无文字）'],
    [{ kind: 'mixed', parts: [{ kind: 'text' }] }, '（无文字）'],
    [{ kind: 'news', links: [{ title: '', url: 'https://a.cn/x' }] }, '图文'],
    [{ kind: 'card', card: { person: { ...employee, id: '', name: '' } } }, '个人名片'],
  ] as unknown as [Content, string][])('has words for a part without any: %j', (content, words) => {
    const page = show(messageAt(1, { content, msgtype: content.kind }))
    expect(page.find('.content, .parts').text()).toContain(words)
    for (const one of page.findAll('button:not([aria-label])')) expect(one.text()).not.toBe('')
  })

  it.each([
    [{ title: '云栖小区', latitude: 0, longitude: 0 }, false],
    [{ title: '赤道上', latitude: 0, longitude: 120.1 }, true],
  ])('offers coordinates where there are any: %j', (location, offered) => {
    const page = show(messageAt(1, { content: { kind: 'location', location }, msgtype: 'location' }))
    expect(page.find('[aria-label="复制坐标"]').exists()).toBe(offered)
  })

  it('has a component of its own, or is unknown', () => {
    expect(Object.keys(registry).sort()).toEqual(Object.keys(samples).sort())
    expect(componentOf('kind of tomorrow')).toBe(Unknown)
    expect(componentOf('constructor')).toBe(Unknown)
  })
})

describe('a row', () => {
  const evil = '<img src=x onerror=alert(1)>'

  it('draws text as text', () => {
    const page = show(messageAt(1, { content: { kind: 'text', text: { body: evil } }, sender: { ...customer, name: evil } }))
    expect(page.find('img').exists()).toBe(false)
    expect(page.text()).toContain(evil)
  })

  it.each(['', ' ', '\n\n \u3000\n\u00a0\n'])('says in one line that a text of %j has nothing to read', (body) => {
    const page = show(messageAt(1, { content: { kind: 'text', text: { body } }, text: body }))
    expect(page.find('.bubble').text()).toBe('（无文字）')
    expect(page.find('.prose').exists()).toBe(false)
    expect(page.find('article').attributes('aria-label')).toMatch(/文本\]/)
  })

  it.each([
    ['file', { kind: 'file', media: media({ name: '报价.xlsx' }) }, 'XLSX', 'xls'],
    ['drive_file', { kind: 'drive_file', links: [{ title: '安装视频合集.zip', url: '' }] }, 'ZIP', 'zip'],
    ['drive_file', { kind: 'drive_file', links: [{ title: '方案.Pages', url: '' }] }, 'PAGE', 'doc'],
    ['drive_file', { kind: 'drive_file', links: [{ title: '没有后缀', url: '' }] }, '', 'other'],
  ] as const)('draws a %s by its ending: %j', (_, content, ext, family) => {
    const tile = show(messageAt(1, { content: content as unknown as Content })).find('.tile')
    expect(tile.text()).toBe(ext)
    expect(tile.classes()).toContain(family)
  })

  it('stands on the right for the one who is watched', () => {
    expect(show(messageAt(3)).find('.line').classes()).toContain('own')
    expect(show(messageAt(1)).find('.line').classes()).not.toContain('own')
  })

  it('keeps a revoked message readable, dimmed and marked', () => {
    const revoked = { by: customer, at: '2026-01-01T05:00:00Z', message_id: 'm2' }
    const page = show(messageAt(1, { revoked }))
    expect(page.text()).toContain('第 1 条')
    expect(page.text()).toContain('已撤回')
    expect(page.find('.said').classes()).toContain('revoked')
  })

  it('marks rule hits unless they are switched off', () => {
    const violations = [{ id: 'v', severity: 'high' as const, rule_name: '私下收款', words: ['1'], spans: [{ start: 2, end: 3 }] }]
    const message = messageAt(1, { violations })
    expect(show(message).find('mark').text()).toBe('1')
    const off = show(message, context({ highlight: ref(false) }))
    expect(off.find('mark').exists()).toBe(false)
    expect(off.text()).not.toContain('私下收款')
  })

  it('does not colour a reminder of one\'s own like a violation', () => {
    const mark = { severity: 'mid' as const, words: [], spans: [] }
    const tags = show(messageAt(1, { violations: [{ ...mark, id: '1', rule_name: '私下收款' }, { ...mark, id: '2', rule_name: '再说', private: true }] })).findAll('.tag')
    expect(tags.map((tag) => [tag.text(), tag.classes('bad')])).toEqual([['私下收款', true], ['再说', false]])
  })

  it('asks before a link is opened, and never follows it by itself', async () => {
    const opened: string[] = []
    const chat = context({ openLink: (url) => void opened.push(url) })
    const page = show(messageAt(1, { content: { kind: 'text', text: { body: 'https://example.com/a' } } }), chat)
    const link = page.find('a')
    expect(link.attributes('rel')).toBe('noopener noreferrer nofollow')
    await link.trigger('click')
    expect(opened).toEqual(['https://example.com/a'])
  })

  it('folds long text and unfolds it', async () => {
    const body = Array.from({ length: 40 }, (_, i) => `第 ${i} 行`).join('\n')
    const page = show(messageAt(1, { content: { kind: 'text', text: { body } } }))
    expect(page.find('.folded').exists()).toBe(true)
    await page.find('.fold').trigger('click')
    expect(page.find('.folded').exists()).toBe(false)
  })

  it('shows that a name tries to turn the line around', () => {
    const page = show(messageAt(1, { sender: { ...customer, name: '客服\u202eexe' } }))
    expect(page.text()).toContain('客服□exe')
  })
})
