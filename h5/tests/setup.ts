// Runs before every test file: what happy-dom lacks of a browser.
import { afterEach } from 'vitest'
import { setLocale } from '@/i18n/t'

afterEach(async () => {
  document.body.replaceChildren()
  localStorage.clear()
  await setLocale('zh-CN')
})
