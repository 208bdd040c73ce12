// Small Vite plugins of the build itself.
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { Plugin } from 'vite'

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

/**
 * Removes Vant's icon font: 34 KB of base64 and a fallback address on a foreign
 * host. Every icon of ours is an inline SVG component.
 */
export function dropVantFont(): Plugin {
  return {
    name: 'huicun:drop-vant-font',
    enforce: 'pre',
    transform(code, id) {
      if (!/vant\/(es|lib)\/icon\/index\.css/.test(id)) return null
      return { code: code.replace(/@font-face\s*{[^}]*}/g, ''), map: null }
    },
  }
}
