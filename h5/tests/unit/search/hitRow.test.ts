// What a hit is tagged with: a violation, or a reminder that the viewer asked for.
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
    await show(HitRow, { hit: { message, spans: [], code_hit: false, conversation }, to: '/search', replace: false, chosen: false }, '/search')
    const tags = [...document.querySelectorAll('.hit-row .tag')]
    expect(tags.map((tag) => [tag.textContent, tag.classList.contains('bad')])).toEqual(want)
  })
}
