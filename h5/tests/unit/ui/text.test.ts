import { describe, expect, it } from 'vitest'
import { hash, initials, tileColor } from '@/ui/colors'
import { decodePunycode, readableHost, safeUrl } from '@/ui/host'
import { clean } from '@/ui/text'

describe('initials', () => {
  for (const [name, want] of [
    ['林晓雨', '晓雨'],
    ['乔安', '乔安'],
    ['陈先生', '陈'],
    ['阳光装饰王经理', '王'],
    ['陈先生（云栖小区）', '陈'],
    ['先生', '先生'],
    ['🍃上善若水', '若水'],
    ['Alice Wong', 'AW'],
    ['bob', 'B'],
    ['wmQx7kDAAA', 'W'],
    ['', '?'],
    ['（无名）', '无名'],
  ] as const) {
    it(name || 'nothing', () => expect(initials(name)).toBe(want))
  }
})

describe('tileColor', () => {
  it('is the same for the same person, and spread for ids that resemble each other', () => {
    expect(tileColor('emp1')).toBe(tileColor('emp1'))
    const hues = new Set(Array.from({ length: 40 }, (_, i) => Math.floor((hash(`emp${i}`) % 360) / 30)))
    expect(hues.size).toBeGreaterThan(8)
  })
})

describe('safeUrl', () => {
  for (const [text, want] of [
    ['https://example.com/a', 'https://example.com/a'],
    ['javascript:alert(1)', undefined],
    ['weixin://dl', undefined],
    ['data:text/html,x', undefined],
    ['//example.com', undefined],
    ['not an address', undefined],
  ] as const) {
    it(text, () => expect(safeUrl(text)?.href).toBe(want))
  }
})

describe('readableHost', () => {
  for (const [address, want] of [
    ['https://www.example.com:8443/x', 'www.example.com:8443'],
    ['https://xn--fsqu00a.xn--0zwm56d/', '例子.测试'],
    ['https://xn--80ak6aa92e.com/', 'аррӏе.com'],
    ['https://user@evil.example/', 'evil.example'],
  ] as const) {
    it(address, () => expect(readableHost(new URL(address))).toBe(want))
  }

  it('leaves a label as it is when it is no punycode', () => {
    expect(decodePunycode('!!!')).toBeUndefined()
  })
})

describe('clean', () => {
  it('shows what would turn the line around or hide', () => {
    expect(clean('报价\u202exslx.exe')).toBe('报价□xslx.exe')
    expect(clean('微\u200b\u200b信')).toBe('微□信')
  })

  it('leaves names alone', () => expect(clean('👨‍👩‍👧 陈先生')).toBe('👨‍👩‍👧 陈先生'))
})
