import { mount } from '@vue/test-utils'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import FindBar from '@/chat/FindBar.vue'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

function bar(query = '') {
  return mount(FindBar, { props: { query, position: query ? 1 : 0, total: query ? 3 : 0, state: query ? 'done' : 'idle' } })
}

describe('FindBar', () => {
  it('looks for the text once typing rests', async () => {
    const page = bar()
    await page.find('input').setValue('报')
    vi.advanceTimersByTime(299)
    await page.find('input').setValue('报价')
    vi.advanceTimersByTime(299)
    expect(page.emitted('find')).toBeUndefined()
    vi.advanceTimersByTime(1)
    expect(page.emitted('find')).toEqual([['报价']])
  })

  it('looks at once on Enter, and once only', async () => {
    const page = bar()
    await page.find('input').setValue('报价')
    await page.find('form').trigger('submit')
    vi.advanceTimersByTime(1000)
    expect(page.emitted('find')).toEqual([['报价']])
  })

  it('goes on to the next hit on Enter for the same text', async () => {
    const page = bar('报价')
    expect(page.find('.status').text()).toBe('1/3')
    await page.find('form').trigger('submit')
    expect(page.emitted('step')).toEqual([[1]])
    expect(page.emitted('find')).toBeUndefined()
  })

  it('stays on the first hit when Enter comes after the search began by itself', async () => {
    const page = bar()
    await page.find('input').setValue('报价')
    vi.advanceTimersByTime(300)
    await page.setProps({ query: '报价', position: 1, total: 3, state: 'done' })
    await page.find('form').trigger('submit')
    expect(page.emitted('step')).toBeUndefined()
    await page.find('form').trigger('submit')
    expect(page.emitted('step')).toEqual([[1]])
    expect(page.emitted('find')).toEqual([['报价']])
  })

  it('goes on with Enter once the hit was in view for a moment', async () => {
    const page = bar()
    await page.find('input').setValue('报价')
    vi.advanceTimersByTime(300)
    await page.setProps({ query: '报价', position: 1, total: 3, state: 'done' })
    vi.advanceTimersByTime(800)
    await page.find('form').trigger('submit')
    expect(page.emitted('step')).toEqual([[1]])
  })

  it('takes no more than the server, and says of a refused query that it is too long', async () => {
    const page = bar('报价')
    expect(page.find('input').attributes('maxlength')).toBe('200')
    await page.setProps({ state: 'error' })
    expect(page.find('.status').text()).toBe('加载失败')
    await page.setProps({ tooLong: true })
    expect(page.find('.status').text()).toBe('太长')
  })

  it('says what was not found, and offers to look in all chats', async () => {
    const page = bar('报价')
    await page.setProps({ position: 0, total: 0 })
    expect(page.find('.status').text()).toBe('没有找到「报价」')
    const words = page.findAll('.tools button').map((button) => button.text() || button.attributes('aria-label'))
    expect(words).toEqual(['在全部会话中搜索', '关闭'])
    await page.find('.tools button').trigger('click')
    expect(page.emitted('everywhere')).toHaveLength(1)
  })

  it('does not say that nothing was found while there is more to look through', async () => {
    const page = bar('报价')
    await page.setProps({ position: 0, total: 0, more: true })
    expect(page.find('.status').text()).toBe('已查过的部分里没有找到，后面还有')
    expect(page.text()).not.toContain('在全部会话中搜索')
  })

  it('names the way to all results in words', async () => {
    const page = bar('报价')
    await page.findAll('button').find((button) => button.text() === '查看全部结果')?.trigger('click')
    expect(page.emitted('list')).toHaveLength(1)
  })

  it('ends the search when the text is cleared', async () => {
    const page = bar('报价')
    await page.find('input').setValue('')
    vi.advanceTimersByTime(300)
    expect(page.emitted('find')).toEqual([['']])
  })

  it('looks for nothing after it was closed', async () => {
    const page = bar()
    await page.find('input').setValue('报价')
    page.unmount()
    vi.advanceTimersByTime(1000)
    expect(page.emitted('find')).toBeUndefined()
  })
})
