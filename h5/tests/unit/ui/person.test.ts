import { describe, expect, it } from 'vitest'
import { setLocale } from '@/i18n/t'
import { nameOf } from '@/ui/person'

describe('nameOf', () => {
  it.each([
    ['a robot without a name', { id: 'wb1234567890abcd', kind: 'robot', name: 'wb1234567890abcd' }, '机器人 abcd'],
    ['a robot with a name', { id: 'wb1234567890abcd', kind: 'robot', name: '日报助手' }, '日报助手'],
    ['an employee whose name is the account', { id: 'linxiaoyu', kind: 'employee', name: 'linxiaoyu' }, 'linxiaoyu'],
    ['a name that turns the line around', { id: 'wm1', kind: 'customer', name: '陈\u202e先生' }, '陈□先生'],
  ] as const)('%s', (_, person, want) => expect(nameOf(person)).toBe(want))

  it('speaks English too', async () => {
    await setLocale('en')
    expect(nameOf({ id: 'wb90ef', kind: 'robot', name: 'wb90ef' })).toBe('Robot 90ef')
  })
})
