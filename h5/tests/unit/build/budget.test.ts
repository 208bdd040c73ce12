// A route that weighs too much fails the build: the script is run as the build
// runs it, on small builds made up here.
import { spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'

const script = 'scripts/budget.mjs'
const made: string[] = []
afterEach(() => {
  for (const folder of made.splice(0)) rmSync(folder, { recursive: true, force: true })
})

/** Incompressible text of about kb KB. */
const heavy = (kb: number) => randomBytes(Math.round(kb * 1024 * 0.995)).toString('latin1')

/** A chunk: its weight in KB, its styles, and what it imports. */
interface Chunk {
  kb: number
  css?: number[]
  imports?: string[]
}

const light = { kb: 2 }
/** A build that keeps every budget, just. */
const fitting: Record<string, Chunk> = {
  '_lists.js': { kb: 59 },
  'src/chat/ChatPage.vue': { kb: 30, css: [8, 5] },
  'src/bridge/wecom.ts': { kb: 7 },
  'src/i18n/zh-CN/pages.ts': { kb: 5 },
  'src/features/people/PeoplePane.vue': { kb: 4, imports: ['_lists.js'] },
  'src/features/people/ContactsPane.vue': light,
  'src/features/alerts/AlertsPage.vue': light,
  'src/search/SearchPage.vue': light,
  'src/features/admin/AdminPage.vue': light,
  'src/features/me/MePage.vue': light,
}
const entryKb = 30

/** Writes a build and judges it. */
function judge(chunks: Record<string, Chunk>): { status: number | null; over: string[]; error: string } {
  const dist = mkdtempSync(join(tmpdir(), 'huicun-budget-'))
  made.push(dist)
  mkdirSync(join(dist, 'assets'))
  mkdirSync(join(dist, '.vite'))
  const write = (file: string, kb: number) => {
    writeFileSync(join(dist, file), heavy(kb), 'latin1')
    return file
  }
  write('assets/entry.js', entryKb)
  writeFileSync(join(dist, 'index.html'), '<script type="module" crossorigin src="/assets/entry.js"></script>')
  const manifest = Object.fromEntries(
    Object.entries(chunks).map(([key, { kb, css = [], imports }], i) => [
      key,
      { file: write(`assets/chunk-${i}.js`, kb), css: css.map((size, j) => write(`assets/style-${i}-${j}.css`, size)), imports },
    ]),
  )
  writeFileSync(join(dist, '.vite/manifest.json'), JSON.stringify(manifest))
  const { status, stdout, stderr } = spawnSync(process.execPath, [script, dist], { encoding: 'utf8' })
  return { status, over: stdout.split('\n').filter((line) => line.startsWith('OVER')), error: stderr }
}

const changed = (key: string, chunk: Chunk) => ({ ...fitting, [key]: chunk })
const chat = 'src/chat/ChatPage.vue'

describe('the budget', () => {
  it('lets pass what keeps it', () => {
    expect(judge(fitting)).toEqual({ status: 0, over: [], error: '' })
  })

  const cases: [name: string, chunks: Record<string, Chunk>, over: RegExp][] = [
    ['scripts of the landing', changed(chat, { kb: 49 }), /alert landing inside WeCom, JS/],
    ['scripts of the landing that WeCom needs', { ...fitting, '_lists.js': light, 'src/bridge/wecom.ts': { kb: 26 } }, /alert landing inside WeCom, JS/],
    ['styles of the landing', changed(chat, { kb: 10, css: [8, 7] }), /alert landing inside WeCom, CSS/],
    ['many files', changed(chat, { kb: 1, css: [1, 1, 1, 1, 1, 1, 1, 1] }), /alert landing inside WeCom, files/],
    ['scripts of another route', changed('src/features/people/PeoplePane.vue', { kb: 12, imports: ['_lists.js'] }), /people, JS/],
    ['a chunk loaded later', { ...fitting, 'src/features/boards/Chart.vue': { kb: 61 } }, /lazy chunk/],
  ]
  it.each(cases)('fails the build for %s', (_name, chunks, over) => {
    const found = judge(chunks)
    expect(found.status).toBe(1)
    expect(found.over).toHaveLength(1)
    expect(found.over[0]).toMatch(over)
  })

  it('fails the build when a route is not where it was', () => {
    const found = judge(Object.fromEntries(Object.entries(fitting).filter(([key]) => key !== chat)))
    expect(found.status).not.toBe(0)
    expect(found.error).toContain(`${chat} is not in the manifest`)
  })

  it('is part of the build', () => {
    const { scripts } = JSON.parse(readFileSync('package.json', 'utf8')) as { scripts: { build: string } }
    expect(scripts.build).toBe(`vite build && node ${script}`)
  })
})
