// What is said where nothing was found, and where the focus of a picker is.
import { expect, it } from 'vitest'
import NothingFound from '@/search/NothingFound.vue'
import PickSheet from '@/search/PickSheet.vue'
import { emptySearch } from '@/search/query'
import { serve, show, shown } from '../screen'

for (const [q, says] of [
  ['报价', '可以换一个说法'],
  ['报价单', '可以换一个更短的词'],
  ['报价 OR 定金', '不支持 OR'],
  ['报价，定金', '逗号不分词'],
] as const) {
  it(`says of ${q}: ${says}`, async () => {
    await show(NothingFound, { search: { ...emptySearch(), q }, chips: [], more: false, busy: false }, '/search')
    expect(shown()).toContain(says)
    expect(shown().includes('更短')).toBe(says.includes('更短'))
  })
}

it('has the focus of a picker in its field, on a desktop', async () => {
  serve(() => ({ body: { items: [] } }))
  await show(PickSheet, { open: true, title: '选择发送人', groups: false }, '/search')
  expect(document.activeElement?.getAttribute('placeholder')).toBe('姓名、备注或拼音')
})
