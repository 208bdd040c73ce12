// Builds files that are not what they seem, byte by byte.
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { constants, crc32, deflateRawSync } from 'node:zlib'

const samples = new URL('../../../../../internal/wecomsim/samples/data/', import.meta.url)

/** One of the simulator's own files. */
export const sample = (name: string) => readFileSync(fileURLToPath(new URL(name, samples)))

/** Characters as bytes, one each. */
export const latin = (text: string) => Buffer.from(text, 'latin1')

function be32(n: number): Buffer {
  const b = Buffer.alloc(4)
  b.writeUInt32BE(n >>> 0)
  return b
}

function le(n: number, size: number): Buffer {
  const b = Buffer.alloc(size)
  b.writeUIntLE(n, 0, size)
  return b
}

function chunk(type: string, data: Uint8Array): Buffer {
  const body = Buffer.concat([latin(type), data])
  return Buffer.concat([be32(data.length), body, be32(crc32(body))])
}

/** A black picture of any size, a bit per pixel: 50,000 by 50,000 is 300 KB here. */
export function pngOf(width: number, height: number, tail = Buffer.alloc(0)): Buffer {
  const row = 1 + Math.ceil(width / 8)
  const many = 500
  const some = deflateRawSync(Buffer.alloc(row * many), { finishFlush: constants.Z_FULL_FLUSH })
  const rest = deflateRawSync(Buffer.alloc(row * (height % many)))
  const zeros = row * height
  const adler = (((zeros % 65521) << 16) | 1) >>> 0 // of nothing but zeros
  const parts = Array.from({ length: Math.floor(height / many) }, () => some)
  const header = Buffer.concat([be32(width), be32(height), Buffer.from([1, 0, 0, 0, 0])])
  const pixels = Buffer.concat([Buffer.from([0x78, 0x9c]), ...parts, rest, be32(adler)])
  return Buffer.concat([latin('\x89PNG\r\n\x1a\n'), chunk('IHDR', header), chunk('IDAT', pixels), chunk('IEND', Buffer.alloc(0)), tail])
}

/** A picture that moves through so many frames, with a comment before them. */
export function gifOf(frames: number, side: number, comment: string): Buffer {
  const frame = Buffer.concat([
    Buffer.from([0x21, 0xf9, 4, 0, 1, 0, 0, 0]), // 10 ms
    Buffer.from([0x2c, 0, 0, 0, 0, 1, 0, 1, 0, 0]),
    Buffer.from([2, 2, 0x44, 1, 0]),
  ])
  const text = latin(comment).subarray(0, 255)
  return Buffer.concat([
    latin('GIF89a'),
    ...[le(side, 2), le(side, 2), Buffer.from([0x80, 0, 0, 0, 0, 0, 255, 255, 255])],
    ...(text.length ? [Buffer.from([0x21, 0xfe, text.length]), text, Buffer.from([0])] : []),
    ...Array.from({ length: frames }, () => frame),
    Buffer.from([0x3b]),
  ])
}

/** A picture to a browser, and a script to whoever runs it: its width is the begin of a comment. */
export function gifScript(script: string): Buffer {
  return Buffer.concat([latin('GIF89a/*'), Buffer.alloc(5), latin(`*/=1;${script}//`)])
}

/** A zip whose entries all have the same bytes: a few kilobytes that unpack to gigabytes. */
export function zipBomb(names: string[], entries: number): Buffer {
  const size = 20 << 20
  const zeros = Buffer.alloc(size)
  const packed = deflateRawSync(zeros, { level: 9 })
  const common = Buffer.concat([le(20, 2), le(0, 2), le(8, 2), le(0, 4), le(crc32(zeros), 4), le(packed.length, 4), le(size, 4)])
  const local: Buffer[] = []
  const central: Buffer[] = []
  let at = 0
  for (let i = 0; i < entries; i++) {
    const name = latin(names[i] ?? `word/media/${i}.xml`)
    if (i < names.length) local.push(Buffer.concat([latin('PK\x03\x04'), common, le(name.length, 2), le(0, 2), name, packed]))
    const offset = i < names.length ? at : 0
    central.push(Buffer.concat([latin('PK\x01\x02'), le(20, 2), common, le(name.length, 2), Buffer.alloc(12), le(offset, 4), name]))
    if (i < names.length) at += local[i]?.length ?? 0
  }
  const index = Buffer.concat(central)
  const end = Buffer.concat([latin('PK\x05\x06'), Buffer.alloc(4), le(entries, 2), le(entries, 2), le(index.length, 4), le(at, 4), le(0, 2)])
  return Buffer.concat([...local, index, end])
}

/** A PDF of one page with these entries of its catalogue and page, and objects from 4 on. */
export function pdfOf(catalogue: string, page: string, ...more: string[]): Buffer {
  const objects = [`<</Type/Catalog/Pages 2 0 R ${catalogue}>>`, '<</Type/Pages/Kids[3 0 R]/Count 1>>', `<</Type/Page/Parent 2 0 R ${page}>>`, ...more]
  let text = '%PDF-1.7\n'
  const places = objects.map((object, i) => {
    const at = text.length
    text += `${i + 1} 0 obj\n${object}\nendobj\n`
    return `${String(at).padStart(10, '0')} 00000 n \n`
  })
  const table = `xref\n0 ${objects.length + 1}\n0000000000 65535 f \n${places.join('')}`
  return latin(`${text}${table}trailer <</Size ${objects.length + 1}/Root 1 0 R>>\nstartxref\n${text.length}\n%%EOF\n`)
}

/** A JPEG with a comment behind its first segment. */
export function commented(jpeg: Buffer, comment: string): Buffer {
  const first = 4 + jpeg.readUInt16BE(4) // behind SOI and the segment there
  const length = Buffer.alloc(2)
  length.writeUInt16BE(comment.length + 2)
  return Buffer.concat([jpeg.subarray(0, first), Buffer.from([0xff, 0xfe]), length, latin(comment), jpeg.subarray(first)])
}

const nests = ['moov', 'trak', 'mdia', 'minf', 'dinf']

/** An MP4 whose tracks say that their samples are in another file. */
export function mp4Elsewhere(mp4: Buffer, address: string): Buffer {
  const boxes: Buffer[] = []
  for (let at = 0; at + 8 <= mp4.length; ) {
    const size = mp4.readUInt32BE(at)
    if (size < 8 || at + size > mp4.length) throw new Error('not a plain MP4')
    const type = mp4.toString('latin1', at + 4, at + 8)
    const body = mp4.subarray(at + 8, at + size)
    boxes.push(box(type, type === 'dref' ? references(address) : nests.includes(type) ? mp4Elsewhere(body, address) : body))
    at += size
  }
  return Buffer.concat(boxes)
}

function references(address: string): Buffer {
  return Buffer.concat([be32(0), be32(1), box('url ', Buffer.concat([be32(0), latin(`${address}\0`)]))])
}

function box(type: string, body: Buffer): Buffer {
  return Buffer.concat([be32(8 + body.length), latin(type), body])
}
