import { describe, expect, it } from 'vitest'
import { readFilter, writeFilter } from '@/features/alerts/filter'
import { chatLink, deletionText, pushState, sidesOf, titleOf, watchedOf, withHit } from '@/features/alerts/violation'
import { t } from '@/i18n/t'
import { customer, employee, messageAt } from '../chat/fixtures'
import { deletionOf, pushOf, violationOf } from './fixtures'

describe('a deletion', () => {
  it.each([
    ['customer_deleted_employee', '客户删除了员工', '客户「陈先生」删除了员工「林晓雨」'],
    ['employee_deleted_customer', '员工删除了客户', '员工「林晓雨」删除了客户「陈先生」'],
  ] as const)('%s is told in its own direction', (kind, title, text) => {
    expect(titleOf(deletionOf(kind))).toBe(title)
    expect(deletionText(deletionOf(kind))).toBe(text)
  })

  it('names the sides by who they are, whoever is called the sender', () => {
    const turned = { ...deletionOf('customer_deleted_employee'), sender: employee, receiver: customer }
    expect(deletionText(turned)).toBe('客户「陈先生」删除了员工「林晓雨」')
    expect(sidesOf(turned)).toEqual({ employee, customer })
  })

  it('says so when a side is not known', () => {
    const alone = { ...deletionOf('employee_deleted_customer'), receiver: undefined }
    expect(deletionText(alone)).toBe('员工「林晓雨」删除了客户「未知」')
  })
})

describe('a word', () => {
  it('is titled by its rule, without tricks', () => {
    expect(titleOf(violationOf({ rule_name: '收\u202e款' }))).toBe('收□款')
    expect(titleOf(violationOf({ rule_name: '' }))).toBe('敏感词')
  })
})

describe('the chat it opens', () => {
  it('lands on the message, on the employee’s side', () => {
    expect(chatLink(violationOf(), [])).toEqual({ name: 'chat', params: { cid: '1' }, query: { m: 'm00002', a: 'v1', as: employee.id } })
  })

  it('lands on the last message after a deletion', () => {
    const context = [messageAt(4), messageAt(5)]
    expect(chatLink(deletionOf('customer_deleted_employee'), context)).toMatchObject({ query: { m: 'm00005', a: 'd1' } })
  })

  it('is none where they never talked', () => {
    expect(chatLink({ ...deletionOf('customer_deleted_employee'), conversation_id: undefined }, [])).toBeUndefined()
  })

  it('has an employee of the group on the right when a customer said it', () => {
    expect(watchedOf(violationOf({ receiver: undefined }), [messageAt(1), messageAt(3)])).toBe(employee.id)
    expect(watchedOf(violationOf({ receiver: undefined }), [])).toBe('')
  })
})

describe('withHit', () => {
  it('marks the message that hit, once', () => {
    const marked = withHit(violationOf(), [messageAt(1), messageAt(2)])
    expect(marked.map((message) => message.violations?.map((one) => one.id))).toEqual([undefined, ['v1']])
    expect(withHit(violationOf(), marked)).toEqual(marked)
  })
})

describe('a push in words', () => {
  it.each([
    ['sent', 1, '已送达'],
    ['pending', 0, '等待发送'],
    ['pending', 2, '重试中'],
    ['sending', 1, '发送中'],
    ['unknown', 1, '未知'],
    ['failed', 8, '失败'],
    ['refused', 1, '被拒收'],
  ] as const)('%s after %i attempts', (state, attempt, want) => {
    expect(t(pushState(pushOf({ state, attempt })).label)).toBe(want)
  })
})

describe('the filter', () => {
  it('is in the address, defaults left out', () => {
    expect(writeFilter({ tab: 'all', state: 'open' })).toEqual({})
    expect(readFilter({ tab: 'behaviours', state: 'all' })).toEqual({ tab: 'behaviours', state: 'all' })
    expect(writeFilter({ tab: 'behaviours', state: 'all' })).toEqual({ tab: 'behaviours', state: 'all' })
  })

  it('takes what it does not know as not set', () => {
    expect(readFilter({ tab: 'constructor', state: ['handled'] })).toEqual({ tab: 'all', state: 'open' })
  })
})
