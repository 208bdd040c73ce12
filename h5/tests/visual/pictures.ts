// Pictures of a page compared with those that were approved.
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import pixelmatch from 'pixelmatch'
import { PNG } from 'pngjs'

/** The approved pictures. */
export const baseline = fileURLToPath(new URL('./baseline/', import.meta.url))
/** Where a picture that has drifted is put, beside one of the difference. */
export const out = fileURLToPath(new URL('./out/', import.meta.url))

/** Share of the pixels that may differ. */
const tolerance = 0.001
/** How far a pixel's colour may be off before it counts, 0 to 1. */
const threshold = 0.1

/** Whether pictures are approved as they are: `npm run visual -- --update`. */
export const updating = process.env.VISUAL_UPDATE === '1'

/** Compares a picture with the approved one; undefined when they are the same, else what is wrong. */
export function drift(name: string, taken: Buffer): string | undefined {
  const file = join(baseline, `${name}.png`)
  if (updating) return approve(file, taken)
  if (!existsSync(file)) return keep(name, taken, 'no picture of it was approved')
  const now = PNG.sync.read(taken)
  const then = PNG.sync.read(readFileSync(file))
  if (now.width !== then.width || now.height !== then.height) {
    return keep(name, taken, `${now.width} x ${now.height} pixels instead of ${then.width} x ${then.height}`)
  }
  const diff = new PNG({ width: now.width, height: now.height })
  const off = pixelmatch(then.data, now.data, diff.data, now.width, now.height, { threshold })
  if (off <= now.width * now.height * tolerance) return undefined
  return keep(name, taken, `${off} of ${now.width * now.height} pixels differ`, PNG.sync.write(diff))
}

/** Writes the picture as the approved one, without its alpha channel. */
function approve(file: string, taken: Buffer): undefined {
  mkdirSync(baseline, { recursive: true })
  const now = PNG.sync.read(taken)
  const packed = PNG.sync.write(now, { colorType: 2, deflateLevel: 9 })
  writeFileSync(file, packed)
}

function keep(name: string, taken: Buffer, what: string, diff?: Buffer): string {
  mkdirSync(out, { recursive: true })
  writeFileSync(join(out, `${name}.png`), taken)
  if (diff) writeFileSync(join(out, `${name}.diff.png`), diff)
  else rmSync(join(out, `${name}.diff.png`), { force: true })
  return `${name}: ${what}; see ${out}${name}${diff ? '.diff' : ''}.png, or approve it with npm run visual -- --update`
}
