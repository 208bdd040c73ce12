// Pictures, videos, sounds and files in a chat, in every state they can be in.
import { mount } from '@vue/test-utils'
import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { defineComponent, h, nextTick, ref, shallowRef } from 'vue'
import type { Api } from '@/api/client'
import { type ChatContext, provideChat } from '@/chat/context'
import MessageRow from '@/chat/MessageRow'
import { loadRare } from '@/chat/messages/registry'
import { wavePath } from '@/chat/messages/wave'
import { type Message, toRow } from '@/chat/rows'
import { linksOver } from '@/chat/viewer/links'
import { heard, sound } from '@/chat/viewer/sound'
import { file, fileOpen, picture, pictureOpen } from '@/chat/viewer/stage'
import * as motion from '@/ui/motion'
import { type Call, serve, settle } from '../screen'
import { employee, messageAt } from './fixtures'

type Media = Api['MediaContent']

const chat: ChatContext = {
  right: ref(employee.id),
  group: ref(false),
  find: ref(''),
  highlight: ref(true),
  flash: ref(''),
  openLink: () => undefined,
  openMessage: () => undefined,
  openRecord: () => undefined,
  openPerson: () => undefined,
  jump: () => undefined,
  keepFixed: (_, change) => change(),
}

/** A row whose message can be changed, as a live event changes it. */
function show(content: Api['Content']) {
  const message = shallowRef<Message>(messageAt(1, { content, msgtype: content.kind }))
  const Host = defineComponent({
    setup() {
      provideChat(chat)
      return () => h(MessageRow, { row: toRow(message.value) })
    },
  })
  const page = mount(Host, { attachTo: document.body })
  const change = async (next: Api['Content']) => {
    message.value = { ...message.value, content: next }
    await nextTick()
  }
  return { page, change }
}

// What is loaded when it is needed is here at once.
beforeAll(() => Promise.all([loadRare(), import('@/chat/viewer/fresh'), import('@/chat/viewer/InlineVideo.vue')]))

let files = 0
const soon = () => new Date(Date.now() + 900_000).toISOString()
const ready = (more: Partial<Media> = {}): Media => ({ id: `f${++files}`, state: 'ready', looked: true, url: '/api/v1/media/u', download_url: '/api/v1/media/d', links_until: soon(), ...more })
const image = (more: Partial<Media> = {}): Api['Content'] => ({ kind: 'image', media: ready({ width: 800, height: 600, thumb_url: '/api/v1/media/t', mime: 'image/jpeg', ...more }) })
const missing = (state: Media['state'], kind: 'image' | 'voice' = 'image'): Api['Content'] => ({ kind, media: { id: `f${++files}`, state, size_bytes: 184_320 } })

const states = { none: '企业微信未提供文件', pending: '原始文件尚未取回', expired: '已超过企业微信保留期', refused: '企业微信拒绝提供', broken: '取回的内容无法打开', over_limit: '超过大小限制，未取回' } as const

afterEach(() => {
  fileOpen.value = pictureOpen.value = false
  file.value = picture.value = undefined
})

describe('a picture', () => {
  it('shows its small picture and opens in full', async () => {
    const { page } = show(image())
    expect(page.get('figure img').attributes('src')).toBe('/api/v1/media/t')
    await page.get('figure button').trigger('click')
    expect(pictureOpen.value).toBe(true)
    expect(picture.value?.messageId).toBe('m00001')
  })

  for (const [state, words] of Object.entries(states)) {
    it(`says why it is not there: ${state}`, async () => {
      const { page } = show(missing(state as Media['state']))
      expect(page.text()).toContain(words)
      expect(page.text()).toContain('180 KB')
      expect(page.get('figure button').attributes('aria-label')).toContain(words)
      await page.get('figure button').trigger('click')
      expect(fileOpen.value).toBe(true)
    })
  }

  it('keeps the box of its first drawing when its size becomes known, also when drawn anew', async () => {
    const media: Media = { id: 'kept', state: 'pending' }
    const { page, change } = show({ kind: 'image', media })
    const before = page.get('figure').attributes('style')
    const known: Api['Content'] = { kind: 'image', media: ready({ id: 'kept', width: 90, height: 900, thumb_url: '/t' }) }
    await change(known)
    expect(page.find('figure img').exists()).toBe(true)
    expect(page.get('figure').attributes('style')).toBe(before)
    page.unmount()
    expect(show(known).page.get('figure').attributes('style')).toBe(before)
  })

  it('asks for new links once when it cannot be had, and then gives up', async () => {
    const content = image()
    const calls = serve(() => ({ body: { message_id: 'm00001', conversation_id: '1', media: { ...content.media, thumb_url: '/api/v1/media/t2' }, pages: [] } }))
    const { page } = show(content)
    await page.get('figure img').trigger('error')
    await settle()
    expect(calls.map((call: Call) => call.path)).toEqual([`/messages/m00001/files/${content.media?.id}`])
    expect(page.get('figure img').attributes('src')).toBe('/api/v1/media/t2')
    await page.get('figure img').trigger('error')
    await settle()
    expect(calls).toHaveLength(1)
    expect(page.text()).toContain('无法显示')
  })

  it('asks for new links before it follows old ones', async () => {
    const content = image({ links_until: '2020-01-01T00:00:00Z' })
    const calls = serve(() => ({ body: { message_id: 'm00001', conversation_id: '1', media: { ...content.media, thumb_url: '/new', links_until: soon() }, pages: [] } }))
    const { page } = show(content)
    expect(page.find('figure img').exists()).toBe(false)
    await settle()
    expect(calls).toHaveLength(1)
    expect(page.get('figure img').attributes('src')).toBe('/new')
  })

  it('that cannot be asked for does not break the row', async () => {
    serve(() => ({ status: 404, code: 'not_found' }))
    const { page } = show(image())
    await page.get('figure img').trigger('error')
    await settle()
    expect(page.text()).toContain('无法显示')
    expect(page.find('article').exists()).toBe(true)
  })

  it('is marked where its bytes are not what the message says', () => {
    const { page } = show(image({ flag: 'md5' }))
    expect(page.get('.flag').attributes('aria-label')).toBe('内容与消息所述不符（MD5）')
  })
})

describe('a sticker', () => {
  const sticker: Api['Content'] = { kind: 'emotion', media: ready({ mime: 'image/gif', width: 240, height: 240, url: '/gif', thumb_url: '/still' }) }

  it('plays', () => {
    vi.spyOn(motion, 'reducedMotion').mockReturnValue(false)
    const { page } = show(sticker)
    expect(page.get('figure img').attributes('src')).toBe('/gif')
    expect(page.find('figure button').exists()).toBe(false)
    expect(page.get('figure').attributes('style')).toContain('width: 120px')
  })

  it('plays by a tap only where less is to move', async () => {
    vi.spyOn(motion, 'reducedMotion').mockReturnValue(true)
    const { page } = show(sticker)
    expect(page.get('figure img').attributes('src')).toBe('/still')
    await page.get('figure button').trigger('click')
    expect(page.get('figure img').attributes('src')).toBe('/gif')
  })
})

describe('a video', () => {
  const video = (more: Partial<Media> = {}): Api['Content'] => ({ kind: 'video', media: ready({ mime: 'video/mp4', poster_url: '/poster', duration_seconds: 36, url: '/v', ...more }) })

  it('shows its poster and length, and nothing of it plays before a tap', async () => {
    const { page } = show(video())
    expect(page.get('figure img').attributes('src')).toBe('/poster')
    expect(page.text()).toContain('0:36')
    expect(page.find('video').exists()).toBe(false)
    await page.get('figure button').trigger('click')
    await vi.waitFor(() => expect(page.find('video').exists()).toBe(true))
    expect(page.get('video').attributes()).toMatchObject({ src: '/v', poster: '/poster', playsinline: '' })
    expect(page.get('video').attributes('autoplay')).toBeUndefined()
  })

  it('that can only be downloaded says so, and has nothing to play', async () => {
    const { page } = show(video({ url: undefined, poster_url: undefined }))
    expect(page.get('figure').text()).toContain('仅原始文件')
    expect(page.find('figure .play').exists()).toBe(false)
    await page.get('figure button').trigger('click')
    expect(page.find('video').exists()).toBe(false)
    expect(fileOpen.value).toBe(true)
  })

  it('that the browser does not play says so and can be downloaded', async () => {
    const content = video()
    serve(() => ({ body: { message_id: 'm00001', conversation_id: '1', media: content.media, pages: [] } }))
    const { page } = show(content)
    await page.get('figure button').trigger('click')
    await vi.waitFor(() => expect(page.find('video').exists()).toBe(true))
    await page.get('video').trigger('error')
    await settle()
    expect(page.text()).toContain('无法播放此格式')
    expect(page.get('a.download').attributes('href')).toBe('/api/v1/media/d')
  })
})

describe('a voice message', () => {
  const voice = (more: Partial<Media> = {}): Api['Content'] => ({ kind: 'voice', media: ready({ duration_seconds: 8, waveform: Array.from({ length: 48 }, (_, i) => i * 5), mime: 'audio/mpeg', ...more }) })

  it('plays, pauses, is faster, and is no longer unplayed', async () => {
    const play = vi.spyOn(HTMLMediaElement.prototype, 'play').mockResolvedValue(undefined)
    const pause = vi.spyOn(HTMLMediaElement.prototype, 'pause').mockReturnValue(undefined)
    const { page } = show(voice())
    expect(page.find('.dot').exists()).toBe(true)
    expect(page.get('.bar').attributes('aria-label')).toContain('语音 8 秒')
    await page.get('.bar').trigger('click')
    await vi.waitFor(() => expect(play).toHaveBeenCalled())
    await nextTick()
    expect(page.get('.bar').attributes('aria-pressed')).toBe('true')
    expect(page.find('.dot').exists()).toBe(false)
    await page.get('.rate').trigger('click')
    await settle()
    expect(sound.rate).toBe(1.5)
    const paused = pause.mock.calls.length
    await page.get('.bar').trigger('click')
    expect(pause.mock.calls.length).toBe(paused + 1)
  })

  it('stops the one before it: one sounds at a time', async () => {
    vi.spyOn(HTMLMediaElement.prototype, 'play').mockResolvedValue(undefined)
    vi.spyOn(HTMLMediaElement.prototype, 'pause').mockReturnValue(undefined)
    const first = show(voice())
    const second = show(voice())
    await first.page.get('.bar').trigger('click')
    await vi.waitFor(() => expect(first.page.get('.bar').attributes('aria-pressed')).toBe('true'))
    await second.page.get('.bar').trigger('click')
    await vi.waitFor(() => expect(second.page.get('.bar').attributes('aria-pressed')).toBe('true'))
    expect(first.page.get('.bar').attributes('aria-pressed')).toBe('false')
    expect(heard.size).toBeGreaterThan(1)
  })

  it('without a form that plays is the original only', async () => {
    const { page } = show(voice({ url: undefined }))
    expect(page.text()).toContain('仅原始文件')
    await page.get('.bar').trigger('click')
    expect(fileOpen.value).toBe(true)
  })

  for (const [state, words] of Object.entries(states)) {
    it(`says why it is not there: ${state}`, () => expect(show(missing(state as Media['state'], 'voice')).page.text()).toContain(words))
  }
})

describe('wavePath', () => {
  it('draws a stroke every four px, taller where it is louder', () => {
    expect(wavePath([0, 255], 8)).toBe('M1 11v2M5 2v20')
  })

  it('has one stroke at least, and survives nonsense', () => {
    expect(wavePath([], 0)).toBe('M1 11v2')
    expect(wavePath([Number.NaN, 9999], 8)).toBe('M1 11v2M5 2v20')
  })
})

describe('a file', () => {
  it('opens its sheet', async () => {
    const { page } = show({ kind: 'file', media: ready({ name: '报价单.xlsx', ext: 'xlsx', size_bytes: 28_914, flag: 'size' }) })
    expect(page.text()).toContain('报价单.xlsx')
    expect(page.text()).toContain('内容与消息所述不符（大小）')
    await page.get('button.file').trigger('click')
    expect(fileOpen.value).toBe(true)
    expect(file.value?.content.media?.name).toBe('报价单.xlsx')
  })

  it('in a message of several parts opens as part of that message', async () => {
    const { page } = show({ kind: 'mixed', parts: [{ kind: 'text', text: { body: '实拍' } }, image()] })
    await page.get('figure button').trigger('click')
    expect(picture.value?.messageId).toBe('m00001')
  })
})

describe('a recorded call', () => {
  it('opens with its recording', async () => {
    const content: Api['Content'] = { kind: 'call', fields: [{ key: 'call_type', value: '2' }], media: ready({ mime: 'audio/mpeg', duration_seconds: 94 }), shares: [{ document: '橡木.pptx', offset_seconds: 4 }] }
    const { page } = show(content)
    expect(page.get('.recording').text()).toContain('1:34')
    await page.get('.recording').trigger('click')
    expect(file.value?.content.shares).toHaveLength(1)
  })
})

describe('linksOver', () => {
  for (const [name, media, want] of [
    ['no file', undefined, false],
    ['no links', { state: 'pending' as const }, false],
    ['of yesterday', { state: 'ready' as const, links_until: '2020-01-01T00:00:00Z' }, true],
    ['of now', { state: 'ready' as const, links_until: '2999-01-01T00:00:00Z' }, false],
  ] as const) {
    it(name, () => expect(linksOver(media)).toBe(want))
  }
})
