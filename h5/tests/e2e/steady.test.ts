// The part of npm run perf that does not depend on the clock: nothing moves under
// the reader, and a long reading holds no more memory than a short one.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { layoutShift } from '../perf/inpage'
import { changes, elementsBudget, heapBudgetMb, heldAfterPaging, pagedMessages, shift, shiftBudgetPx } from '../perf/steady'
import { expectQuiet, row, Stage } from './browser'

const target = 'm100-002607'
const path = `/c/100?m=${target}`
let stage: Stage

beforeAll(async () => {
  stage = await Stage.set()
})
afterAll(() => stage.strike())

describe('rows in view stand still when', () => {
  it.each(changes)('$name', async ({ change }) => {
    const opened = await stage.open(path)
    await row(opened.page, target).waitFor()
    expect(await shift(opened.page, change)).toBeLessThanOrEqual(shiftBudgetPx)
    expectQuiet(opened)
  })
})

describe('nothing moves while the page comes in:', () => {
  it.each([
    ['a landing', path, `article[data-id="${target}"]`],
    ['alerts', '/alerts', '.virtual-list a'],
    ['employees', '/people', '.virtual-list a'],
  ])('%s', async (_name, address, ready) => {
    const opened = await stage.open(address)
    await opened.page.locator(ready).first().waitFor()
    expect(await opened.page.evaluate(layoutShift)).toEqual({ sum: 0, moved: [] })
  })
})

it('holds little after many messages', async () => {
  const opened = await stage.open(path)
  await row(opened.page, target).waitFor()
  const { messages, heapMb, elements } = await heldAfterPaging(opened.page)
  expect(messages).toBeGreaterThanOrEqual(pagedMessages)
  expect(heapMb).toBeLessThanOrEqual(heapBudgetMb)
  expect(elements).toBeLessThanOrEqual(elementsBudget)
  expectQuiet(opened)
})
