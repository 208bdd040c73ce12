// What filters and saved searches are called, also for who has them read out.
import { expect, it } from 'vitest'
import { setLocale } from '@/i18n/t'
import { chipsOf } from '@/search/chips'
import FilterForm from '@/search/FilterForm.vue'
import { emptySearch } from '@/search/query'
import StartPane from '@/search/StartPane.vue'
import { serve, show, shown } from '../screen'
import { employee } from '../chat/fixtures'

it('calls what has bytes an attachment, and says what that is; documents are files', async () => {
  serve(() => ({ body: { items: [] } }))
  await show(FilterForm, { search: emptySearch() }, '/search')
  const choices = [...document.querySelectorAll('[aria-label=包含] [role=checkbox]')]
  expect(choices.map((one) => one.textContent?.trim())).toEqual(['附件', '链接', '二维码'])
  const hint = document.getElementById(choices[0]?.getAttribute('aria-describedby') ?? '')
  for (const kind of ['图片', '视频', '语音', '文件']) expect(hint?.textContent).toContain(kind)
  expect(choices[1]?.hasAttribute('aria-describedby')).toBe(false)
  const chips = () => chipsOf({ ...emptySearch(), has: ['file'], type: ['file', 'qydiskfile'] }).map((chip) => chip.label)
  expect(chips()).toEqual(['文件', '包含附件'])
  await setLocale('en')
  expect(chips()).toEqual(['File', 'Has Attachment'])
})

it('parts the badges of a saved search', async () => {
  const saved = { id: '1', name: '私下收款', query: { q: '私人微信' }, shared: true, owner: employee, mine: true, rule_id: '9', version: 1, updated_at: '2026-01-06T02:00:00Z' }
  serve((call) => ({ body: { items: call.path === '/searches' ? [saved] : [] } }))
  await show(StartPane, {}, '/search')
  expect(shown()).toMatch(/私下收款\s+提醒中\s+已共享/)
})
