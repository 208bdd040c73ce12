import { describe, expect, it } from 'vitest'
import { choiceOf, holdsChosen, toggled } from '@/features/admin/scope/departments'
import { departmentTree } from '@/features/people/tree'
import { departments } from './fixtures'

const [root] = departmentTree(departments)
if (!root) throw new Error('no root')
const [sales] = root.children
if (!sales) throw new Error('no department below')

describe('departments', () => {
  it('stand for those below them', () => {
    expect(toggled(root, ['2', '3', '8'])).toEqual(['8', '1'])
    expect(choiceOf(root, new Set(['1']), false)).toBe('own')
    expect(choiceOf(sales, new Set(['1']), true)).toBe('inherited')
    expect(choiceOf(sales, new Set(), false)).toBe('none')
  })

  it('are turned off again', () => {
    expect(toggled(sales, ['2', '8'])).toEqual(['8'])
  })

  it('open where something below is chosen', () => {
    expect(holdsChosen(root, new Set(['3']))).toBe(true)
    expect(holdsChosen(sales, new Set(['2']))).toBe(false)
  })
})
