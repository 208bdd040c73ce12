// budget.mjs [DIST] fails the build when a route sends more bytes than its budget:
// sums the gzip sizes of what index.html names and of what Vite's manifest says the
// route loads besides. Budgets: docs/performance-h5.md.
import { readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { gzipSync } from 'node:zlib'
import { fileURLToPath } from 'node:url'

const kb = 1024
const lazyChunkKb = 60
const otherRoutes = { js: 110 }
/** What the pages besides the chat load as soon as they are opened. */
const withTexts = ['src/i18n/zh-CN/pages.ts']

/** The sources that each route loads by itself, and what it may weigh in KB. */
export const routes = [
  { name: 'alert landing inside WeCom', sources: ['src/chat/ChatPage.vue', 'src/bridge/wecom.ts'], js: 85, css: 14, files: 10 },
  { name: 'people', sources: ['src/features/people/PeoplePane.vue', ...withTexts], ...otherRoutes },
  { name: 'contacts', sources: ['src/features/people/ContactsPane.vue', ...withTexts], ...otherRoutes },
  { name: 'alerts', sources: ['src/features/alerts/AlertsPage.vue', ...withTexts], ...otherRoutes },
  { name: 'search', sources: ['src/search/SearchPage.vue', ...withTexts], ...otherRoutes },
  { name: 'admin', sources: ['src/features/admin/AdminPage.vue', ...withTexts], ...otherRoutes },
  { name: 'me', sources: ['src/features/me/MePage.vue', ...withTexts], ...otherRoutes },
]
/** Part of every route inside WeCom; the landing names it itself. */
const bridge = 'src/bridge/wecom.ts'

/** Reads a build; gives what weighs what of which budget. */
export function weigh(dist) {
  const manifest = JSON.parse(readFileSync(join(dist, '.vite/manifest.json'), 'utf8'))
  const html = readFileSync(join(dist, 'index.html'), 'utf8')
  const entry = [...html.matchAll(/(?:src|href)="\/(assets\/[^"]+\.(?:js|css))"/g)].map(([, file]) => file)
  if (!entry.length) throw new Error('index.html loads nothing')
  const size = (file) => gzipSync(readFileSync(join(dist, file)), { level: 9 }).length / kb

  const filesOf = (sources) => {
    const found = new Set(entry)
    const seen = new Set()
    const add = (key) => {
      if (seen.has(key)) return
      seen.add(key)
      const chunk = manifest[key]
      if (!chunk) throw new Error(`${key} is not in the manifest: is the route's source another one now?`)
      for (const file of [chunk.file, ...(chunk.css ?? [])]) found.add(file)
      for (const next of chunk.imports ?? []) add(next)
    }
    for (const source of new Set([...sources, bridge])) add(source)
    return [...found]
  }

  const results = []
  const check = (what, value, limit, unit) => limit !== undefined && results.push({ what, value, limit, unit, over: value > limit })
  for (const { name, sources, js, css, files } of routes) {
    const all = filesOf(sources)
    const sum = (ending) => all.filter((file) => file.endsWith(ending)).reduce((total, file) => total + size(file), 0)
    check(`${name}, JS`, sum('.js'), js, 'KB')
    check(`${name}, CSS`, sum('.css'), css, 'KB')
    check(`${name}, files`, all.length, files, '')
  }
  const lazy = Object.values(manifest).filter((chunk) => chunk.file.endsWith('.js') && !entry.includes(chunk.file))
  const sizes = lazy.map((chunk) => ({ file: chunk.file, kb: size(chunk.file) })).sort((a, b) => b.kb - a.kb)
  for (const { file, kb: value } of sizes.filter((one, i) => i === 0 || one.kb > lazyChunkKb)) {
    check(`lazy chunk ${file}`, value, lazyChunkKb, 'KB')
  }
  return results
}

function main() {
  const dist = process.argv[2] ? resolve(process.argv[2]) : fileURLToPath(new URL('../dist/', import.meta.url))
  const results = weigh(dist)
  for (const { what, value, limit, unit, over } of results) {
    console.log(`${over ? 'OVER ' : 'ok   '} ${what}: ${unit ? value.toFixed(1) : value} of ${limit} ${unit}`.trimEnd())
  }
  process.exit(results.some((one) => one.over) ? 1 : 0)
}

if (process.argv[1] && resolve(process.argv[1]) === fileURLToPath(import.meta.url)) main()
