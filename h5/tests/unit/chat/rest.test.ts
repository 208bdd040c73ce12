import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { useRest } from '@/chat/rest'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

it('acts once, a while after the last move', () => {
  const act = vi.fn()
  const rest = useRest(act, 400)
  for (let i = 0; i < 10; i++) {
    rest.moved()
    vi.advanceTimersByTime(100)
  }
  expect(act).not.toHaveBeenCalled()
  vi.advanceTimersByTime(300)
  expect(act).toHaveBeenCalledTimes(1)
  vi.advanceTimersByTime(1000)
  expect(act).toHaveBeenCalledTimes(1)
})

it('acts again after the next move', () => {
  const act = vi.fn()
  const rest = useRest(act, 400)
  rest.moved()
  vi.advanceTimersByTime(400)
  rest.moved()
  vi.advanceTimersByTime(400)
  expect(act).toHaveBeenCalledTimes(2)
})

it('does not act once it is stopped', () => {
  const act = vi.fn()
  const rest = useRest(act, 400)
  rest.moved()
  rest.stop()
  vi.advanceTimersByTime(1000)
  expect(act).not.toHaveBeenCalled()
})
