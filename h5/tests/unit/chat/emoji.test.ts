// Emoticons: every name of every client has a picture that is shipped with its licence.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { flushPromises, mount } from '@vue/test-utils'
import { describe, expect, it } from 'vitest'
import { characters } from '@/chat/emojiNames'
import { emojiOf, emojiPicture, table, withEmoji } from '@/chat/messages/emoji'
import Emoticon from '@/chat/messages/emoticon'
import { tokenize } from '@/chat/messages/tokens'

const folder = join(process.cwd(), 'public/emoji')
const others = characters(table)

describe('the table', () => {
  it('leads every other name to a character', () => {
    for (const [name, character] of Object.entries(others)) expect(character, name).toMatch(/^[^\p{L}\p{N}]+$/u)
    expect(Object.keys(others).filter((name) => name in table)).toEqual([])
  })

  it('has a picture of each character, and no other', () => {
    const wanted = new Set([...Object.values(table), ...Object.values(others)].map((one) => emojiPicture(one).slice('/emoji/'.length)))
    expect(readdirSync(folder).filter((name) => name.endsWith('.svg')).sort()).toEqual([...wanted].sort())
    for (const name of wanted) expect(readFileSync(join(folder, name), 'utf8'), name).not.toMatch(/<script|\son\w+=|href=/i)
  })

  it('ships the licence of the pictures', () => {
    const licence = readFileSync(join(folder, 'LICENSE'), 'utf8')
    expect(licence).toContain('Twemoji')
    expect(licence).toContain('Attribution 4.0 International')
    expect(existsSync(folder)).toBe(true)
  })
})

describe('names', () => {
  it('of simplified Chinese are known at once', () => expect(emojiOf('微笑')).toBe('🙂'))

  it('of other languages and of old clients are known once they are here', async () => {
    emojiOf('Smile')
    await expect.poll(() => emojiOf('Smile')).toBe('🙂')
    expect([emojiOf('擁抱'), emojiOf('Let Down'), emojiOf('Pooh-pooh'), emojiOf('TaiChi L'), emojiOf('Bah！R')]).toEqual(['🤗', '😞', '😒', '☯️', '😤'])
    expect(tokenize('Hi [Thumbs Up]')).toEqual([{ kind: 'text', text: 'Hi ' }, { kind: 'emoji', text: '👍', code: '[Thumbs Up]' }])
    expect(withEmoji('[玫瑰][Rose][没有][图片]')).toBe('🌹🌹[没有][图片]')
  })

  it('of objects are no emoticons', () => {
    for (const name of ['constructor', 'toString', 'hasOwnProperty']) expect(emojiOf(name)).toBeUndefined()
  })
})

describe('a picture', () => {
  it('is named by code points, without the marks of presentation', () => {
    expect(emojiPicture('🙂')).toBe('/emoji/1f642.svg')
    expect(emojiPicture('❤️')).toBe('/emoji/2764.svg')
    expect(emojiPicture('😮‍💨')).toBe('/emoji/1f62e-200d-1f4a8.svg')
  })

  it('says its code, and is a character where it cannot be drawn', async () => {
    const page = mount(Emoticon, { props: { character: '🙂', code: '[微笑]' } })
    expect(page.find('img').attributes('alt')).toBe('[微笑]')
    await page.find('img').trigger('error')
    await flushPromises()
    expect(page.text()).toBe('🙂')
    expect(page.find('[role=img]').attributes('aria-label')).toBe('[微笑]')
  })
})
