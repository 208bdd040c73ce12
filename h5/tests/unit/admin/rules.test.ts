// The list of rules and the editor, with a server that answers.
import { afterEach, describe, expect, it } from 'vitest'
import { keepDraft, keptDraft } from '@/features/admin/rules/draft'
import RulePage from '@/features/admin/rules/RulePage.vue'
import RulesPage from '@/features/admin/rules/RulesPage.vue'
import { type Answer, button, type Call, serve, settle, show, shown } from '../screen'
import { departments, ruleOf, viewerOf } from './fixtures'

/** Answers everything the editor reads; change answers what it writes. */
function editorServer(change: (call: Call) => Answer = () => ({ body: ruleOf({ version: 5 }) })) {
  return serve((call) => {
    if (call.method !== 'GET') return change(call)
    if (call.path === '/departments') return { body: { items: departments } }
    if (call.path === '/viewers') return { body: { items: [viewerOf()] } }
    if (call.path === '/rules') return { body: { items: [ruleOf()] } }
    return { body: ruleOf() }
  })
}

function type(selector: string, text: string): void {
  const field = document.querySelector(selector) as HTMLInputElement
  field.value = text
  field.dispatchEvent(new Event('input'))
}

async function submit(id = 'rule-form'): Promise<void> {
  document.querySelector(`form#${id}`)?.dispatchEvent(new Event('submit', { cancelable: true }))
  await settle()
}

afterEach(() => {
  keepDraft('', undefined)
  keepDraft('9', undefined)
})

describe('the list', () => {
  it('shows rules and turns one off with the version it has', async () => {
    const calls = editorServer(() => ({ body: ruleOf({ enabled: false, version: 5 }) }))
    const { page } = await show(RulesPage)
    expect(page.text()).toContain('2 个词 · 命中 7 次 · 员工')
    await page.find('[role=switch]').trigger('click')
    await settle()
    const put = calls.find((call) => call.method === 'PUT')
    expect(put).toMatchObject({ path: '/rules/9', body: { enabled: false, version: 4, words: ['微信', '支付宝'] } })
    expect(page.find('[role=switch]').attributes('aria-checked')).toBe('true')
  })

  it('offers to make the first one', async () => {
    serve(() => ({ body: { items: [] } }))
    const { router } = await show(RulesPage)
    button('新建规则').click()
    await settle()
    expect(router.currentRoute.value.name).toBe('rule-new')
  })
})

describe('a new rule', () => {
  it('is not sent while something is missing', async () => {
    const calls = editorServer()
    await show(RulePage, { id: '' })
    await submit()
    expect(shown()).toContain('请填写名称')
    expect(shown()).toContain('请至少填写一个词')
    expect(calls.some((call) => call.method === 'POST')).toBe(false)
  })

  it('is sent with each word once', async () => {
    const calls = editorServer()
    const { router } = await show(RulePage, { id: '' })
    type('input[type=text]', ' 收款 ')
    type('textarea.words', '微信\n微信\n 转账')
    await settle()
    expect(shown()).toContain('2 个词')
    expect(shown()).toContain('已忽略 1 个重复的词')
    await submit()
    const post = calls.find((call) => call.method === 'POST')
    expect(post).toMatchObject({ path: '/rules', body: { name: '收款', words: ['微信', '转账'], scope_all: true, enabled: true } })
    expect(router.currentRoute.value.name).toBe('rules')
    expect(keptDraft('')).toBeUndefined()
  })
})

describe('a stored rule', () => {
  it('keeps what was typed until it is discarded', async () => {
    editorServer()
    const first = await show(RulePage, { id: '9' })
    type('input[type=text]', '改过的名字')
    await settle()
    first.page.unmount()
    await show(RulePage, { id: '9' })
    expect(shown()).toContain('已恢复未保存的修改')
    expect((document.querySelector('input[type=text]') as HTMLInputElement).value).toBe('改过的名字')
    button('放弃修改').click()
    await settle()
    expect((document.querySelector('input[type=text]') as HTMLInputElement).value).toBe('私下收款')
    expect(keptDraft('9')).toBeUndefined()
  })

  it('says when somebody else was faster, and loads their version', async () => {
    let newest = ruleOf()
    serve((call) => {
      if (call.method === 'PUT') {
        newest = ruleOf({ name: '别人改的', version: 5 })
        return { status: 409, code: 'conflict' }
      }
      if (call.path === '/departments') return { body: { items: departments } }
      return { body: call.path === '/viewers' ? { items: [] } : newest }
    })
    await show(RulePage, { id: '9' })
    type('input[type=text]', '我改的')
    await settle()
    await submit()
    expect(shown()).toContain('刚刚被其他管理员修改过')
    expect((document.querySelector('input[type=text]') as HTMLInputElement).value).toBe('我改的')
    button('载入最新版本').click()
    await settle()
    expect((document.querySelector('input[type=text]') as HTMLInputElement).value).toBe('别人改的')
    expect(shown()).not.toContain('刚刚被其他管理员修改过')
  })

  it('is deleted after a question', async () => {
    const calls = serve((call) => {
      if (call.method === 'DELETE') return { body: null }
      if (call.path === '/departments' || call.path === '/viewers') return { body: { items: [] } }
      return { body: ruleOf() }
    })
    const { router } = await show(RulePage, { id: '9' })
    button('删除规则').click()
    await settle()
    expect(shown()).toContain('已产生的 7 条告警会保留')
    expect(calls.some((call) => call.method === 'DELETE')).toBe(false)
    button('删除').click()
    await settle()
    expect(calls.find((call) => call.method === 'DELETE')?.path).toBe('/rules/9')
    expect(router.currentRoute.value.name).toBe('rules')
  })
})

describe('the try-it box', () => {
  it('marks what the words of the editor find, saved or not', async () => {
    const calls = editorServer(() => ({ body: { words: ['转账'], spans: [{ start: 1, end: 3 }] } }))
    const { page } = await show(RulePage, { id: '9' })
    type('textarea.words', '转账')
    type('.try-box textarea', '请转账给我')
    await settle()
    document.querySelector('.try-box form')?.dispatchEvent(new Event('submit', { cancelable: true }))
    await settle()
    expect(calls.find((call) => call.path === '/rules/test')?.body).toEqual({ words: ['转账'], text: '请转账给我' })
    expect(page.find('.try-box mark').text()).toBe('转账')
    expect(shown()).toContain('命中：转账')
    type('.try-box textarea', '请转账给他')
    await settle()
    expect(page.find('.try-box mark').exists()).toBe(false)
  })
})
