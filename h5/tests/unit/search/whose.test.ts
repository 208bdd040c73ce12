// Two employees may know a customer of one name: a chat says whose it is.
import { expect, it } from 'vitest'
import type { Api } from '@/api/client'
import ConversationRow from '@/search/ConversationRow.vue'
import RunHead from '@/search/RunHead.vue'
import { customer, employee } from '../chat/fixtures'
import { show } from '../screen'

const direct: Api['Conversation'] = { id: '1', kind: 'customer', title: customer.name, peer: customer, employee, messages: 9, violations: 0 }
const group: Api['Conversation'] = { id: '2', kind: 'group', title: '门店群', member_count: 3, messages: 9, violations: 0 }
const shown = () => document.querySelector('.with')?.textContent?.trim()

for (const [name, conversation, head, row] of [
  ['of an employee', direct, `· ${employee.name}`, `· ${employee.name}`],
  ['of a group', group, '(3)', undefined],
] as const) {
  it(`${name}, over its hits`, async () => {
    await show(RunHead, { conversation, alone: false }, '/search')
    expect(shown()).toBe(head)
  })
  it(`${name}, in the list of chats`, async () => {
    await show(ConversationRow, { found: { conversation, hits: 2, newest: '2026-11-20T08:00:00Z' } }, '/search')
    expect(shown()).toBe(row)
  })
}
