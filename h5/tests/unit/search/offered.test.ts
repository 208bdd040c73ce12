// Who means a person and presses Enter is offered that person.
import { expect, it } from 'vitest'
import OfferedNames from '@/search/OfferedNames.vue'
import { customer, employee } from '../chat/fixtures'
import { button, serve, settle, show, shown } from '../screen'

const group = { id: '7', kind: 'group', title: '晓雨家装群', messages: 9, violations: 0 }
const answer = () =>
  serve(() => ({
    body: {
      items: [
        { kind: 'employee', matched: 'name', person: employee },
        { kind: 'customer', matched: 'name', person: customer },
        { kind: 'group', matched: 'name', conversation: group },
      ],
    },
  }))

it('offers people and groups of that name, and searches them instead', async () => {
  const calls = answer()
  const { page } = await show(OfferedNames, { q: '晓雨' }, '/search')
  expect(calls.map((call) => call.query.get('q'))).toEqual(['晓雨'])
  button('员工林晓雨').click()
  button('群聊晓雨家装群').click()
  await settle()
  expect(page.emitted('pick')).toEqual([
    [{ field: 'person', person: employee }, ''],
    [{ field: 'conversation', conversation: group }, ''],
  ])
})

for (const q of ['报价 晓雨', '"晓雨"', '-晓雨', '', '字'.repeat(51)]) {
  it(`asks for nobody called ${q}`, async () => {
    const calls = answer()
    await show(OfferedNames, { q }, '/search')
    expect(calls).toEqual([])
    expect(shown()).toBe('')
  })
}
