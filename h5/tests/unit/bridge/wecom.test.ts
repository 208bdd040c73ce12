import { describe, expect, it } from 'vitest'
import { quietenAborts } from '@/bridge/wecom'

/** An event for a rejection that nobody handled. */
function rejection(reason: unknown): PromiseRejectionEvent {
  return Object.assign(new Event('unhandledrejection', { cancelable: true }), { reason, promise: Promise.resolve() }) as PromiseRejectionEvent
}

describe('quietenAborts', () => {
  it.each([
    { name: 'an aborted registration', reason: new Error('SDK Error: Aborted'), quiet: true },
    { name: 'another failure of the SDK', reason: new Error('SDK Error: Missing getConfigSignature'), quiet: false },
    { name: 'a failure of ours', reason: new TypeError('x is undefined'), quiet: false },
    { name: 'what is no error', reason: 'Aborted', quiet: false },
  ])('$name', ({ reason, quiet }) => {
    const event = rejection(reason)
    quietenAborts(event)
    expect(event.defaultPrevented).toBe(quiet)
  })
})
