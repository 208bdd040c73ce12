// Takes pictures of the built front end at both widths and in both themes, and
// fails on anything that the console or the content policy complains about.
import { mkdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { chromium } from 'playwright-core'
import { start } from '../mock/server.mjs'

const out = fileURLToPath(new URL('./out/', import.meta.url))
mkdirSync(out, { recursive: true })

const flags = ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync']
const sizes = {
  phone: { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true, deviceScaleFactor: 2 },
  desktop: { viewport: { width: 1440, height: 900 } },
}
const target = 'm100-002607'

async function tryRule(page) {
  await page.getByPlaceholder('输入一段话').fill('我给您保证，绝对没问题')
  await page.getByRole('button', { name: '测试' }).click()
}

/** What is photographed: address, and what is done before. */
const shots = [
  { name: 'people', path: '/people', ready: '.row' },
  { name: 'contacts', path: '/people/emp0', ready: '.row' },
  { name: 'chat', path: '/c/100?as=emp0', ready: 'article' },
  { name: 'landing', path: `/c/100?m=${target}`, ready: 'article' },
  { name: 'kinds', path: '/c/101?as=emp0', ready: 'article' },
  { name: 'kinds-middle', path: '/c/101?as=emp0&m=m101-000015', ready: 'article' },
  { name: 'kinds-top', path: '/c/101?as=emp0&m=m101-000003', ready: 'article' },
  { name: 'group', path: '/c/400?as=emp0', ready: 'article' },
  { name: 'groups', path: '/people/emp0?tab=groups', ready: '.row' },
  { name: 'find', path: '/c/100?as=emp0&q=原木色', ready: 'mark' },
  { name: 'days', path: '/c/100?as=emp0', ready: 'article', act: (page) => page.getByRole('button', { name: '跳转到日期' }).first().click() },
  { name: 'details', path: '/c/100?as=emp0', ready: 'article', act: (page) => page.getByRole('button', { name: '会话详情' }).click() },
  { name: 'message', path: `/c/100?m=${target}`, ready: 'article', act: (page) => page.locator(`article[data-id="${target}"] .said`).click() },
  { name: 'link', path: '/c/101?as=emp0&m=m101-000007', ready: 'article', act: (page) => page.getByText('实木家具保养指南').click() },
  { name: 'record', path: '/c/101?as=emp0&m=m101-000012', ready: 'article', act: (page) => page.getByText('陈先生与设计师的聊天记录').click() },
  { name: 'not-found', path: '/c/999', ready: '[role=alert]' },
  { name: 'alerts', path: '/alerts', ready: '.alert-row' },
  { name: 'alerts-deletions', path: '/alerts?tab=behaviours&state=all', ready: '.alert-row' },
  { name: 'alert', path: '/alerts/v1', ready: 'article' },
  { name: 'alert-end', path: '/alerts/v1', ready: 'article', act: (page) => page.locator('.push').last().scrollIntoViewIfNeeded() },
  { name: 'alert-deletion', path: '/alerts/d1', ready: 'article' },
  { name: 'alert-mark', path: '/alerts/v1', ready: 'article', act: (page) => page.getByRole('button', { name: '标记处理' }).click() },
  { name: 'admin', path: '/admin', ready: '.link' },
  { name: 'rules', path: '/admin/rules', ready: '.rule-row' },
  { name: 'rule', path: '/admin/rules/2', ready: '.viewer', act: tryRule },
  { name: 'rule-bottom', path: '/admin/rules/2', ready: '.viewer', act: (page) => page.locator('.try-box').scrollIntoViewIfNeeded() },
  { name: 'rule-new', path: '/admin/rules/new', ready: '.viewer', act: (page) => page.getByRole('button', { name: '保存' }).click() },
  { name: 'rule-scope', path: '/admin/rules/2', ready: '.viewer', act: (page) => page.getByRole('button', { name: '部门', exact: true }).click() },
  { name: 'rule-people', path: '/admin/rules/2', ready: '.viewer', act: (page) => page.getByRole('button', { name: '员工', exact: true }).click() },
  { name: 'rule-delete', path: '/admin/rules/2', ready: '.viewer', act: (page) => page.getByRole('button', { name: '删除规则' }).click() },
  { name: 'viewers', path: '/admin/viewers', ready: '.viewer-row' },
  { name: 'viewer', path: '/admin/viewers/2', ready: '.member' },
  { name: 'viewer-new', path: '/admin/viewers/new', ready: '.member' },
  { name: 'pushes', path: '/admin/pushes', ready: '.push' },
  { name: 'status', path: '/admin/status', ready: '.sum' },
  { name: 'me', path: '/me', ready: '.who' },
  { name: 'login', path: '/login', ready: 'h1' },
]

const only = process.argv.slice(2)
const { server, url } = await start()
const browser = await chromium.launch({ executablePath: process.env.CHROMIUM_PATH ?? '/usr/bin/chromium', args: flags })
const complaints = []
for (const [size, options] of Object.entries(sizes)) {
  for (const theme of ['light', 'dark']) {
    const context = await browser.newContext({ ...options, colorScheme: theme, locale: 'zh-CN', timezoneId: 'Asia/Shanghai', reducedMotion: 'reduce' })
    await context.clock?.setFixedTime(new Date('2026-01-08T04:00:00Z'))
    for (const shot of shots) {
      const name = `${shot.name}-${size}-${theme}`
      if (only.length && !only.some((part) => name.includes(part))) continue
      const page = await context.newPage()
      page.on('console', (line) => {
        if (['error', 'warning'].includes(line.type()) && !line.text().includes('404 (Not Found)')) complaints.push(`${name}: ${line.text()}`)
      })
      page.on('pageerror', (error) => complaints.push(`${name}: ${error.stack}`))
      await page.goto(url + shot.path)
      try {
        await page.locator(shot.ready).first().waitFor({ timeout: 5000 })
        await shot.act?.(page)
        await page.waitForTimeout(400)
      } catch (error) {
        complaints.push(`${name}: ${error.message}`)
      }
      await page.screenshot({ path: `${out}${name}.png` })
      await page.close()
    }
    await context.close()
  }
}
await browser.close()
server.closeAllConnections()
server.close()
for (const complaint of complaints) console.error(complaint)
process.exitCode = complaints.length ? 1 : 0
