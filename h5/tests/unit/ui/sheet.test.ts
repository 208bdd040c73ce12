// A sheet: named, keeps the focus, closes in every way that people know, and
// leaves nothing behind.
import { mount } from '@vue/test-utils'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { defineComponent, h, nextTick, ref } from 'vue'
import Sheet from '@/ui/Sheet.vue'
import * as motion from '@/ui/motion'

const open = ref(false)
const Host = defineComponent({
  setup: () => () => [
    h('button', { id: 'opener' }, 'open'),
    h(Sheet, { title: '详情', open: open.value, 'onUpdate:open': (now: boolean) => (open.value = now) }, { default: () => h('button', { id: 'inside' }, 'x') }),
  ],
})

const dialog = () => document.querySelector<HTMLElement>('[role=dialog]')

async function opened() {
  open.value = false
  const page = mount(Host, { attachTo: document.body })
  page.get<HTMLButtonElement>('#opener').element.focus()
  open.value = true
  await nextTick()
  await nextTick()
  return page
}

function press(key: string, more: KeyboardEventInit = {}): void {
  document.activeElement?.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true, ...more }))
}

beforeEach(() => void vi.spyOn(motion, 'reducedMotion').mockReturnValue(true))
afterEach(async () => {
  open.value = false
  await nextTick()
})

describe('Sheet', () => {
  it('is a dialog named by its title, and takes the focus', async () => {
    const page = await opened()
    expect(document.getElementById(dialog()?.getAttribute('aria-labelledby') ?? '')?.textContent).toBe('详情')
    expect(document.activeElement).toBe(dialog())
    expect(document.querySelector('.scrim')?.getAttribute('aria-label')).toBe('关闭')
    page.unmount()
  })

  it('keeps Tab inside', async () => {
    const page = await opened()
    press('Tab')
    expect(document.activeElement?.getAttribute('aria-label')).toBe('关闭')
    press('Tab', { shiftKey: true })
    expect(document.activeElement?.id).toBe('inside')
    press('Tab')
    expect(document.activeElement?.getAttribute('aria-label')).toBe('关闭')
    page.unmount()
  })

  for (const [way, close] of [
    ['Escape', () => press('Escape')],
    ['the scrim', () => document.querySelector<HTMLElement>('.scrim')?.click()],
    ['its button', () => dialog()?.querySelector<HTMLElement>('header button')?.click()],
  ] as const) {
    it(`closes by ${way} and gives the focus back`, async () => {
      const page = await opened()
      close()
      await nextTick()
      await nextTick()
      expect(dialog()).toBeNull()
      expect(document.activeElement?.id).toBe('opener')
      page.unmount()
    })
  }

  it('pushes one history entry and takes it away again', async () => {
    const push = vi.spyOn(history, 'pushState')
    const back = vi.spyOn(history, 'back').mockImplementation(() => undefined)
    const page = await opened()
    expect(push).toHaveBeenCalledTimes(1)
    open.value = false
    await nextTick()
    expect(back).toHaveBeenCalledTimes(1)
    page.unmount()
  })

  it('waits for its way out where things may move, and may be opened again meanwhile', async () => {
    const animations: { onfinish?: () => void; cancelled: boolean }[] = []
    const animate = vi.fn(() => {
      const one = { cancelled: false, cancel: () => void (one.cancelled = true) }
      animations.push(one)
      return one as unknown as Animation
    })
    vi.spyOn(HTMLElement.prototype, 'animate').mockImplementation(animate)
    vi.spyOn(motion, 'reducedMotion').mockReturnValue(false)
    const page = await opened()
    open.value = false
    await nextTick()
    expect(dialog()).not.toBeNull()
    open.value = true
    await nextTick()
    expect(animations[0]?.cancelled).toBe(true)
    open.value = false
    await nextTick()
    animations[1]?.onfinish?.()
    await nextTick()
    expect(dialog()).toBeNull()
    page.unmount()
  })

  it('is gone with its page', async () => {
    const page = await opened()
    page.unmount()
    expect(dialog()).toBeNull()
    expect(document.querySelector('.scrim')).toBeNull()
  })
})
