import type { InfiniteData } from '@tanstack/vue-query'
import { describe, expect, it } from 'vitest'
import type { Api } from '@/api/client'
import { readFilter, writeFilter } from '@/features/people/filter'
import { departmentTree, type DepartmentNode } from '@/features/people/tree'
import { withLast } from '@/features/people/useLiveConversations'
import { customer } from '../chat/fixtures'

const department = (id: string, parent_id: string): Api['Department'] => ({ id, parent_id, name: id, employees: 1 })
const shape = (nodes: DepartmentNode[]): unknown => nodes.map((node) => [node.department.id, shape(node.children)])

describe('departmentTree', () => {
  for (const [name, departments, want] of [
    ['nothing', [], []],
    ['nested, in the order given', [department('1', ''), department('3', '1'), department('2', '1'), department('4', '3')], [['1', [['3', [['4', []]]], ['2', []]]]]],
    ['a parent that is not there', [department('9', '7')], [['9', []]]],
    ['a circle hides nobody', [department('1', '2'), department('2', '1')], [['1', []], ['2', []]]],
  ] as const) {
    it(name, () => expect(shape(departmentTree(departments))).toEqual(want))
  }
})

describe('the filter in the address', () => {
  it('comes back as it was', () => {
    const filter = { q: '王', department: '3', state: 'left' as const }
    expect(readFilter(writeFilter(filter))).toEqual(filter)
  })

  it('leaves out what is not set, and ignores what it does not know', () => {
    expect(writeFilter({ q: '', department: '', state: 'all' })).toEqual({})
    expect(readFilter({ state: 'everything', q: ['a', 'b'] })).toEqual({ q: '', department: '', state: 'all' })
  })
})

describe('withLast', () => {
  const last = (id: string, minute: number): Api['LastMessage'] => ({
    id,
    sent_at: new Date(Date.UTC(2026, 0, 1, 4, minute)).toISOString(),
    msgtype: 'text',
    text: id,
    sender: customer,
  })
  const conversation = (id: string, minute: number): Api['Conversation'] => ({
    id,
    kind: 'customer',
    title: id,
    messages: 5,
    violations: 0,
    last: last(`m${id}`, minute),
  })
  const counts = { customers: 3, colleagues: 0, groups: 0 }
  const data: InfiniteData<Api['ConversationPage'], string> = {
    pageParams: ['', 'next'],
    pages: [
      { items: [conversation('a', 30), conversation('b', 20)], counts, next: 'next' },
      { items: [conversation('c', 10)], counts },
    ],
  }
  const ids = (of: typeof data) => of.pages.map((page) => page.items.map((one) => one.id))

  it('moves the conversation to the top and keeps the pages long as they were', () => {
    const moved = withLast(data, { conversation_id: 'c', last: last('new', 40) })
    expect(ids(moved)).toEqual([['c', 'a'], ['b']])
    expect(moved.pages[0]?.items[0]).toMatchObject({ messages: 6, last: { id: 'new' } })
  })

  it('counts a message once', () => {
    const again = withLast(data, { conversation_id: 'a', last: last('ma', 30) })
    expect(again.pages[0]?.items[0]?.messages).toBe(5)
  })

  it('answers the same data for a conversation it does not hold, and for older news', () => {
    expect(withLast(data, { conversation_id: 'x', last: last('new', 40) })).toBe(data)
    expect(withLast(data, { conversation_id: 'a', last: last('old', 5) })).toBe(data)
  })
})
