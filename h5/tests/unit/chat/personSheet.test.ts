// Who somebody in a chat is.
import { describe, expect, it } from 'vitest'
import type { Api } from '@/api/client'
import PersonSheet from '@/chat/sheets/PersonSheet.vue'
import { show, shown } from '../screen'
import { customer, employee } from './fixtures'

describe('the account of a person', () => {
  for (const [name, person, want] of [
    ['as WeCom spells it', { ...employee, userid: 'LinXiaoYu' }, 'LinXiaoYu'],
    ['its id where that is not known', employee, 'linxiaoyu'],
    ['of a customer', customer, 'wmCustomer'],
  ] as [string, Api['Person'], string][]) {
    it(name, async () => {
      await show(PersonSheet, { person, open: true })
      const fact = [...document.querySelectorAll('dt')].find((one) => one.textContent === '账号' && one.nextElementSibling?.textContent !== '微信')
      expect(fact?.nextElementSibling?.textContent?.trim()).toBe(want)
      expect(shown()).not.toContain(want === 'LinXiaoYu' ? 'linxiaoyu' : 'LinXiaoYu')
    })
  }
})
