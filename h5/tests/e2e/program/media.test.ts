// Files in a chat, from WeCom to the reader: pictures, sounds, videos, documents,
// stickers and recorded calls, by the real programs in a real browser.
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import type { Locator, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Api } from '../../../src/api/client'
import { Caller, type Chat } from './api'
import { Sim } from './sim'
import { type Actor, bothScreens, expectFine, expectQuiet, Stage } from './stage'
import { admin, World } from './world'

/** What is sent before anybody looks, in order. */
const samples = [
  ...['image.landscape', 'image.portrait', 'voice.nb', 'voice.wb', 'video.landscape', 'file.pdf', 'file.docx', 'emotion.gif'],
  ...['meeting_voice_call.alone', 'image.png', 'text.plain'],
] as const
type Sample = (typeof samples)[number]
/** How many of them stand in each tab. */
const inTabs = { visual: 4, file: 2, voice: 3 }

let world: World
let stage: Stage
let caller: Caller
let sim: Sim
let chat: Chat
/** seq and id of the samples. */
const sent = new Map<Sample, { seq: number; id: string }>()

beforeAll(async () => {
  world = await World.start('media', ['-messages', '300', '-rate', '0'])
  stage = await Stage.set(world.addresses)
  caller = await Caller.signIn(world.addresses, admin)
  sim = new Sim(world.addresses.sim)
  chat = await caller.conversation('LinXiaoyu')
  for (const name of samples) {
    const from = sent.size % 2 ? [chat.employee, chat.customer] : [chat.customer, chat.employee]
    const { seq } = await sim.sample(name, from[0] ?? '', from[1] ?? '')
    sent.set(name, { seq, id: '' })
  }
})
afterAll(async () => {
  try {
    await caller.dispose()
    await stage.strike()
  } finally {
    await world.stop()
  }
})

/** Learns the ids of the samples; gives those whose files are not ready and looked into. */
async function learn(): Promise<string[]> {
  const messages = await caller.bySeq(chat)
  return samples.filter((name) => {
    const known = sent.get(name)
    const message = known && messages.get(known.seq)
    if (known && message) known.id = message.id
    return name === 'text.plain' ? !message : !message?.content.media?.looked
  })
}

const idOf = (name: Sample) => sent.get(name)?.id ?? ''
const rowOf = (page: Page, name: Sample) => page.locator(`article[data-id="${idOf(name)}"]`)
const viewer = (page: Page) => page.getByRole('dialog', { name: '查看图片和视频' })
const sheet = (page: Page) => page.getByRole('dialog', { name: '文件详情' })
/** The picture of the viewer that is in view, once it is here. */
const inFull = (page: Page) => viewer(page).locator('.slide[aria-hidden=false] .large.sharp')
const widthOf = (picture: Locator) => picture.evaluate((one: HTMLImageElement) => one.naturalWidth)

/** Opens the chat at one of the samples. */
async function open(screen: Actor['screen'], name: Sample): Promise<{ actor: Actor; page: Page; row: Locator }> {
  const actor = await stage.as(admin, screen, `${chat.path}&m=${idOf(name)}`)
  const row = rowOf(actor.page, name)
  await row.waitFor()
  await row.scrollIntoViewIfNeeded()
  return { actor, page: actor.page, row }
}

/** Lets a test see which sounds and videos play: sounds are not in the page. */
async function listen(page: Page): Promise<void> {
  await page.evaluate(() => {
    const heard = new Set<HTMLMediaElement>()
    const { play } = HTMLMediaElement.prototype
    HTMLMediaElement.prototype.play = function () {
      heard.add(this)
      return play.call(this)
    }
    Object.assign(window, { playing: () => [...heard].filter((one) => !one.paused).map((one) => one.currentTime) })
    Object.assign(window, { latest: () => [...heard].at(-1) })
  })
}

declare global {
  interface Window {
    /** Positions of what is playing now, in seconds. */
    playing(): number[]
    latest(): HTMLMediaElement | undefined
  }
}

const playing = (page: Page) => page.evaluate(() => window.playing())

/** Follows a download link; expects the file of a sample under its name. */
async function expectDownload(actor: Actor, link: Locator, name: Sample, fileName: RegExp): Promise<void> {
  const coming = actor.page.waitForEvent('download')
  await link.click()
  const download = await coming
  const hash = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex')
  expect(download.suggestedFilename()).toMatch(fileName)
  expect(hash(readFileSync(await download.path()))).toBe(hash(await sim.bytesOf(sent.get(name)?.seq ?? 0)))
  // It was asked for: no stray.
  expect(actor.strayed.splice(0)).toEqual([`download ${download.url()}`])
}

it('fetches what is sent, and looks into it', async () => {
  await expect.poll(learn, { timeout: 100_000 }).toEqual([])
})

describe.each(bothScreens)('%s', (screen) => {
  it('shows a picture by itself as soon as it is fetched', async () => {
    const actor = await stage.as(admin, screen, chat.path)
    const { page } = actor
    await page.getByText('实时更新中').waitFor()
    await page.evaluate(() => (window.carriedOut = ['the same page']))
    await sim.faults({ kind: 'media.empty' })
    const { seq } = await sim.sample('image.turned', chat.customer, chat.employee)
    await expect.poll(async () => (await caller.bySeq(chat)).has(seq)).toBe(true)
    const row = page.locator(`article[data-id="${(await caller.bySeq(chat)).get(seq)?.id}"]`)
    await row.getByText('原始文件尚未取回').waitFor()
    const before = await row.boundingBox()
    await sim.faults()
    await expect.poll(() => row.locator('figure img').evaluateAll((all) => all.map((one) => (one as HTMLImageElement).naturalWidth > 0))).toEqual([true])
    expect((await row.boundingBox())?.height).toBe(before?.height)
    expect(await page.evaluate(() => window.carriedOut)).toEqual(['the same page'])
    await expectFine(actor)
    await stage.leave(actor)
  })

  it('opens pictures in full, with those beside them, until back', async () => {
    const { actor, page, row } = await open(screen, 'image.landscape')
    await row.locator('figure button').click()
    await inFull(page).waitFor()
    const first = await inFull(page).getAttribute('src')
    expect(await widthOf(inFull(page))).toBeGreaterThan(320)
    await viewer(page).getByRole('button', { name: '下一个' }).click()
    await expect.poll(() => inFull(page).getAttribute('src')).not.toBe(first)
    await viewer(page).getByRole('button', { name: '上一个' }).click()
    await expect.poll(() => inFull(page).getAttribute('src')).toBe(first)
    await expectDownload(actor, viewer(page).getByRole('link', { name: '下载' }), 'image.landscape', /\.jpg$/)
    await page.goBack()
    await viewer(page).waitFor({ state: 'detached' })
    expect(new URL(page.url()).pathname).toBe(`/c/${chat.id}`)
    await expectFine(actor)
    await stage.leave(actor)
  })

  it('plays voices of both kinds, one at a time, faster, to their end', async () => {
    const { actor, page, row: narrow } = await open(screen, 'voice.nb')
    const wide = rowOf(page, 'voice.wb')
    await listen(page)
    for (const row of [narrow, wide]) {
      await row.locator('.bar').click()
      await expect.poll(async () => (await playing(page)).map((at) => at > 0.2)).toEqual([true])
      expect(await row.locator('.bar').getAttribute('aria-pressed')).toBe('true')
    }
    expect(await narrow.locator('.bar').getAttribute('aria-pressed')).toBe('false')
    await wide.getByRole('button', { name: /播放速度/ }).click()
    expect(await page.evaluate(() => window.latest()?.playbackRate)).toBe(1.5)
    const length = await page.evaluate(() => window.latest()?.duration ?? 0)
    expect(length).toBeGreaterThan(5)
    await page.evaluate((to) => Object.assign(window.latest() ?? {}, { currentTime: to }), length - 0.5)
    await expect.poll(() => page.evaluate(() => window.latest()?.ended)).toBe(true)
    expect(await wide.locator('.bar').getAttribute('aria-pressed')).toBe('false')
    await expectFine(actor)
    await stage.leave(actor)
  })

  it('seeks in a video and draws what is there', async () => {
    const { actor, row } = await open(screen, 'video.landscape')
    await row.locator('figure button').click()
    const video = row.locator('video')
    await expect.poll(() => video.evaluate((one: HTMLVideoElement) => one.readyState)).toBeGreaterThanOrEqual(2)
    const drawn = await video.evaluate(async (one: HTMLVideoElement) => {
      one.pause()
      const seeked = new Promise((resolve) => one.addEventListener('seeked', resolve, { once: true }))
      one.currentTime = one.duration / 2
      await seeked
      const canvas = document.createElement('canvas')
      canvas.width = canvas.height = 32
      const at = canvas.getContext('2d')
      at?.drawImage(one, 0, 0, 32, 32)
      const colours = new Set(new Uint32Array(at?.getImageData(0, 0, 32, 32).data.buffer ?? new ArrayBuffer(0)))
      return { far: one.currentTime > one.duration * 0.4, colours: colours.size }
    })
    expect(drawn.far).toBe(true)
    expect(drawn.colours).toBeGreaterThan(8)
    await expectFine(actor)
    await stage.leave(actor)
  })

  it('shows the pages of a PDF, and gives files as they were sent', async () => {
    const { actor, page, row } = await open(screen, 'file.pdf')
    await row.locator('.file').click()
    for (const n of [1, 2, 3]) {
      const picture = sheet(page).getByRole('img', { name: `第 ${n} 页` })
      await picture.scrollIntoViewIfNeeded()
      await expect.poll(() => widthOf(picture)).toBeGreaterThan(500)
    }
    await expectDownload(actor, sheet(page).getByRole('link', { name: '下载' }), 'file.pdf', /^平面布置图\.pdf$/)
    await page.goBack()
    await sheet(page).waitFor({ state: 'detached' })
    await rowOf(page, 'file.docx').locator('.file').click()
    await expectDownload(actor, sheet(page).getByRole('link', { name: '下载' }), 'file.docx', /^销售合同（示例）\.docx$/)
    await expectFine(actor)
    await stage.leave(actor)
  })

  it('draws a sticker, and replays a call from where it is wanted', async () => {
    const { actor, page, row } = await open(screen, 'emotion.gif')
    await expect.poll(() => row.locator('figure img').evaluateAll((all) => all.map((one) => (one as HTMLImageElement).naturalWidth > 0))).toEqual([true])
    await listen(page)
    await rowOf(page, 'meeting_voice_call.alone').locator('.recording').click()
    const position = sheet(page).getByRole('slider')
    await position.fill('3')
    await sheet(page).getByRole('button', { name: '播放', exact: true }).click()
    await expect.poll(async () => (await playing(page)).map((at) => at > 3)).toEqual([true])
    await expectFine(actor)
    await stage.leave(actor)
  })

  it('lists everything beside the chat, and leads to a day', async () => {
    const actor = await stage.as(admin, screen, `/c/${chat.id}/media?as=${chat.employee.toLowerCase()}`)
    const { page } = actor
    for (const [tab, count] of Object.entries(inTabs)) {
      const all = await caller.call<Api['MediaPage']>('GET', `/conversations/${chat.id}/media?tab=${tab}&limit=100`)
      expect(all.items.length).toBeGreaterThanOrEqual(count)
      await page.goto(`${world.addresses.huicun}/c/${chat.id}/media?as=${chat.employee.toLowerCase()}&tab=${tab}`)
      await expect.poll(() => page.locator('.media-pane .cell, .media-pane .row').count()).toBe(all.items.length)
    }
    await expectFine(actor)
    await page.goto(`${world.addresses.huicun}/c/${chat.id}/days?as=${chat.employee.toLowerCase()}`)
    await page.locator('.day[data-date]').last().click()
    await page.locator('article.flash').waitFor()
    expectQuiet(actor)
    await stage.leave(actor)
  })
})
