// Runs before every test file: what happy-dom lacks of a browser.
import { afterEach, beforeAll } from 'vitest'
import '@/features/admin/texts'
import { loadPageTexts, setLocale } from '@/i18n/t'

beforeAll(loadPageTexts)

afterEach(async () => {
  document.body.replaceChildren()
  localStorage.clear()
  await setLocale('zh-CN')
})
