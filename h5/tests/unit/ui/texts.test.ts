// Both languages say the same: same keys by type, same places to fill in.
import { describe, expect, it } from 'vitest'
import type { Plural } from '@/i18n/t'
import enCore from '@/i18n/en'
import enPages from '@/i18n/en/pages'
import zhCore from '@/i18n/zh-CN'
import zhAdmin from '@/i18n/zh-CN/adminPages'
import zhPages from '@/i18n/zh-CN/pages'

type Texts = Record<string, string | Plural>

const zh: Texts = { ...zhCore, ...zhPages, ...zhAdmin }
const en: Texts = { ...enCore, ...enPages }

function places(text: string | Plural | undefined): string[] {
  const all = typeof text === 'string' ? text : `${text?.one} ${text?.other}`
  return [...new Set(all.match(/\{\w+\}/g))].sort()
}

describe('texts', () => {
  it('have the same places in both languages', () => {
    const differing = Object.keys(zh).filter((key) => places(zh[key]).join() !== places(en[key]).join())
    expect(differing).toEqual([])
  })

  it('are not left in Chinese in the English ones', () => {
    const chinese = Object.entries(en).filter(([, text]) => /[\u4e00-\u9fff]/.test(JSON.stringify(text)))
    expect(chinese.map(([key]) => key)).toEqual([])
  })

  it('say something', () => {
    expect([...Object.values(zh), ...Object.values(en)].filter((text) => text === '')).toEqual([])
  })
})
