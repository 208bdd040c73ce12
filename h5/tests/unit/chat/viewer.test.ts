// What the viewer and the sheet of a file work out.
import { mount } from '@vue/test-utils'
import { describe, expect, it } from 'vitest'
import type { Api } from '@/api/client'
import FileSheet from '@/chat/sheets/FileSheet.vue'
import type { FileRef } from '@/chat/viewer/stage'
import { familyOf } from '@/chat/messages/media'
import { contradiction } from '@/chat/viewer/types'
import { useNeighbours } from '@/chat/viewer/useNeighbours'
import { doubleTapScale, fitted, maxScale, whole, within, zoomedAt } from '@/chat/viewer/zoom'
import { forgetSession, useSession } from '@/app/session'
import { button, serve, settle, shown } from '../screen'
import { customer } from './fixtures'

const stage = { width: 400, height: 800 }

describe('zoom', () => {
  it('fits a picture into the stage, and lets small ones grow to twice their size', () => {
    expect(fitted({ width: 800, height: 800 }, stage)).toEqual({ width: 400, height: 400 })
    expect(fitted({ width: 50, height: 50 }, stage)).toEqual({ width: 100, height: 100 })
    expect(fitted(undefined, stage)).toEqual(stage)
  })

  it('keeps the point under the finger where it is', () => {
    const fit = { width: 400, height: 800 }
    const at = { x: 100, y: -50 }
    const to = zoomedAt(whole, 2, at, fit, stage, 4)
    expect((at.x - to.x) / to.scale).toBeCloseTo(at.x)
    expect((at.y - to.y) / to.scale).toBeCloseTo(at.y)
  })

  it('stays between the whole picture and its pixels', () => {
    const fit = { width: 400, height: 400 }
    expect(zoomedAt(whole, 100, { x: 0, y: 0 }, fit, stage, maxScale({ width: 4000, height: 4000 }, fit)).scale).toBe(10)
    expect(zoomedAt({ scale: 3, x: 200, y: 9 }, 0.1, { x: 0, y: 0 }, fit, stage, 4)).toEqual(whole)
  })

  it('never lets the picture leave the stage', () => {
    const fit = { width: 400, height: 200 }
    expect(within({ scale: 2, x: 999, y: 999 }, fit, stage)).toEqual({ scale: 2, x: 200, y: 0 })
    expect(within({ scale: 1, x: 50, y: 50 }, fit, stage)).toEqual(whole)
  })

  it('fills the width with long pictures', () => {
    expect(doubleTapScale({ width: 75, height: 800 }, stage)).toBeCloseTo(400 / 75)
    expect(doubleTapScale({ width: 400, height: 300 }, stage)).toBe(2.5)
  })
})

describe('contradiction', () => {
  for (const [name, mime, want] of [
    ['photo.jpg', 'application/vnd.microsoft.portable-executable', 'program'],
    ['photo.jpg', 'image/png', undefined],
    ['报价.pdf', 'text/html; charset=utf-8', 'page'],
    ['合同.docx', 'application/zip', undefined],
    ['合同.docx', 'application/vnd.openxmlformats-officedocument.wordprocessingml.document', undefined],
    ['实拍.mp4', 'application/pdf', 'pdf'],
    ['数据', 'application/pdf', undefined],
    ['说明.txt', undefined, undefined],
    ['说明.txt', 'application/octet-stream', undefined],
    ['logo.svg', 'image/svg+xml', undefined],
    ['photo.png', 'image/svg+xml', 'page'],
    ['装机.exe', 'application/x-msdownload', undefined],
  ] as const) {
    it(`${name} as ${mime}`, () => expect(contradiction({ state: 'ready', name, mime })).toBe(want))
  }

  it('families go by the ending, in any case', () => {
    expect(['XLSX', 'Jpg', 'amr', '', 'constructor'].map(familyOf)).toEqual(['xls', 'img', 'audio', 'other', 'other'])
  })
})

const media: Api['MediaContent'] = { id: 'f1', state: 'ready', looked: true, name: '图纸.pdf', ext: 'pdf', mime: 'application/pdf', size_bytes: 68_471, pages: 30, md5: 'aa', download_url: '/d', links_until: '2999-01-01T00:00:00Z' }

function refTo(more: Partial<Api['MediaContent']> = {}, kind: Api['Content']['kind'] = 'file'): FileRef {
  return { messageId: 'm1', cid: '1', sentAt: '2026-01-01T04:00:00Z', sender: customer, content: { kind, media: { ...media, ...more } }, locate: () => undefined }
}

async function sheet(of: FileRef) {
  const page = mount(FileSheet, { props: { of, open: true }, attachTo: document.body })
  await settle()
  return page
}

/** Answers with a file as the server knows it now. */
function answerWith(more: Partial<Api['MediaContent']>, pages: Api['PagePicture'][] = []) {
  return serve(() => ({ body: { message_id: 'm1', conversation_id: '1', media: { ...media, ...more }, pages } }))
}

describe('the sheet of a file', () => {
  it('tells what it is, shows its pages and the way to get it', async () => {
    answerWith({}, [{ url: '/p1', width: 1000, height: 1414 }])
    const page = await sheet(refTo())
    for (const words of ['图纸.pdf', '67 KB', 'application/pdf', '与消息所述一致', '陈先生', '共 30 页', '仅预览前 1 页']) expect(shown()).toContain(words)
    expect(document.querySelector('.pages img')?.getAttribute('width')).toBe('1000')
    expect(document.querySelector('a[download]')?.getAttribute('href')).toBe('/d')
    page.unmount()
  })

  it('warns of a name that lies', async () => {
    answerWith({ name: 'photo.jpg', ext: 'jpg', mime: 'application/x-msdownload', pages: 0 })
    const page = await sheet(refTo())
    expect(shown()).toContain('名称与内容不符：内容实为可执行程序')
    page.unmount()
  })

  it('tells of bytes that are not what the message says', async () => {
    answerWith({ flag: 'md5', pages: 0 })
    const page = await sheet(refTo())
    expect(shown()).toContain('内容与消息所述不符（MD5）')
    expect(shown()).not.toContain('与消息所述一致')
    page.unmount()
  })

  it('shows addresses of codes as links that are asked about, anything else as text', async () => {
    answerWith({ codes: ['https://example.com/x', 'javascript:alert(1)'], pages: 0 })
    const page = await sheet(refTo())
    expect([...document.querySelectorAll('.codes button')].map((one) => one.textContent)).toEqual(['https://example.com/x'])
    expect(shown()).toContain('javascript:alert(1)')
    page.unmount()
  })

  it('lets an admin, and nobody else, have it fetched again', async () => {
    const calls = answerWith({ state: 'refused', error_class: 'refused', pages: 0 })
    const page = await sheet(refTo({ state: 'refused' }))
    expect(() => button('重新取回')).toThrow('no button')
    page.unmount()
    useSession().take({ id: '1', userid: 'a', name: 'a', role: 'admin', csrf: 'x', build: '', deletion_alerts: false, scope_size: 1, corp_id: '', agent_id: 1 })
    const again = await sheet(refTo({ state: 'refused' }))
    button('重新取回').click()
    await settle()
    expect(calls.at(-1)).toMatchObject({ method: 'POST', path: '/messages/m1/files/f1/retry' })
    again.unmount()
    forgetSession()
  })

  it('says what failed and tries again', async () => {
    serve(() => ({ status: 503, code: 'unavailable' }))
    const page = await sheet(refTo())
    expect(document.querySelector('[role=alert]')).not.toBeNull()
    answerWith({})
    button('重试').click()
    await settle()
    expect(document.querySelector('[role=alert]')).toBeNull()
    page.unmount()
  })
})

describe('neighbours', () => {
  const item = (n: number): Api['MediaItem'] => ({ message_id: `m${n}`, conversation_id: '1', sent_at: '2026-01-01T04:00:00Z', sender: customer, pos: 0, content: { kind: 'image', media: { id: `f${n}`, state: 'ready' } } })

  /** Ten thousand pictures, newest first, as the server pages them. */
  function album() {
    return serve(({ query }) => {
      const limit = Number(query.get('limit'))
      const numbers = (from: number, to: number) => Array.from({ length: Math.max(0, Math.min(from, 10_000) - to) }, (_, i) => item(Math.min(from, 10_000) - i))
      const page = (top: number, bottom: number) => ({ items: numbers(top, Math.max(0, bottom)), prev: top < 10_000 ? `n${top}` : undefined, next: bottom > 0 ? `o${bottom}` : undefined })
      const around = /^m(\d+)$/.exec(query.get('around') ?? '')
      const [, to, n] = /^([no])(\d+)$/.exec(query.get('cursor') ?? '') ?? []
      if (around) return { body: page(Number(around[1]) + limit / 2, Number(around[1]) - limit / 2) }
      if (to === 'n') return { body: { ...page(Number(n) + limit, Number(n)), next: undefined } }
      return { body: { ...page(Number(n), Number(n) - limit), prev: undefined } }
    })
  }

  const at = (n: number): FileRef => ({ ...refTo({ id: `f${n}` }, 'image'), messageId: `m${n}` })

  it('are those before and after in time', async () => {
    album()
    const { begin, step, previous, next, current } = useNeighbours()
    await begin(at(150))
    expect([previous.value?.messageId, current.value?.messageId, next.value?.messageId]).toEqual(['m149', 'm150', 'm151'])
    step(1)
    expect(current.value?.messageId).toBe('m151')
    step(-1)
    step(-1)
    expect(current.value?.messageId).toBe('m149')
  })

  it('end with the newest', async () => {
    album()
    const { begin, step, next, current } = useNeighbours()
    await begin(at(10_000))
    expect(next.value).toBeUndefined()
    step(1)
    expect(current.value?.messageId).toBe('m10000')
  })

  it('are asked for around the picture, however far back it is, and ahead of the reader to both sides', async () => {
    const calls = album()
    const { begin, step, current } = useNeighbours()
    await begin(at(77))
    await settle()
    expect(calls).toHaveLength(1)
    for (let i = 1; i <= 76; i++) {
      step(-1)
      await settle()
      expect(current.value?.messageId).toBe(`m${77 - i}`)
    }
    step(-1)
    expect(current.value?.messageId).toBe('m1')
    for (let n = 2; n <= 200; n++) {
      step(1)
      await settle()
      expect(current.value?.messageId).toBe(`m${n}`)
    }
    expect(calls.length).toBeLessThan(6)
  })

  it('of one message come in reading order', async () => {
    const part = (pos: number) => ({ ...item(7), pos, content: { kind: 'image' as const, media: { id: `p${pos}`, state: 'ready' as const } } })
    serve(() => ({ body: { items: [item(8), part(0), part(1), part(2), item(6)] } }))
    const { begin, step, current } = useNeighbours()
    await begin(at(6))
    const seen = [1, 2, 3, 4].map(() => (step(1), current.value?.content.media?.id))
    expect(seen).toEqual(['p0', 'p1', 'p2', 'f8'])
  })

  it('that cannot be had leave the picture as it is', async () => {
    serve(() => ({ status: 500, code: 'internal' }))
    const { begin, current, previous, next } = useNeighbours()
    await begin(at(3))
    expect(current.value?.messageId).toBe('m3')
    expect(previous.value ?? next.value).toBeUndefined()
  })
})
