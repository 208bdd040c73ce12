// A list that is left and come back to stands where it was left.
import { expect, it } from 'vitest'
import { defineComponent, h, KeepAlive, nextTick, ref } from 'vue'
import VirtualList from '@/ui/VirtualList.vue'
import { settle, show } from '../screen'

const names = Array.from({ length: 50 }, (_, i) => String(i))

async function listed() {
  const there = ref(true)
  let asked = 0
  const list = () =>
    h(
      VirtualList<string>,
      { items: names, itemKey: (name: string) => name, label: 'l', hasMore: true, loadingMore: false, onMore: () => void asked++ },
      { default: ({ item }: { item: string }) => h('button', item) },
    )
  await show(defineComponent(() => () => h(KeepAlive, () => (there.value ? list() : h('p')))))
  const scroller = document.querySelector<HTMLElement>('.virtual-list')
  if (!scroller) throw new Error('no list')
  let height = 5000
  Object.defineProperty(scroller, 'scrollHeight', { get: () => height })
  const to = (top: number) => {
    scroller.scrollTop = top
    scroller.dispatchEvent(new Event('scroll'))
  }
  const turn = async (on: boolean) => {
    there.value = on
    height = on ? 5000 : 0 // as a browser has it
    await nextTick()
    await settle()
  }
  return { scroller, to, turn, asked: () => asked }
}

it('forgets nothing by what the browser does to an element out of the page', async () => {
  const { scroller, to, turn, asked } = await listed()
  to(1500)
  await turn(false)
  expect(scroller.isConnected).toBe(false)
  to(0) // the late event of a browser
  expect(asked()).toBe(0)
  await turn(true)
  expect(scroller.isConnected).toBe(true)
  expect(scroller.scrollTop).toBe(1500)
})

it('knows where it stands at a tap, before any scroll was told', async () => {
  const { scroller, turn } = await listed()
  scroller.scrollTop = 1641
  scroller.querySelector('button')?.click()
  scroller.click()
  await turn(false)
  scroller.scrollTop = 0
  await turn(true)
  expect(scroller.scrollTop).toBe(1641)
})
