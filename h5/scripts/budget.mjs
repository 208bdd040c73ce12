// Fails the build when a route sends more bytes than its budget: sums the gzip
// sizes of what Vite's manifest says a route loads. Budgets: H5.md section 8.
import { readFileSync, readdirSync } from 'node:fs'
import { gzipSync } from 'node:zlib'
import { fileURLToPath } from 'node:url'

const dist = fileURLToPath(new URL('../dist/', import.meta.url))
const manifest = JSON.parse(readFileSync(`${dist}.vite/manifest.json`, 'utf8'))
const entry = 'index.html'
const kb = 1024

/** Source file of each route's own chunk, and what the route may weigh. */
const routes = [
  { name: 'chat (alert landing)', source: 'src/chat/ChatPage.vue', js: 85, css: 14, files: 10 },
  { name: 'people', source: 'src/features/people/PeoplePane.vue', js: 110 },
  { name: 'contacts', source: 'src/features/people/ContactsPane.vue', js: 110 },
  { name: 'alerts', source: 'src/features/alerts/AlertsPage.vue', js: 110 },
  { name: 'me', source: 'src/features/me/MePage.vue', js: 110 },
]
const lazyChunkKb = 60

const sizes = new Map()
function gz(file) {
  if (!sizes.has(file)) sizes.set(file, gzipSync(readFileSync(dist + file), { level: 9 }).length)
  return sizes.get(file)
}

function closure(key, found = new Set()) {
  if (found.has(key)) return found
  found.add(key)
  for (const next of manifest[key].imports ?? []) closure(next, found)
  return found
}

function weigh(keys) {
  const js = new Set()
  const css = new Set()
  for (const key of keys) {
    const chunk = manifest[key]
    if (chunk.file.endsWith('.js')) js.add(chunk.file)
    for (const file of chunk.css ?? []) css.add(file)
  }
  const sum = (files) => [...files].reduce((total, file) => total + gz(file), 0)
  return { js: sum(js), css: sum(css), files: js.size + css.size }
}

let failed = false
function check(what, value, limit, unit = 'KB') {
  const over = limit !== undefined && value > limit
  if (over) failed = true
  const shown = unit === 'KB' ? value.toFixed(1) : value
  console.log(`${over ? 'OVER ' : 'ok   '} ${what}: ${shown} ${unit}${limit === undefined ? '' : ` of ${limit}`}`)
}

for (const route of routes) {
  if (!manifest[route.source]) continue
  const { js, css, files } = weigh(new Set([...closure(entry), ...closure(route.source)]))
  check(`${route.name}, JS`, js / kb, route.js)
  check(`${route.name}, CSS`, css / kb, route.css)
  check(`${route.name}, files`, files + boots().length, route.files, '')
}
for (const [key, chunk] of Object.entries(manifest)) {
  if (key !== entry && chunk.file.endsWith('.js')) {
    const size = gz(chunk.file) / kb
    if (size > lazyChunkKb) check(`lazy chunk ${chunk.file}`, size, lazyChunkKb)
  }
}
function boots() {
  return readdirSync(`${dist}assets`).filter((name) => name.startsWith('boot-'))
}
process.exit(failed ? 1 : 0)
