// What a hit is tagged with: a violation, or a reminder that the viewer asked for;
// and what it shows beside its text.
import { expect, it } from 'vitest'
import type { Api } from '@/api/client'
import HitRow from '@/search/HitRow.vue'
import { show } from '../screen'
import { customer, messageAt } from '../chat/fixtures'

const mark = (id: string, own?: boolean): Api['MessageViolation'] => ({ id, severity: 'mid', rule_name: '再说', words: [], spans: [], private: own })

for (const [name, violations, want] of [
  ['nothing', [], []],
  ['a violation', [mark('1')], [['违规', true]]],
  ['a reminder', [mark('1', true)], [['提醒', false]]],
  ['both', [mark('1', true), mark('2')], [['违规', true], ['提醒', false]]],
] as [string, Api['MessageViolation'][], [string, boolean][]][]) {
  it(`of ${name}`, async () => {
    const message = messageAt(1, { violations })
    const conversation: Api['Conversation'] = { id: '1', kind: 'customer', title: 'c', messages: 9, violations: 0, peer: customer }
    await show(HitRow, { hit: { message, spans: [], conversation }, to: '/search', replace: false, chosen: false }, '/search')
    const tags = [...document.querySelectorAll('.hit-row .tag')]
    expect(tags.map((tag) => [tag.textContent, tag.classList.contains('bad')])).toEqual(want)
  })
}

const lines = () => [...document.querySelectorAll('.hit-row .also')].map((line) => [line.textContent, [...line.querySelectorAll('mark')].map((mark) => mark.textContent).join()])

for (const [name, text, also, want] of [
  ['a code and an address with a word', '', [['code', 'https://u.example/1', 10, 17], ['link', 'https://shop.example/7', 13, 20]], [['二维码 https://u.example/1', 'example'], ['网址 https://shop.example/7', 'example']]],
  ['the codes of a picture that has no text', '', [], [['二维码 https://u.example/1', '']]],
  ['an address that turns no direction', '', [['link', 'https://a.example/\u202Emoc', 10, 17]], [['网址 https://a.example/□moc', 'example']]],
  ['no codes beside a text', '扫我', [], []],
] as [string, string, ['code' | 'link', string, number, number][], [string, string][]][]) {
  it(`shows ${name}`, async () => {
    const message = messageAt(1, { text, msgtype: 'image', content: { kind: 'image', media: { state: 'ready', codes: ['https://u.example/1'] } } })
    const conversation: Api['Conversation'] = { id: '1', kind: 'customer', title: 'c', messages: 9, violations: 0, peer: customer }
    const beside = also.map(([kind, of, start, end]) => ({ kind, text: of, spans: [{ start, end }] }))
    await show(HitRow, { hit: { message, spans: [], also: beside, conversation }, to: '/search', replace: false, chosen: false }, '/search')
    expect(lines()).toEqual(want)
  })
}
