// Links that the server refuses since too much was asked for.
import { mount } from '@vue/test-utils'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { defineComponent, h } from 'vue'
import type { Api } from '@/api/client'
import { useFresh } from '@/chat/viewer/useFresh'
import { toastText } from '@/ui/toast'

const media: Api['MediaContent'] = { id: 'f1', state: 'ready', url: '/a', thumb_url: '/t', links_until: '2999-01-01T00:00:00Z' }

/** A picture whose links lead nowhere; status and pause are what the server says of them. */
function picture(status: number, pause?: string) {
  vi.spyOn(globalThis, 'fetch').mockImplementation(async (input) => {
    if (input instanceof Request) return new Response(JSON.stringify({ message_id: 'm1', conversation_id: '1', media, pages: [] }), { headers: { 'Content-Type': 'application/json' } })
    return new Response('', { status, headers: pause ? { 'Retry-After': pause } : {} })
  })
  return mount(defineComponent({
    setup() {
      const { broken, renew } = useFresh(() => 'm1', () => media)
      return () => (broken.value ? h('p', '无法显示') : h('img', { src: '/t', onError: renew }))
    },
  }))
}

/** The browser could not have it. */
async function fail(page: ReturnType<typeof picture>): Promise<void> {
  const image = page.find('img')
  Object.defineProperty(image.element, 'currentSrc', { value: 'http://localhost/t', configurable: true })
  await image.trigger('error')
  await vi.dynamicImportSettled()
  await vi.advanceTimersByTimeAsync(0)
}

beforeEach(() => vi.useFakeTimers())
afterEach(() => vi.useRealTimers())

describe('a picture that is refused', () => {
  it('tells for how long, and is tried again after it', async () => {
    const page = picture(429, '7')
    await fail(page)
    expect(page.text()).toBe('无法显示')
    expect(toastText.value).toBe('打开文件过于频繁，请 7 秒后再试')
    await vi.advanceTimersByTimeAsync(6999)
    expect(page.find('img').exists()).toBe(false)
    await vi.advanceTimersByTimeAsync(1)
    expect(page.find('img').exists()).toBe(true)
  })

  it('for another reason says nothing, and stays as it is', async () => {
    await vi.advanceTimersByTimeAsync(9999)
    const page = picture(404)
    await fail(page)
    expect(page.text()).toBe('无法显示')
    expect(toastText.value).toBe('')
    await vi.advanceTimersByTimeAsync(600_000)
    expect(page.find('img').exists()).toBe(false)
  })
})
