// Pictures, sounds, videos and files as a reader meets them: fingers, keys, back,
// links that end, and what is asked of the server.
import type { Locator, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { changeFile, endLinks, followed, push } from '../mock/server.mjs'
import { expectQuiet, row, Stage } from './browser'
import { tooSmall, violations } from './checks'
import type { screens } from './devices'

let stage: Stage
beforeAll(async () => {
  stage = await Stage.set()
})
afterAll(() => stage.strike())

/** The chat of files, landed on a message by its name. */
async function open(name: string, screen: keyof typeof screens = 'phone', theme: 'light' | 'dark' = 'light') {
  const opened = await stage.open(`/c/600?as=emp0&m=m600-${name}`, screen, theme)
  const at = row(opened.page, `m600-${name}`)
  await at.waitFor()
  return { ...opened, opened, at }
}

const viewer = (page: Page) => page.getByRole('dialog', { name: '查看图片和视频' })
const sheet = (page: Page) => page.getByRole('dialog', { name: '文件详情' })
/** The picture in view, once its bytes are here. */
const large = (page: Page) => viewer(page).locator('.slide[aria-hidden=false] .large.sharp')

/** How much the picture in view is enlarged. */
async function scaleOf(page: Page): Promise<number> {
  const style = (await viewer(page).locator('.slide[aria-hidden=false] .box').getAttribute('style')) ?? ''
  return Number(/scale\(([\d.]+)\)/.exec(style)?.[1] ?? 0)
}

/** Which file is in view, by its address. */
const inView = (page: Page) => large(page).getAttribute('src')

/** Moves fingers over the screen, each from its first to its last point. */
async function touch(page: Page, fingers: { from: [number, number]; to: [number, number] }[], steps = 8): Promise<void> {
  const client = await page.context().newCDPSession(page)
  const points = (share: number) =>
    fingers.map(({ from, to }, id) => ({ id, x: from[0] + (to[0] - from[0]) * share, y: from[1] + (to[1] - from[1]) * share }))
  await client.send('Input.dispatchTouchEvent', { type: 'touchStart', touchPoints: points(0) })
  for (let i = 1; i <= steps; i++) await client.send('Input.dispatchTouchEvent', { type: 'touchMove', touchPoints: points(i / steps) })
  await client.send('Input.dispatchTouchEvent', { type: 'touchEnd', touchPoints: [] })
  await client.detach()
}

describe('the details of a video', () => {
  for (const screen of ['phone', 'desktop'] as const) {
    it(`have a small sign of the file, and the whole video: ${screen}`, async () => {
      changeFile('c-video', { name: '会议.mp4', ext: 'mp4' })
      const { page, at, opened } = await open('call-video', screen)
      await at.locator('.recording').click()
      await sheet(page).locator('.tile.video').waitFor()
      const within = await sheet(page).locator('.body').boundingBox()
      const video = await sheet(page).locator('video').boundingBox()
      const tile = await sheet(page).locator('.tile').boundingBox()
      if (!within || !video || !tile) throw new Error('not drawn')
      expect([tile.width, tile.height]).toEqual([40, 48])
      expect(video.x).toBeGreaterThanOrEqual(within.x)
      expect(video.x + video.width).toBeLessThanOrEqual(within.x + within.width)
      expectQuiet(opened)
      await page.context().close()
    })
  }
})

describe('the viewer', () => {
  it('has nothing under its bars on a desktop', async () => {
    const { page, at } = await open('portrait', 'desktop')
    await at.locator('figure button').click()
    await large(page).waitFor()
    const [picture, header, footer] = await Promise.all(
      ['.slide[aria-hidden=false] .box', 'header', 'footer'].map((part) => viewer(page).locator(part).boundingBox()),
    )
    if (!picture || !header || !footer) throw new Error('not drawn')
    expect(picture.y).toBeGreaterThanOrEqual(header.y + header.height)
    expect(picture.y + picture.height).toBeLessThanOrEqual(footer.y)
    await page.context().close()
  })

  it('is swiped through, to both sides in time', async () => {
    const { page, at, opened } = await open('portrait')
    await at.locator('figure button').click()
    await large(page).waitFor()
    expect(await inView(page)).toContain('p-portrait.url')
    await viewer(page).getByRole('button', { name: '下一个' }).waitFor()
    await touch(page, [{ from: [330, 400], to: [60, 410] }])
    await expect.poll(() => inView(page)).toContain('p-large.large')
    await touch(page, [{ from: [60, 400], to: [330, 400] }])
    await expect.poll(() => inView(page)).toContain('p-portrait.url')
    expectQuiet(opened)
  })

  it('is pinched, panned and double tapped', async () => {
    const { page, at, opened } = await open('portrait')
    await at.locator('figure button').click()
    await large(page).waitFor()
    await touch(page, [{ from: [180, 400], to: [80, 400] }, { from: [220, 400], to: [320, 400] }])
    await expect.poll(() => scaleOf(page)).toBeGreaterThan(3)
    const before = await viewer(page).locator('.slide[aria-hidden=false] .box').getAttribute('style')
    await touch(page, [{ from: [200, 500], to: [260, 560] }])
    await expect.poll(() => viewer(page).locator('.slide[aria-hidden=false] .box').getAttribute('style')).not.toBe(before)
    expect(await inView(page)).toContain('p-portrait') // panning is no swipe
    await viewer(page).getByRole('button', { name: '还原大小' }).click()
    await expect.poll(() => scaleOf(page)).toBe(1)
    await page.touchscreen.tap(200, 400)
    await page.touchscreen.tap(200, 400)
    await expect.poll(() => scaleOf(page)).toBe(2.5)
    expectQuiet(opened)
  })

  it('loads the original only when it is asked for, and of neighbours the small pictures only', async () => {
    const { page, at } = await open('large')
    followed.length = 0
    await at.locator('figure button').click()
    await large(page).waitFor()
    await viewer(page).getByRole('button', { name: '上一个' }).waitFor()
    expect(followed).toContain('p-large large')
    expect(followed).not.toContain('p-large url')
    expect(followed.filter((one) => /^p-(portrait|panorama) (url|large)/.test(one))).toEqual([])
    await viewer(page).getByRole('button', { name: /查看原图/ }).click()
    await expect.poll(() => inView(page)).toContain('p-large.url')
    expect(followed).toContain('p-large url')
  })

  it('goes with the keys, closes by Escape and by back, and gives the focus back', async () => {
    const { page, at, opened } = await open('portrait', 'desktop')
    const button = at.locator('figure button')
    await button.click()
    await large(page).waitFor()
    await viewer(page).getByRole('button', { name: '下一个' }).waitFor()
    await page.keyboard.press('ArrowRight')
    await expect.poll(() => inView(page)).toContain('p-large')
    await page.keyboard.press('ArrowLeft')
    await expect.poll(() => inView(page)).toContain('p-portrait')
    await page.keyboard.press('+')
    await expect.poll(() => scaleOf(page)).toBeGreaterThan(1)
    await page.keyboard.press('0')
    await expect.poll(() => scaleOf(page)).toBe(1)
    await page.keyboard.press('Escape')
    await viewer(page).waitFor({ state: 'detached' })
    expect(await button.evaluate((one) => one === document.activeElement)).toBe(true)
    await button.click()
    await viewer(page).waitFor()
    await page.goBack()
    await viewer(page).waitFor({ state: 'detached' })
    expect(new URL(page.url()).pathname).toBe('/c/600')
    expectQuiet(opened)
  })

  it('leads to the message in the chat', async () => {
    const { page, at, opened } = await open('landscape')
    await at.locator('figure button').click()
    await large(page).waitFor()
    for (let i = 0; i < 6; i++) await viewer(page).getByRole('button', { name: '下一个' }).click()
    await expect.poll(() => inView(page)).toContain('p-screen')
    await viewer(page).getByRole('button', { name: '定位到聊天' }).click()
    await viewer(page).waitFor({ state: 'detached' })
    await expect.poll(() => row(page, 'm600-screen').getAttribute('class')).toContain('flash')
    expectQuiet(opened)
  })

  it('stays below the watermark, and asks before a code is followed', async () => {
    const { page, at, opened } = await open('code')
    await at.locator('figure button').click()
    await large(page).waitFor()
    const layers = await page.evaluate(() => ['.watermark', '.viewer'].map((one) => Number(getComputedStyle(document.querySelector(one) ?? document.body).zIndex)))
    expect(layers[0]).toBeGreaterThan(layers[1] ?? Infinity)
    await viewer(page).getByRole('button', { name: 'https://www.example.com/pay/7' }).click()
    await page.getByRole('dialog', { name: '外部链接' }).waitFor()
    await page.goBack()
    await page.getByRole('dialog', { name: '外部链接' }).waitFor({ state: 'detached' })
    expect(await viewer(page).isVisible()).toBe(true)
    expectQuiet(opened)
  })
})

describe('a picture in the chat', () => {
  it('asks for new links once they are over, silently', async () => {
    const { page, at } = await open('pay')
    // One that still loads would fail by itself once more.
    await expect.poll(() => at.locator('figure img').evaluate((one: HTMLImageElement) => one.naturalWidth)).toBeGreaterThan(0)
    endLinks('p-pay')
    // The row is drawn anew with the links that it was given.
    await page.evaluate(() => document.querySelector<HTMLImageElement>('article[data-id="m600-pay"] img')?.dispatchEvent(new Event('error')))
    await expect.poll(() => at.locator('figure img').getAttribute('src')).toContain('p-pay.thumb.2')
    await expect.poll(() => at.locator('figure img').evaluate((one: HTMLImageElement) => one.naturalWidth)).toBeGreaterThan(0)
  })

  it('arrives without moving its row', async () => {
    const { page, at, opened } = await open('pending')
    expect(await at.textContent()).toContain('原始文件尚未取回')
    const below = row(page, 'm600-expired')
    const before = await below.boundingBox()
    changeFile('p-pending', { state: 'expired' })
    await expect
      .poll(async () => {
        push('file', { conversation_id: '600', message_ids: ['m600-pending'] })
        return at.textContent()
      })
      .toContain('已超过企业微信保留期')
    expect(await below.boundingBox()).toEqual(before)
    changeFile('p-pending', { state: 'pending' })
    expectQuiet(opened)
  })

  it('that was given up is fetched again by an admin', async () => {
    const { page, at, opened } = await open('refused')
    await at.locator('figure button').click()
    await sheet(page).getByRole('button', { name: '重新取回' }).click()
    await expect.poll(() => sheet(page).textContent()).toContain('原始文件尚未取回')
    changeFile('p-refused', { state: 'refused', error_class: 'refused' })
    expectQuiet(opened)
  })
})

/** Whether the sound of a voice message is being played, by its own button. */
const playing = (at: Locator) => at.locator('.bar').getAttribute('aria-pressed')

it('a file that seems whole is looked at by an admin, and one with a flag fetched again', async () => {
  const { page, at, opened } = await open('xlsx')
  await at.locator('.file').click()
  await sheet(page).getByRole('button', { name: '核对内容' }).click()
  await page.getByText('已核对：保存的内容完好').waitFor()
  await page.goBack()
  await row(page, 'm600-pptx').locator('.file').click()
  await sheet(page).getByRole('button', { name: '重新取回' }).click()
  await sheet(page).getByText('正在重新取回，已保存的内容仍可查看').waitFor()
  changeFile('f-pptx', { refetching: undefined, flag: undefined })
  await page.getByText('已取回并保存').waitFor()
  expect(await sheet(page).textContent()).not.toContain('内容与消息所述不符')
  changeFile('f-pptx', { flag: 'size' })
  expect(opened.complaints.filter((one) => !one.includes('409'))).toEqual([])
})

describe('a voice message', () => {
  it('plays, one at a time, faster, by Space, and moves nothing', async () => {
    const { page, at, opened } = await open('voice', 'desktop')
    const other = row(page, 'm600-voice-own')
    const heights = await Promise.all([at, other].map((one) => one.evaluate((found: HTMLElement) => found.offsetHeight)))
    await at.locator('.bar').click()
    await expect.poll(() => playing(at)).toBe('true')
    await other.focus()
    await page.keyboard.press('Space')
    await expect.poll(() => playing(other)).toBe('true')
    expect(await playing(at)).toBe('false')
    await other.getByRole('button', { name: /播放速度/ }).click()
    await expect.poll(() => other.getByRole('button', { name: /播放速度/ }).textContent()).toContain('1.5×')
    await page.keyboard.press('Space') // the speed has the focus: faster still
    await expect.poll(() => other.getByRole('button', { name: /播放速度/ }).textContent()).toContain('2×')
    await other.focus()
    await page.keyboard.press('Space')
    await expect.poll(() => playing(other)).toBe('false')
    expect(await Promise.all([at, other].map((one) => one.evaluate((found: HTMLElement) => found.offsetHeight)))).toEqual(heights)
    expectQuiet(opened)
  })

  it('goes on with new links where its own are over', async () => {
    const { at } = await open('voice-own')
    endLinks('s-long')
    followed.length = 0
    await at.locator('.bar').click()
    await expect.poll(() => followed.includes('s-long url')).toBe(true)
    await expect.poll(() => playing(at)).toBe('true')
  })
})

describe('a recorded call', () => {
  it('is sought, and begins where something was shown', async () => {
    const { page, at, opened } = await open('call')
    await at.getByRole('button', { name: /录音/ }).click()
    const position = sheet(page).getByRole('slider')
    await sheet(page).getByRole('button', { name: /橡木系列/ }).click()
    await expect.poll(async () => Number(await position.inputValue())).toBeGreaterThanOrEqual(4)
    await sheet(page).getByRole('button', { name: '暂停' }).click()
    await position.fill('12')
    await expect.poll(() => sheet(page).textContent()).toContain('0:12 / 0:17')
    await page.goBack()
    await sheet(page).waitFor({ state: 'detached' })
    expectQuiet(opened)
  })
})

describe('a video', () => {
  it('plays in its box by a tap', async () => {
    const { page, at, opened } = await open('video')
    const box = await at.locator('figure').boundingBox()
    await at.locator('figure button').click()
    await at.locator('video').waitFor()
    await expect.poll(() => at.locator('video').evaluate((one: HTMLVideoElement) => one.currentTime)).toBeGreaterThan(0)
    expect(await at.locator('figure').boundingBox()).toEqual(box)
    expect(await page.locator('video').count()).toBe(1)
    expectQuiet(opened)
  })

  it('that cannot be played says so', async () => {
    const { at } = await open('video-odd')
    await at.locator('figure button').click()
    await expect.poll(() => at.textContent()).toContain('无法播放此格式')
    expect(await at.getByRole('link', { name: '下载' }).getAttribute('href')).toContain('v-odd.file')
  })
})

describe('a file', () => {
  it('is previewed by its pages, and downloaded under its own link', async () => {
    const { page, at, opened } = await open('pdf')
    await at.locator('.file').click()
    await sheet(page).getByRole('img', { name: '第 1 页' }).waitFor()
    const download = page.waitForEvent('download')
    await sheet(page).getByRole('link', { name: '下载' }).click()
    expect((await download).url()).toContain('/api/v1/media/f-pdf.file')
    expectQuiet(opened)
  })

  for (const screen of ['phone', 'desktop'] as const) {
    it(`that may not be had yet is said to be so, with the wait, on a ${screen}`, async () => {
      const { page, at, opened } = await open('pdf', screen)
      const pages = page.context().pages().length
      let saved = 0
      page.on('download', () => saved++)
      let status = 429
      await page.route(/\/api\/v1\/media\/(f-pdf|p-landscape)\.file/, (route) =>
        status === 429 ? route.fulfill({ status, headers: { 'Retry-After': '40' }, contentType: 'application/json', body: '{"error":{"code":"rate_limited","message":"too many bytes of files read"}}' }) : route.continue(),
      )
      await at.locator('.file').click()
      await sheet(page).getByRole('link', { name: '下载' }).click()
      await sheet(page).getByRole('alert').getByText('打开文件过于频繁，请 40 秒后再试').waitFor()
      await expect.poll(() => sheet(page).getByRole('alert').evaluate((one) => one.getBoundingClientRect().bottom <= window.innerHeight)).toBe(true)
      expect(await violations(page)).toEqual([])
      if (screen === 'phone') expect(await tooSmall(page)).toEqual([])
      expect(opened.complaints.splice(0).every((one) => one.includes('429'))).toBe(true)
      status = 200
      const download = page.waitForEvent('download')
      await sheet(page).getByRole('link', { name: '下载' }).click()
      await download
      await sheet(page).getByRole('alert').waitFor({ state: 'detached' })
      expect([saved, page.context().pages().length]).toEqual([1, pages])
      expectQuiet(opened)
    })
  }

  it('within a forwarded chat opens over it, and leads out of it', async () => {
    const { page, at, opened } = await open('record')
    await at.locator('.record').click()
    const record = page.getByRole('dialog', { name: /聊天记录/ })
    await record.locator('figure button').click()
    await large(page).waitFor()
    await page.goBack()
    await viewer(page).waitFor({ state: 'detached' })
    await record.locator('.file').click()
    await sheet(page).getByRole('button', { name: '定位到聊天' }).click()
    await expect.poll(() => page.getByRole('dialog').count()).toBe(0)
    await expect.poll(() => at.getAttribute('class')).toContain('flash')
    expectQuiet(opened)
  })
})

/** What is looked at by axe and by a ruler: message, and what is opened. */
const looks: { name: string; at: string; act?: (page: Page, at: Locator) => Promise<void> }[] = [
  { name: 'pictures', at: 'portrait' },
  { name: 'videos', at: 'video-tall' },
  { name: 'voices', at: 'voice-original' },
  { name: 'states', at: 'broken' },
  { name: 'files', at: 'zip' },
  { name: 'viewer', at: 'code', act: async (page, at) => (await at.locator('figure button').click(), await large(page).waitFor(), await viewer(page).getByRole('button', { name: '上一个' }).waitFor()) },
  { name: 'call', at: 'call', act: async (page, at) => (await at.locator('.recording').click(), await sheet(page).getByRole('slider').waitFor()) },
  { name: 'pdf', at: 'pdf', act: async (page, at) => (await at.locator('.file').click(), await sheet(page).getByRole('img', { name: '第 1 页' }).waitFor()) },
  { name: 'refused', at: 'refused', act: async (page, at) => (await at.locator('figure button').click(), await sheet(page).getByRole('button', { name: '重新取回' }).waitFor()) },
]

/** A phone in both themes; a desktop draws the same rows and differs in what opens over them. */
const grounds = [
  { screen: 'phone', theme: 'light', tried: looks },
  { screen: 'phone', theme: 'dark', tried: looks },
  { screen: 'desktop', theme: 'light', tried: looks.filter((look) => look.act) },
] as const

for (const { screen, theme, tried } of grounds) {
  describe(`accessible, ${screen}, ${theme}`, () => {
    for (const look of tried) {
      it(look.name, async () => {
        const { page, at, opened } = await open(look.at, screen, theme)
        await look.act?.(page, at)
        expect(await violations(page)).toEqual([])
        if (screen === 'phone') expect(await tooSmall(page)).toEqual([])
        expectQuiet(opened)
        await page.context().close()
      })
    }
  })
}
