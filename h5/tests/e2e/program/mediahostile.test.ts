// Files as attacks: whatever they hold and are called, nothing is carried out,
// nothing outside them is read, memory stays bounded, and other files go on.
import { createHash } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { Api } from '../../../src/api/client'
import { Caller, type Chat } from './api'
import { sample } from './hostile/bytes'
import { hostileFiles, hostileNames, type HostileFile } from './hostile/files'
import { harmIn } from './hostile/harm'
import { Sim } from './sim'
import { type Actor, expectQuiet, Stage } from './stage'
import { admin, World } from './world'

/** Types that are shown in a page; nothing of them can run. */
const harmless = /^(image\/(jpeg|png|gif|webp)|audio\/(mpeg|mp4|wav|ogg)|video\/(mp4|webm))$/
/** How much memory huicun may take, whatever it is given. */
const mostMemory = 400 << 20

let folder: string
let secret: string
let listener: Server
/** Connections that somebody made because a file said so. */
let connections = 0
let world: World
let stage: Stage
let caller: Caller
let sim: Sim
let chat: Chat
let files: HostileFile[]
/** seq and SHA-256 of what was sent, by trick or by name. */
const sent = new Map<string, { seq: number; sha256: string }>()
let messages = new Map<number, Api['Message']>()

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'huicun-e2e-outside-'))
  secret = join(folder, 'photo.jpg')
  writeFileSync(secret, sample('photo-portrait.jpg'))
  utimesSync(secret, 1, 2) // who reads it changes the first
  listener = createServer((socket) => {
    connections++
    socket.destroy()
  })
  await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve))
  const address = listener.address()
  const web = `http://127.0.0.1:${address && typeof address === 'object' ? address.port : 0}`
  files = hostileFiles({ web, path: secret })
  world = await World.start('mediahostile', ['-messages', '300', '-rate', '0'])
  stage = await Stage.set(world.addresses)
  caller = await Caller.signIn(world.addresses, admin)
  sim = new Sim(world.addresses.sim)
  chat = await caller.conversation('LinXiaoyu')
  for (const { trick, claims, bytes } of files) sent.set(trick, await sim.file(chat.customer, chat.employee, claims, bytes))
  for (const [trick, name] of Object.entries(hostileNames)) {
    sent.set(trick, await sim.file(chat.employee, chat.customer, { kind: 'file', name }, Buffer.from(`called ${trick}`)))
  }
  sent.set('afterwards', await sim.sample('image.landscape', chat.customer, chat.employee).then((one) => ({ ...one, sha256: '' })))
})
afterAll(async () => {
  try {
    await caller.dispose()
    await stage.strike()
  } finally {
    await world.stop()
    listener.close()
    rmSync(folder, { recursive: true, force: true })
  }
})

function messageOf(trick: string): Api['Message'] {
  const message = messages.get(sent.get(trick)?.seq ?? 0)
  if (!message) throw new Error(`${trick} is not there`)
  return message
}

const mediaOf = (trick: string) => messageOf(trick).content.media ?? { state: 'none' as const }

/** Peak of huicun's memory, in bytes. */
function peak(): number {
  const status = readFileSync(`/proc/${world.addresses.pid}/status`, 'utf8')
  return Number(/VmHWM:\s+(\d+) kB/.exec(status)?.[1]) * 1024
}

it('are fetched and looked into, each for itself', async () => {
  const waiting = async () => {
    messages = await caller.bySeq(chat)
    return [...sent].filter(([, { seq }]) => !messages.get(seq)?.content.media?.looked).map(([trick]) => trick)
  }
  await expect.poll(waiting, { timeout: 90_000 }).toEqual([])
  expect(mediaOf('afterwards')).toMatchObject({ state: 'ready', thumb_url: expect.any(String) })
  expect(peak()).toBeLessThan(mostMemory)
})

it('open as what they are, or are saved', async () => {
  for (const [trick, { sha256 }] of sent) {
    if (!sha256) continue
    const { download_url: download, ...media } = mediaOf(trick)
    const file = await caller.call<Api['MessageFile']>('GET', `/messages/${messageOf(trick).id}/files/${media.id}`)
    const links = [media.url, media.thumb_url, media.large_url, media.poster_url, ...file.pages.map((one) => one.url)]
    for (const link of [download, ...links]) {
      if (!link) continue
      const answer = await caller.open(link)
      const headers = answer.headers()
      expect({ trick, status: answer.status() }).toEqual({ trick, status: 200 })
      expect({ trick, ...headers }).toMatchObject({
        'x-content-type-options': 'nosniff',
        'cross-origin-resource-policy': 'same-origin',
        'content-security-policy': "default-src 'none'; frame-ancestors 'none'; sandbox",
      })
      if (link !== download) expect(headers['content-type'], trick).toMatch(harmless)
      else {
        expect(headers, trick).toMatchObject({ 'content-type': 'application/octet-stream', 'content-disposition': expect.stringMatching(/^attachment;/) })
        expect(createHash('sha256').update(await answer.body()).digest('hex'), trick).toBe(sha256)
      }
    }
    const trusted = files.find((one) => one.trick === trick)?.shown ?? false
    expect.soft({ trick, shown: !!(media.url ?? media.thumb_url) }).toEqual({ trick, shown: trusted })
  }
  expect(peak()).toBeLessThan(mostMemory)
})

it('carry nothing out when they are opened by themselves, or taken for a script', async () => {
  const actor = await stage.as(admin, 'desktop', chat.path)
  const { page, context } = actor
  await page.locator('article').first().waitFor()
  const saved: string[] = []
  const dialogs: string[] = []
  for (const [trick] of sent) {
    const { url, thumb_url: thumb, large_url: large, poster_url: poster, download_url: download } = mediaOf(trick)
    const alone = await context.newPage()
    alone.on('dialog', (dialog) => {
      dialogs.push(`${trick}: ${dialog.message()}`)
      void dialog.dismiss()
    })
    alone.on('download', (one) => saved.push(one.suggestedFilename()))
    for (const link of [url, thumb, large, poster]) {
      if (!link) continue
      await alone.goto(at(link), { waitUntil: 'commit' })
      expect(await carriedOut(alone), trick).toEqual([])
    }
    if (download) {
      const before = saved.length
      await alone.goto(at(download)).catch(() => undefined) // it is saved: the page stays where it was
      await expect.poll(() => saved.length, { message: trick }).toBe(before + 1)
    }
    await alone.close()
  }
  expect(dialogs).toEqual([])
  for (const name of saved) expect(name).not.toMatch(/[/\\\p{Cc}\u202a-\u202e\u2066-\u2069"<>|*?]|^\.|^(CON|AUX)(\.|$)/iu)
  for (const name of saved) expect(Buffer.byteLength(name)).toBeLessThan(256)
  expect(saved).toContain('invoicegpj.exe')
  expectQuiet(actor)
  await stage.leave(actor)
})

it('are not taken for scripts by a page that would run anything', async () => {
  const actor = await stage.as(admin, 'desktop', '/403')
  const { page, context } = actor
  await (await context.newCDPSession(page)).send('Page.setBypassCSP', { enabled: true })
  await page.reload()
  for (const trick of sent.keys()) {
    const { url, download_url: download } = mediaOf(trick)
    for (const link of [url, download]) {
      if (link) await page.addScriptTag({ url: at(link) }).catch(() => undefined) // it is refused
    }
  }
  expect(await carriedOut(page)).toEqual([])
  await page.addScriptTag({ content: 'window.ran("here")' })
  expect(await carriedOut(page)).toEqual(['here'])
  await stage.leave(actor)
})

/** A link of huicun as an address. */
const at = (link: string) => world.addresses.huicun + link

const carriedOut = (page: Page) => page.evaluate(() => window.carriedOut ?? [])

/** What a row says, also to those who do not see it. */
function wordsOf(row: Element): string {
  return [row.textContent, ...[...row.querySelectorAll('[aria-label]')].map((one) => one.getAttribute('aria-label'))].join(' ')
}

/** Rows and sheets hold no file that is more than it says. */
async function expectUnharmed(actor: Actor, trick: string): Promise<void> {
  expect({ trick, harm: await harmIn(actor.page) }).toEqual({ trick, harm: [] })
  expect({ trick, strayed: actor.strayed }).toEqual({ trick, strayed: [] })
}

it('stand in their rows and sheets, with what is the matter', async () => {
  const actor = await stage.as(admin, 'phone', chat.path)
  const { page } = actor
  const sheet = page.getByRole('dialog', { name: '文件详情' })
  for (const trick of sent.keys()) {
    if (trick === 'afterwards') continue
    const { says, claims } = files.find((one) => one.trick === trick) ?? { claims: { kind: 'file' } as const }
    await page.goto(`${world.addresses.huicun}${chat.path}&m=${messageOf(trick).id}`)
    const row = page.locator(`article[data-id="${messageOf(trick).id}"]`)
    await row.waitFor()
    await row.scrollIntoViewIfNeeded()
    if (says) await expect.poll(() => row.evaluate(wordsOf), { message: trick }).toMatch(says)
    await expectUnharmed(actor, trick)
    const button = row.locator('.file, figure button, .bar').first()
    if (!(await button.count())) continue
    await button.click()
    if (says) await sheet.waitFor()
    else if (claims.kind === 'file' || claims.kind === 'image') await page.getByRole('dialog').first().waitFor()
    await expectUnharmed(actor, `${trick}, opened`)
  }
  await stage.leave(actor)
})

it('lead nobody outside', () => {
  expect(connections).toBe(0)
  expect(statSync(secret).atimeMs).toBe(1000)
  expect(readFileSync(secret).length).toBeGreaterThan(0)
  expect(statSync(secret).atimeMs).not.toBe(1000) // reading it shows
  expect(peak()).toBeLessThan(mostMemory)
})
