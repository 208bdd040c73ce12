import { describe, expect, it } from 'vitest'
import type { Api } from '@/api/client'
import { changed, draftOf, faultsOf, inputOf, keepDraft, keptDraft, limits, sameDraft, wordsOf } from '@/features/admin/rules/draft'
import { employee } from '../chat/fixtures'
import { ruleOf } from './fixtures'

describe('wordsOf', () => {
  it.each([
    ['one a line', '微信\n支付宝', ['微信', '支付宝'], 0],
    ['blanks, empty lines and line ends of any system', ' 微信 \r\n\r\n\t\n支付宝\r转账', ['微信', '支付宝', '转账'], 0],
    ['repeated ones once, the first kept', '微信\n转账\n微信', ['微信', '转账'], 1],
    ['case and width make no difference', 'VX\nvx\nＶＸ', ['VX'], 2],
    ['nothing', ' \n', [], 0],
  ] as const)('%s', (_, text, words, duplicates) => {
    expect(wordsOf(text)).toEqual({ words, duplicates })
  })
})

describe('faultsOf', () => {
  const good = { ...draftOf(), name: '收款', words: '微信' }

  it('finds none in a good draft, at its limits', () => {
    expect(faultsOf(good)).toEqual({})
    expect(faultsOf({ ...good, name: '名'.repeat(limits.name), words: '🙏'.repeat(limits.word) })).toEqual({})
  })

  it.each([
    ['name', { name: '  ' }, '请填写名称'],
    ['name', { name: '名'.repeat(limits.name + 1) }, '名称不能超过 60 个字'],
    ['words', { words: '\n' }, '请至少填写一个词'],
    ['words', { words: Array.from({ length: limits.words + 1 }, (_, i) => `词${i}`).join('\n') }, '最多 1,000 个词'],
    ['words', { words: '一二三四五六七八九'.repeat(12) }, '「一二三四五六七八…」超过 100 个字'],
    ['scope', { scopeAll: false }, '请选择部门或员工，或改为全部员工'],
  ] as const)('%s: %o', (field, part, want) => {
    expect(faultsOf({ ...good, ...part })).toEqual({ [field]: want })
  })
})

describe('a draft', () => {
  it('goes to the server as it came', () => {
    const want: Api['RuleInput'] = {
      name: '私下收款',
      words: ['微信', '支付宝'],
      severity: 'high',
      direction: 'employee',
      scope_all: false,
      scope_departments: ['2'],
      scope_employees: [employee.id],
      subscribers: ['1'],
      enabled: true,
      version: 4,
    }
    expect(inputOf(draftOf(ruleOf()))).toEqual(want)
    expect(changed(ruleOf(), { enabled: false })).toEqual({ ...want, enabled: false })
  })

  it('leaves the scope out when everybody is meant', () => {
    expect(inputOf({ ...draftOf(ruleOf()), scopeAll: true })).toMatchObject({ scope_all: true, scope_departments: [], scope_employees: [] })
  })

  it('says no version of a rule that does not exist yet', () => {
    expect(inputOf(draftOf())).not.toHaveProperty('version')
  })

  it('is kept as it was, not as it becomes', () => {
    const draft = draftOf(ruleOf())
    keepDraft('9', draft)
    draft.departments.push('7')
    expect(sameDraft(keptDraft('9') ?? draft, draftOf(ruleOf()))).toBe(true)
    keepDraft('9', undefined)
    expect(keptDraft('9')).toBeUndefined()
  })
})
