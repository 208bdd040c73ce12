import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { LiveStream } from '@/app/live'
import { messageAt } from '../chat/fixtures'
import { FakeSource } from './fakeSource'

const event = { conversation_id: '7', message: messageAt(1) }
const query = (source: FakeSource) => Object.fromEntries(new URL(source.url, 'http://x').searchParams)

beforeEach(() => {
  vi.useFakeTimers()
  vi.stubGlobal('EventSource', FakeSource)
  FakeSource.all = []
})
afterEach(() => {
  vi.useRealTimers()
  vi.unstubAllGlobals()
})

describe('LiveStream', () => {
  it('connects when somebody listens, and ends when nobody does', () => {
    const stream = new LiveStream()
    expect(FakeSource.all).toHaveLength(0)
    const off = stream.on('message', () => undefined)
    expect(stream.state.value).toBe('connecting')
    FakeSource.last.onopen?.()
    expect(stream.state.value).toBe('open')
    off()
    expect(FakeSource.last.closed).toBe(true)
    expect(stream.state.value).toBe('off')
  })

  it('hands events to those who listen for their name', () => {
    const stream = new LiveStream()
    const got = vi.fn()
    const other = vi.fn()
    stream.on('message', got)
    stream.on('violation', other)
    FakeSource.last.send('message', event, '4.2')
    expect(got).toHaveBeenCalledExactlyOnceWith(event, '4.2')
    expect(other).not.toHaveBeenCalled()
  })

  it('follows a conversation from where its window was loaded', () => {
    const stream = new LiveStream()
    stream.on('message', () => undefined)
    stream.follow('7', '41.0')
    expect(query(FakeSource.last)).toEqual({ conversation: '7', last_event_id: '41.0' })
    expect(FakeSource.all[0]?.closed).toBe(true)
  })

  it('resumes behind the last event, waiting longer each time', () => {
    const stream = new LiveStream()
    stream.on('message', () => undefined)
    FakeSource.last.onopen?.()
    FakeSource.last.send('message', event, '9.1')
    FakeSource.last.onerror?.()
    expect(stream.state.value).toBe('retrying')
    vi.advanceTimersByTime(999)
    expect(FakeSource.all).toHaveLength(1)
    vi.advanceTimersByTime(1)
    expect(query(FakeSource.last)).toEqual({ last_event_id: '9.1' })
    FakeSource.last.onerror?.()
    vi.advanceTimersByTime(1999)
    expect(FakeSource.all).toHaveLength(2)
    vi.advanceTimersByTime(1)
    expect(FakeSource.all).toHaveLength(3)
  })

  it('waits half a minute at most', () => {
    const stream = new LiveStream()
    stream.on('message', () => undefined)
    for (let i = 0; i < 12; i++) {
      FakeSource.last.onerror?.()
      vi.advanceTimersByTime(30_000)
    }
    expect(FakeSource.all).toHaveLength(13)
  })

  it('tries at once when it is woken', () => {
    const stream = new LiveStream()
    stream.on('message', () => undefined)
    FakeSource.last.onerror?.()
    stream.wake()
    expect(FakeSource.all).toHaveLength(2)
  })

  it('ignores what is no JSON', () => {
    const stream = new LiveStream()
    const got = vi.fn()
    stream.on('message', got)
    FakeSource.last.dispatchEvent(new MessageEvent('message', { data: '{' }))
    expect(got).not.toHaveBeenCalled()
  })

  it('tells of a gap even though the event says nothing', () => {
    const stream = new LiveStream()
    const reset = vi.fn()
    stream.on('reset', reset)
    FakeSource.last.dispatchEvent(new MessageEvent('reset', { data: '' }))
    expect(reset).toHaveBeenCalledOnce()
  })
})
