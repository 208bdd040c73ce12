// Whatever arrives first, core or pages, one language is spoken.
import { beforeEach, describe, expect, it, vi } from 'vitest'

beforeEach(() => {
  vi.resetModules()
  document.documentElement.lang = 'en'
})

describe('the language of the boot script', () => {
  it.each([
    ['asked for before the texts of pages', true],
    ['asked for after them', false],
  ])('%s', async (_, first) => {
    const { loadPageTexts, locale, restoreLocale, t } = await import('@/i18n/t')
    const steps = first ? [restoreLocale, loadPageTexts] : [loadPageTexts, restoreLocale]
    await Promise.all(steps.map((step) => step()))
    expect([locale(), t('nav.me'), t('alerts.title'), t('me.title')]).toEqual(['en', 'Me', 'Alerts', 'Me'])
  })

  it('gives way to a choice made meanwhile', async () => {
    const { loadPageTexts, locale, restoreLocale, setLocale, t } = await import('@/i18n/t')
    await Promise.all([restoreLocale(), loadPageTexts(), setLocale('zh-CN')])
    expect([locale(), t('nav.me'), t('alerts.title')]).toEqual(['zh-CN', '我的', '告警'])
  })
})
