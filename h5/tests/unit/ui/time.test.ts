import { describe, expect, it } from 'vitest'
import { setLocale, t } from '@/i18n/t'
import { bytes, dayLabel, duration, isoDay, listTime, momentLabel } from '@/i18n/time'

const now = new Date(2026, 0, 8, 15, 0)

describe('momentLabel', () => {
  for (const [name, at, want] of [
    ['today', new Date(2026, 0, 8, 9, 5), '今天 09:05'],
    ['yesterday', new Date(2026, 0, 7, 23, 59), '昨天 23:59'],
    ['this year', new Date(2026, 0, 2, 0, 0), '1月2日 00:00'],
    ['another year', new Date(2025, 9, 14, 10, 42), '2025年10月14日 10:42'],
  ] as const) {
    it(name, () => expect(momentLabel(at, now)).toBe(want))
  }

  it('speaks English', async () => {
    await setLocale('en')
    expect(momentLabel(new Date(2026, 0, 7, 23, 59), now)).toBe('Yesterday 23:59')
    expect(dayLabel(new Date(2025, 9, 14), now)).toBe('Oct 14, 2025')
  })
})

it('listTime is the clock today, else the day', () => {
  expect(listTime(new Date(2026, 0, 8, 9, 5), now)).toBe('09:05')
  expect(listTime(new Date(2026, 0, 1), now)).toBe('1月1日')
})

it('isoDay counts in the zone of the device', () => expect(isoDay(new Date(2026, 0, 8, 23, 59))).toBe('2026-01-08'))

describe('duration', () => {
  for (const [seconds, want] of [[0, '0:00'], [94, '1:34'], [3723, '1:02:03'], [-1, '0:00']] as const) {
    it(String(seconds), () => expect(duration(seconds)).toBe(want))
  }
})

describe('bytes', () => {
  for (const [n, want] of [[0, '0 B'], [184320, '180 KB'], [1468006, '1.4 MB'], [52428800, '50 MB'], [5368709120, '5.0 GB']] as const) {
    it(want, () => expect(bytes(n)).toBe(want))
  }
})

describe('t', () => {
  it('fills in and counts', async () => {
    expect(t('people.count', { n: 1234 })).toBe('1,234 位员工')
    await setLocale('en')
    expect(t('people.count', { n: 1 })).toBe('1 employee')
    expect(t('people.count', { n: 2 })).toBe('2 employees')
  })

  it('leaves a place open that nobody fills', () => expect(t('state.requestId')).toBe('请求编号 {id}'))
})
