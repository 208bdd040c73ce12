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
    ['Tom总', '总'],
    ['小姐', '小姐'],
    ['陈先生🍃', '陈'],
    ['🍃', '🍃'],
    ['👨‍👩‍👧 Wong', '👨‍👩‍👧W'],
    ['🇨🇳', '🇨🇳'],
    ['-bob', 'B'],
    ['🏴‍☠️ 船长', '船长'],
    ['1️⃣', '1️⃣'],
    [`Z${'\u0300'.repeat(3000)}`, `Z${'\u0300'.repeat(7)}`],
    ['👨\u200d'.repeat(2000), '👨\u200d👨\u200d👨\u200d👨\u200d👨\u200d👨\u200d👨\u200d👨'],
    ['\ud83d', '\ud83d'],
  ] as const) {
    it(name.slice(0, 20) || 'nothing', () => expect(initials(name)).toBe(want))
  }
})

describe('the one letter of a name in a mosaic', () => {
  for (const [name, want] of [
    ['林晓雨', '雨'],
    ['陈先生', '陈'],
    ['Alice Wong', 'A'],
    ['🍃', '🍃'],
    ['👨‍👩‍👧 Wong', '👨‍👩‍👧'],
    ['', '?'],
  ] as const) {
    it(name || 'nothing', () => expect(initials(name, 1)).toBe(want))
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
    ['https://xn--80ak6aa92e.com/', 'xn--80ak6aa92e.com'],
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

  for (const name of ['👨‍👩‍👧 陈先生', '🏴󠁧󠁢󠁥󠁮󠁧󠁿 1️⃣', 'Müller', 'क्‍ष', 'กิ้น', '🏴‍☠️']) {
    it(`leaves ${name} alone`, () => expect(clean(name)).toBe(name))
  }

  for (const [name, text, want] of [
    ['controls', 'a\0\x1b[31m\x85b', 'a□[31m□b'],
    ['letters without a shape', '张\u3164\u115f三\u2800', '张□三□'],
    ['a joiner between letters', '张\u200d三', '张□三'],
    ['what only looks like a flag', '张\u{e0041}\u{e007f}', '张□'],
    ['a storm of marks', `王${'\u0301'.repeat(200)}女士`, '王\u0301\u0301\u0301女士'],
    ['marks that hide among others', `王\u0301\u034f\u0301`, '王\u0301□\u0301'],
    ['lines', '\n'.repeat(400) + '张\r\n\n三 ', '张 三'],
    ['a name without an end', '张'.repeat(50_000), `${'张'.repeat(300)}…`],
    ['a character at the end', `${'a'.repeat(299)}😀b`, `${'a'.repeat(299)}…`],
  ] as const) {
    it(`tames ${name}`, () => expect(clean(text)).toBe(want))
  }

  it('isolates what is written from right to left', () => {
    expect(clean('\u202eשלום')).toBe('\u2068□שלום\u2069')
    expect(clean('a\u2069ب')).toBe('\u2068a□ب\u2069')
  })
})
