// A list that is left and come back to stands where it was left.
import { expect, it } from 'vitest'
import { defineComponent, h, KeepAlive, nextTick, ref } from 'vue'
import VirtualList from '@/ui/VirtualList.vue'
import { settle, show } from '../screen'

const numbers = (n: number) => Array.from({ length: n }, (_, i) => String(i))

async function listed() {
  const there = ref(true)
  const names = ref(numbers(50))
  let asked = 0
  const list = () =>
    h(
      VirtualList<string>,
      { items: names.value, itemKey: (name: string) => name, label: 'l', hasMore: true, loadingMore: false, onMore: () => void asked++ },
      { default: ({ item }: { item: string }) => h('button', item) },
    )
  const Pane = defineComponent(() => list) // goes on hearing of its items while it is away
  await show(defineComponent(() => () => h(KeepAlive, () => (there.value ? h(Pane) : h('p')))))
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
  const grow = async (by: number, px: number, where: 'above' | 'below' = 'below') => {
    height += px
    const { value } = names
    if (where === 'above') names.value = [...numbers(by).map((name) => `new ${name}`), ...value]
    else names.value = by < 0 ? value.slice(0, by) : [...value, ...numbers(by).map((name) => `${value.length} ${name}`)]
    await nextTick()
    await settle()
  }
  return { scroller, to, turn, grow, asked: () => asked }
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

it('asks on for who is still near the end when a page has come', async () => {
  const { to, turn, grow, asked } = await listed()
  await grow(10, 0) // a list that nobody scrolled fills no further
  expect(asked()).toBe(0)
  to(4800)
  expect(asked()).toBe(1)
  await grow(10, 100)
  expect(asked()).toBe(2)
  await grow(-5, 0) // a shorter list
  expect(asked()).toBe(2)
  await grow(5, 0, 'above') // what came live
  expect(asked()).toBe(2)
  await turn(false)
  await grow(10, 0)
  expect(asked()).toBe(2)
  await turn(true)
  await grow(10, 3000) // so many that the end is far
  expect(asked()).toBe(2)
})
