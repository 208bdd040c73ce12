// Small Vite plugins of the build itself.
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { Plugin, Rolldown } from 'vite'

/**
 * Puts src/boot.js in front of everything else as a hashed classic script, so
 * that theme and language are set before the first paint without inline code.
 */
export function bootScript(): Plugin {
  const file = fileURLToPath(new URL('../src/boot.js', import.meta.url))
  const source = readFileSync(file, 'utf8')
  const hash = createHash('sha256').update(source).digest('hex').slice(0, 8)
  const fileName = `assets/boot-${hash}.js`
  return {
    name: 'huicun:boot-script',
    generateBundle() {
      this.emitFile({ type: 'asset', fileName, source })
    },
    configureServer(server) {
      server.middlewares.use(`/${fileName}`, (_req, res) => {
        res.setHeader('Content-Type', 'text/javascript')
        res.end(source)
      })
    },
    transformIndexHtml: {
      order: 'post',
      handler: () => [{ tag: 'script', attrs: { src: `/${fileName}` }, injectTo: 'head-prepend' }],
    },
  }
}

/** Routes with a document of their own, an id in their path as `_`: the sources that they show first. */
const firstSources: Record<string, string[]> = {
  'c/_': ['src/chat/ChatPage.vue'],
  alerts: ['src/features/alerts/AlertsPage.vue', 'src/i18n/zh-CN/pages.ts'],
  people: ['src/features/people/PeoplePane.vue', 'src/i18n/zh-CN/pages.ts'],
  'people/_': ['src/features/people/ContactsPane.vue', 'src/i18n/zh-CN/pages.ts'],
}

/**
 * Writes pages/<route>.html beside index.html: the same document, which also names
 * the code and the styles of the route. They come with the app's own instead of
 * after it; the server chooses the document by the path.
 */
export function routePages(): Plugin {
  return {
    name: 'huicun:route-pages',
    enforce: 'post',
    generateBundle: {
      order: 'post',
      handler(_options, bundle) {
        const index = bundle['index.html']
        if (index?.type !== 'asset') return this.error('no index.html to make the routes\' pages of')
        const html = String(index.source)
        for (const [route, sources] of Object.entries(firstSources)) {
          const links = filesOf(bundle, sources)
            .filter((file) => !html.includes(`/${file}"`))
            .map((file) => `    <link rel="${file.endsWith('.css') ? 'stylesheet' : 'modulepreload'}" crossorigin href="/${file}">\n`)
          this.emitFile({ type: 'asset', fileName: `pages/${route}.html`, source: html.replace('  </head>', `${links.join('')}  </head>`) })
        }
      },
    },
  }
}

/** The files of the chunks of sources and of everything that they import. */
function filesOf(bundle: Rolldown.OutputBundle, sources: string[]): string[] {
  const chunks = Object.values(bundle).filter((one) => one.type === 'chunk')
  const found = new Set<string>()
  const add = (chunk: Rolldown.OutputChunk | undefined) => {
    if (!chunk || found.has(chunk.fileName)) return
    found.add(chunk.fileName)
    for (const file of chunk.imports) add(chunks.find((one) => one.fileName === file))
    for (const file of chunk.viteMetadata?.importedCss ?? []) found.add(file)
  }
  for (const source of sources) {
    const chunk = chunks.find((one) => one.facadeModuleId?.endsWith(`/${source}`))
    if (!chunk) throw new Error(`${source} has no chunk of its own`)
    add(chunk)
  }
  return [...found]
}
