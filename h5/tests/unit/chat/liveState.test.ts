import { mount } from '@vue/test-utils'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { nextTick } from 'vue'
import { live } from '@/app/live'
import LiveState from '@/chat/LiveState.vue'
import { FakeSource } from '../app/fakeSource'

let off: () => void

beforeEach(() => {
  vi.stubGlobal('EventSource', FakeSource)
  off = live.on('message', () => undefined)
  FakeSource.last.onopen?.()
})
afterEach(() => {
  window.dispatchEvent(new Event('online'))
  off()
  vi.unstubAllGlobals()
})

it('says that updates stopped while the device has no network', async () => {
  const line = mount(LiveState)
  expect(line.text()).toBe('实时更新中')
  window.dispatchEvent(new Event('offline'))
  await nextTick()
  expect(line.text()).toBe('连接中断，正在重连')
  expect(line.find('.retrying').exists()).toBe(true)
  window.dispatchEvent(new Event('online'))
  await nextTick()
  expect(line.text()).toBe('实时更新中')
})

it('says nothing while nobody listens, network or not', async () => {
  off()
  const line = mount(LiveState)
  window.dispatchEvent(new Event('offline'))
  await nextTick()
  expect(line.text()).toBe('')
  expect(line.find('.dot').exists()).toBe(false)
})
