import { flushPromises, mount, type VueWrapper } from '@vue/test-utils'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { defineComponent, ref } from 'vue'
import { live } from '@/app/live'
import { useChatLive } from '@/chat/useChatLive'
import { useConversation } from '@/chat/useConversation'
import { FakeSource } from '../app/fakeSource'
import { type Answer, serve } from '../screen'
import { messageAt } from './fixtures'

const gatherMs = 2000
const inView = ref(true)
let messages = 0
let broken = false
let page: VueWrapper

/** A chat that shows how many messages its conversation has. */
const Chat = defineComponent({
  setup() {
    const conversation = useConversation('7', ref(''), inView)
    const ignore = () => undefined
    useChatLive({ cid: '7', liveId: ref(''), loaded: () => true, receive: ignore, flagged: ignore, catchUp: ignore, changed: conversation.changed })
    return () => `${conversation.state.value} ${conversation.detail.value?.conversation.messages ?? ''}`
  },
})

function answer(): Answer {
  return broken ? { status: 500, code: 'internal' } : { body: { conversation: { id: '7', messages } } }
}

async function pass(ms: number): Promise<void> {
  vi.advanceTimersByTime(ms)
  for (let i = 0; i < 5; i++) await flushPromises()
}

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  vi.stubGlobal('EventSource', FakeSource)
  inView.value = true
  messages = 1
  broken = false
})
afterEach(() => {
  page.unmount()
  expect(live.state.value).toBe('off')
  vi.useRealTimers()
  vi.unstubAllGlobals()
})

async function open() {
  const calls = serve(answer)
  page = mount(Chat)
  await pass(0)
  expect(page.text()).toBe('done 1')
  return calls
}

describe('an open conversation', () => {
  it.each([
    ['message', { conversation_id: '7', message: messageAt(1) }],
    ['conversation', { conversation_id: '7', last: {} }],
    ['violation', { conversation_id: '7', violation_id: '1' }],
    ['reset', null],
  ])('is read again after %s', async (name, data) => {
    await open()
    messages = 2
    FakeSource.last.send(name, data)
    await pass(gatherMs)
    expect(page.text()).toBe('done 2')
  })

  it('is read once for what comes together', async () => {
    const calls = await open()
    for (let i = 0; i < 20; i++) {
      FakeSource.last.send('message', { conversation_id: '7', message: messageAt(i) })
      await pass(gatherMs / 20)
    }
    expect(calls).toHaveLength(2)
  })

  it('is left alone by what happens in others', async () => {
    const calls = await open()
    FakeSource.last.send('message', { conversation_id: '8', message: messageAt(1) })
    FakeSource.last.send('conversation', { conversation_id: '8', last: {} })
    FakeSource.last.send('violation', { conversation_id: '8', violation_id: '1' })
    await pass(gatherMs)
    expect(calls).toHaveLength(1)
  })

  it('waits until its details are in view', async () => {
    inView.value = false
    const calls = await open()
    messages = 2
    FakeSource.last.send('message', { conversation_id: '7', message: messageAt(1) })
    await pass(gatherMs)
    expect(calls).toHaveLength(1)
    inView.value = true
    await pass(0)
    expect(page.text()).toBe('done 2')
  })

  it('keeps what is shown when it cannot be read', async () => {
    const calls = await open()
    broken = true
    FakeSource.last.send('message', { conversation_id: '7', message: messageAt(1) })
    await pass(gatherMs)
    expect(calls.length).toBeGreaterThan(1)
    expect(page.text()).toBe('done 1')
  })
})
