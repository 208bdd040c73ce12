import { expect, it } from 'vitest'
import { isAbort } from '@/bridge/aborts'

it.each([
  { name: 'an aborted registration', reason: new Error('SDK Error: Aborted'), want: true },
  { name: 'another failure of the SDK', reason: new Error('SDK Error: Missing getConfigSignature'), want: false },
  { name: 'a failure of ours', reason: new TypeError('x is undefined'), want: false },
  { name: 'what is no error', reason: 'Aborted', want: false },
])('$name', ({ reason, want }) => {
  expect(isAbort(reason)).toBe(want)
})
