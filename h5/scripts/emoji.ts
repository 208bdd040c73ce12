// emoji.ts DIR copies the pictures of all emoticons that the app draws from DIR,
// the unpacked npm package @twemoji/svg, into public/emoji, and takes others away.
// Run it after the table of src/chat/messages/emoji.ts has changed:
//   npm pack @twemoji/svg@15.0.0 && tar xzf twemoji-svg-15.0.0.tgz
//   node scripts/run.mjs scripts/emoji.ts package
import { copyFileSync, existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { characters } from '../src/chat/emojiNames'
import { emojiPicture, table } from '../src/chat/messages/emoji'

const out = fileURLToPath(new URL('../public/emoji/', import.meta.url))

/** Names of all pictures that may be asked for. */
export function pictures(): Set<string> {
  return new Set([...Object.values(table), ...Object.values(characters(table))].map((one) => basename(emojiPicture(one))))
}

/** Copies; gives the exit status. */
export function main([from]: string[]): number {
  if (!from || !existsSync(from)) {
    console.error('usage: emoji.ts DIR (the unpacked npm package @twemoji/svg)')
    return 2
  }
  mkdirSync(out, { recursive: true })
  const wanted = pictures()
  for (const name of readdirSync(out)) if (name.endsWith('.svg') && !wanted.has(name)) rmSync(join(out, name))
  const missing = [...wanted].filter((name) => !existsSync(join(from, name)))
  for (const name of wanted) if (!missing.includes(name)) copyFileSync(join(from, name), join(out, name))
  if (missing.length) console.error(`no picture of ${missing.join(', ')}`)
  return missing.length ? 1 : 0
}
