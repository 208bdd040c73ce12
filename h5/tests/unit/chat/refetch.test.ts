// Files that are not whole, fetched again by an admin.
import { mount } from '@vue/test-utils'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { Api } from '@/api/client'
import FileSheet from '@/chat/sheets/FileSheet.vue'
import { lookEveryMs, reasonOf } from '@/chat/viewer/useRefetch'
import { forgetSession, useSession } from '@/app/session'
import { toastText } from '@/ui/toast'
import { type Answer, button, type Call, serve, settle, shown } from '../screen'
import { customer } from './fixtures'

type Media = Api['MediaContent']

const whole: Media = { id: 'f1', state: 'ready', mime: 'application/zip', name: '实拍.zip', size_bytes: 9 }
const expired: Media = { id: 'f1', state: 'expired', error_class: 'expired' }
const answer = (media: Media): Answer => ({ body: { message_id: 'm1', conversation_id: '1', media, pages: [] } })

/** Opens the sheet of a file for an admin; on tells what the server answers to a call. */
async function open(media: Media, on: (call: Call) => Answer) {
  const calls = serve(on)
  const of = { messageId: 'm1', cid: '1', sentAt: '2026-01-01T04:00:00Z', sender: customer, content: { kind: 'file' as const, media }, locate: () => undefined }
  const page = mount(FileSheet, { props: { of, open: true }, attachTo: document.body })
  await settle()
  return { page, calls }
}

const said = () => toastText.value

beforeEach(() => {
  useSession().take({ id: '1', userid: 'a', name: 'a', role: 'admin', csrf: 'x', build: '', deletion_alerts: false, scope_size: 1, corp_id: '', agent_id: 1 })
})
afterEach(() => {
  vi.useRealTimers()
  forgetSession()
})

describe('reasonOf', () => {
  for (const [media, want] of [
    [expired, 'expired'],
    [{ ...expired, state: 'refused' }, 'refused'],
    [{ ...expired, state: 'broken' }, 'broken'],
    [{ ...expired, state: 'over_limit' }, 'over_limit'],
    [{ ...whole, flag: 'md5' }, 'flagged'],
    [{ ...whole, flag: 'md5', refetching: true }, undefined],
    [whole, 'whole'],
    [{ id: 'f1', state: 'pending' }, undefined],
    [{ id: 'f1', state: 'pending', error_class: 'retry' }, 'waiting'],
    [{ ...whole, flag: 'md5', refetching: true, error_class: 'retry' }, 'waiting'],
    [{ state: 'none' }, undefined],
  ] as [Media, string | undefined][]) {
    it(`${media.state} ${media.flag ?? ''}: ${want ?? 'none'}`, () => expect(reasonOf(media)).toBe(want))
  }
})

describe('the sheet of a file that is not whole', () => {
  it.each([
    [expired, '企业微信只保留 5 天内的文件'],
    [{ ...expired, state: 'refused' as const }, '企业微信此前不认识该文件'],
    [{ id: 'f1', state: 'pending' as const, error_class: 'retry' as const }, '稍后会自动再取；也可以现在就取'],
    [{ ...whole, flag: 'md5' as const }, '重新取回期间保留已保存的内容'],
  ])('says what it means to ask again: %j', async (media, words) => {
    const { page, calls } = await open(media, () => answer(media))
    expect(shown()).toContain(words)
    button('重新取回').click()
    await settle()
    expect(calls.at(-1)).toMatchObject({ method: 'POST', path: '/messages/m1/files/f1/retry' })
    page.unmount()
  })

  it('shows what came of it, and stops asking', async () => {
    let now: Media = expired
    const { page, calls } = await open(expired, ({ method }) => {
      if (method === 'POST') now = { id: 'f1', state: 'pending' }
      return answer(now)
    })
    vi.useFakeTimers()
    button('重新取回').click()
    await vi.advanceTimersByTimeAsync(0)
    expect(shown()).toContain('原始文件尚未取回')
    expect(() => button('重新取回')).toThrow('no button')
    await vi.advanceTimersByTimeAsync(lookEveryMs)
    now = whole
    await vi.advanceTimersByTimeAsync(lookEveryMs)
    expect(shown()).toContain('application/zip')
    expect(said()).toContain('已取回并保存')
    const asked = calls.length
    await vi.advanceTimersByTimeAsync(10 * lookEveryMs)
    expect(calls).toHaveLength(asked)
    page.unmount()
  })

  it('stays as it was where WeCom has nothing better', async () => {
    const flagged: Media = { ...whole, flag: 'size' }
    let now = flagged
    const { page } = await open(flagged, ({ method }) => {
      if (method === 'POST') now = { ...flagged, refetching: true }
      return answer(now)
    })
    vi.useFakeTimers()
    button('重新取回').click()
    await vi.advanceTimersByTimeAsync(0)
    expect(shown()).toContain('正在重新取回，已保存的内容仍可查看')
    now = { ...flagged, error_class: 'refused' }
    await vi.advanceTimersByTimeAsync(lookEveryMs)
    expect(said()).toContain('已保留原有内容')
    expect(shown()).toContain('企业微信不认识该文件')
    page.unmount()
  })

  it('stops looking once it is closed', async () => {
    const pending: Media = { id: 'f1', state: 'pending' }
    vi.useFakeTimers()
    const calls = serve(() => answer(pending))
    const of = { messageId: 'm1', cid: '1', sentAt: '2026-01-01T04:00:00Z', sender: customer, content: { kind: 'file' as const, media: pending }, locate: () => undefined }
    const page = mount(FileSheet, { props: { of, open: true }, attachTo: document.body })
    await vi.advanceTimersByTimeAsync(2 * lookEveryMs + 1)
    expect(calls).toHaveLength(3)
    await page.setProps({ open: false })
    await vi.advanceTimersByTimeAsync(9 * lookEveryMs)
    expect(calls).toHaveLength(3)
    page.unmount()
  })
})

describe('a file that seems whole', () => {
  const refuse = (status: number, code: string) => ({ method }: Call): Answer => (method === 'POST' ? { status, code } : answer(whole))

  it('is read through by the server, and told to be whole', async () => {
    const { page } = await open(whole, refuse(409, 'conflict'))
    button('核对内容').click()
    await settle()
    expect(said()).toContain('已核对：保存的内容完好')
    expect(document.querySelector('[role=alert]')).toBeNull()
    page.unmount()
  })

  it('is fetched again where it is damaged', async () => {
    const { page } = await open(whole, ({ method }) => answer(method === 'POST' ? { ...whole, refetching: true } : whole))
    button('核对内容').click()
    await settle()
    expect(shown()).toContain('正在重新取回')
    page.unmount()
  })

  it('says so when the store does not answer', async () => {
    const { page } = await open(whole, refuse(503, 'unavailable'))
    button('核对内容').click()
    await settle()
    expect(document.querySelector('[role=alert]')?.textContent).toContain('服务暂时不可用')
    page.unmount()
  })

  it('is left alone by who is no admin', async () => {
    forgetSession()
    const { page } = await open(whole, () => answer(whole))
    expect(() => button('核对内容')).toThrow('no button')
    page.unmount()
  })
})
