// What npm run perf and npm run lh say of arguments that make no sense.
import { describe, expect, it } from 'vitest'
import { wrongMessages, wrongParts } from '../../perf/arguments'

describe('arguments of the measurements', () => {
  it.each([
    ['5000', undefined],
    ['2500', undefined],
    ['2499', '--messages: 2499 are too few, at least 2500 are needed'],
    ['abc', '--messages: "abc" is not a whole number'],
    ['3000.5', '--messages: "3000.5" is not a whole number'],
    ['', '--messages: "" is not a whole number'],
  ])('--messages %j', (given, want) => {
    expect(wrongMessages(given, 2500)).toBe(want)
  })

  it.each([
    [['bytes', 'jumps'], undefined],
    [['bytes', 'nonsense'], '--only: there is no part "nonsense", only bytes, jumps'],
    [[''], '--only: there is no part "", only bytes, jumps'],
  ])('--only %j', (given, want) => {
    expect(wrongParts(given, ['bytes', 'jumps'])).toBe(want)
  })
})
