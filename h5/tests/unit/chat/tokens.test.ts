import { describe, expect, it } from 'vitest'
import { estimateLines, findSpans, maxLength, spansInBody, tokenize } from '@/chat/messages/tokens'

const text = (value: string) => ({ kind: 'text', text: value })

describe('tokenize', () => {
  for (const [name, input, want] of [
    ['plain text', '你好', [text('你好')]],
    ['nothing', '', []],
    ['markup is text', '<img src=x onerror=alert(1)>', [text('<img src=x onerror=alert(1)>')]],
    [
      'a link between Chinese punctuation',
      '看https://example.com/a?b=1，好',
      [text('看'), { kind: 'url', text: 'https://example.com/a?b=1', href: 'https://example.com/a?b=1' }, text('，好')],
    ],
    [
      'a full stop behind a link',
      'see https://example.com.',
      [text('see '), { kind: 'url', text: 'https://example.com', href: 'https://example.com/' }, text('.')],
    ],
    ['other schemes are no links', 'javascript:alert(1) weixin://pay tel:110', [text('javascript:alert(1) weixin://pay tel:110')]],
    ['an emoticon', '好[微笑]', [text('好'), { kind: 'emoji', text: '🙂', code: '[微笑]' }]],
    ['an unknown code', '[没有这个]', [text('[没有这个]')]],
    ['a name', '@何若溪 在吗', [{ kind: 'mention', text: '@何若溪' }, text(' 在吗')]],
    ['an address of mail is no name', 'a@b.com 是邮箱', [text('a@b.com 是邮箱')]],
    ['a name nobody has, without a space behind it', '@谁知道他是谁呢，在吗', [text('@谁知道他是谁呢，在吗')]],
  ] as const) {
    it(name, () => expect(tokenize(input)).toEqual(want))
  }

  it('knows the people of the chat by name, the longest first', () => {
    const names = ['林晓雨（杭州）', 'Li Hua', '林晓雨']
    expect(tokenize('@林晓雨你好 @林晓雨（杭州）好@Li Hua在吗', [], '', names).filter((token) => token.kind === 'mention')).toEqual([
      { kind: 'mention', text: '@林晓雨' },
      { kind: 'mention', text: '@林晓雨（杭州）' },
      { kind: 'mention', text: '@Li Hua' },
    ])
  })

  for (const [name, input, want] of [
    ['javascript:', 'javascript:alert(1)', []],
    ['data:', 'data:text/html,<script>alert(1)</script>', []],
    ['vbscript:, file: and intent:', 'vbscript:x file:///etc/passwd intent://a#Intent;end', []],
    ['javascript: behind a link', 'https://a.cn/?u=javascript:alert(1)', ['https://a.cn/?u=javascript:alert(1)']],
    ['somebody else\'s host behind an @', 'https://www.bank.com@evil.example/x', ['https://www.bank.com@evil.example/x']],
    ['punycode', 'https://xn--fsqu00a.xn--0zwm56d/guide', ['https://xn--fsqu00a.xn--0zwm56d/guide']],
    ['Chinese right behind', '点https://a.cn/x1领取', ['https://a.cn/x1']],
    ['Chinese punctuation right behind', '（https://a.cn/x）。《https://b.cn/y》', ['https://a.cn/x', 'https://b.cn/y']],
    ['brackets around', '(see https://a.cn/x) [https://b.cn/y]', ['https://a.cn/x', 'https://b.cn/y']],
    ['brackets within', 'https://a.cn/oak_(table)', ['https://a.cn/oak_(table)']],
    ['brackets within and around', '(https://a.cn/oak_(table)).', ['https://a.cn/oak_(table)']],
    ['no host', 'https:// http://? https://[', []],
    ['a telephone number', '13800138000 010-88886666 tel:+8613800138000', []],
    ['an order and an identity number', '订单 202601031234567890123 身份证 11010519491231002X', []],
  ] as const) {
    it(`takes for links only what is safe: ${name}`, () => {
      const tokens = tokenize(input)
      expect(tokens.filter((token) => token.kind === 'url').map((token) => token.text)).toEqual(want)
      expect(tokens.map((token) => token.text).join('')).toBe(input)
      for (const { href } of tokens) if (href) expect(href).toMatch(/^https?:\/\//)
    })
  }

  it('marks rule hits by UTF-16 offsets', () => {
    expect(tokenize('😀加我微信吧', [{ start: 4, end: 6 }])).toEqual([
      text('😀加我'),
      { kind: 'text', text: '微信', mark: 'rule' },
      text('吧'),
    ])
  })

  it('marks a hit that begins in text and ends in a link', () => {
    const tokens = tokenize('去http://a.cn/x', [{ start: 0, end: 8 }])
    expect(tokens.map((token) => [token.kind, token.text, token.mark])).toEqual([
      ['text', '去', 'rule'],
      ['url', 'http://', 'rule'],
      ['url', 'a.cn/x', undefined],
    ])
  })

  it('marks what is looked for, case and width aside', () => {
    expect(tokenize('ＶＸ 和 vx', [], 'Vx').filter((token) => token.mark)).toEqual([
      { kind: 'text', text: 'ＶＸ', mark: 'find' },
      { kind: 'text', text: 'vx', mark: 'find' },
    ])
  })

  it('cuts endless text', () => {
    expect(tokenize('长'.repeat(maxLength + 5))[0]?.text).toHaveLength(maxLength)
  })

  it('is done soon with text made to be looked at again and again', () => {
    const input = `https://a.example/${')'.repeat(maxLength - 100)}x`
    expect(tokenize(input)).toEqual([{ kind: 'url', text: input, href: input }])
  })

  it('gives the whole text back', () => {
    const input = '[强]看 https://a.cn/1。@小王 [无此] https://b.cn'
    const tokens = tokenize(input, [{ start: 2, end: 9 }], 'a.cn')
    expect(tokens.map((token) => token.code ?? token.text).join('')).toBe(input)
  })
})

describe('findSpans', () => {
  it('finds every place, without overlaps', () => {
    expect(findSpans('aaaa', 'aa').map((span) => span.start)).toEqual([0, 2])
  })

  it('finds nothing for nothing', () => expect(findSpans('abc', '  ')).toEqual([]))
})

describe('spansInBody', () => {
  it('moves spans of the whole text into the body behind a quote', () => {
    expect(spansInBody('林晓雨：报价\n可以加微信', '可以加微信', [{ start: 10, end: 12 }])).toEqual([{ start: 3, end: 5 }])
  })

  it('drops spans of the quote', () => {
    expect(spansInBody('加微信\n好', '好', [{ start: 1, end: 3 }])).toEqual([])
  })
})

describe('estimateLines', () => {
  for (const [input, want] of [
    ['', 1],
    ['一行', 1],
    ['长'.repeat(19), 2],
    ['a\nb\nc', 3],
    ['\u{1242b}'.repeat(19), 5],
    ['\n'.repeat(2 * maxLength), maxLength + 1],
  ] as const) {
    it(JSON.stringify(input.slice(0, 8)), () => expect(estimateLines(input)).toBe(want))
  }
})
