// Files and links of the mock's chats, and bytes for pictures.
import { deflateSync } from 'node:zlib'

const tabs = { image: 'visual', video: 'visual', file: 'file', doc_share: 'file', voice: 'voice', call: 'voice', link: 'link', weapp: 'link', doc: 'link', drive_file: 'link', news: 'link' }

/** Calls add for each part of content that belongs into a tab, as archive.Content.Places does. */
function places(content, add) {
  const tab = tabs[content.kind]
  if (tab && content.media) add(content, tab)
  if (tab) for (const link of content.links ?? []) add({ ...content, links: [link] }, tab)
  for (const part of content.parts ?? []) places(part, add)
  for (const item of content.record?.items ?? []) places(item.content, add)
}

/** Files and links of messages in one tab, newest first. */
export function filesOf(messages, wanted) {
  const items = []
  for (const message of messages) {
    let pos = 0
    places(message.content, (content, tab) => {
      const at = pos++
      if (tab !== wanted) return
      const { id, conversation_id, sent_at, sender, revoked } = message
      items.push({ message_id: id, conversation_id, sent_at, sender, pos: at, content, ...(revoked ? { revoked } : {}) })
    })
  }
  return items.reverse()
}

/** A file that is held: a picture or a video's poster, drawn by pictureOf. */
export function held(kind, n, more = {}) {
  const url = `/api/v1/media/picture-${n}`
  const links = kind === 'video' ? { poster_url: url, url: '/api/v1/media/none' } : { thumb_url: url, url }
  return { id: `file-${n}`, state: 'ready', looked: true, width: 320, height: 240, size_bytes: 90_000 + n, ...links, download_url: url, links_until: '2099-01-01T00:00:00Z', ...more }
}

/** A conversation's worth of pictures and videos: every tenth is a video, some are not held. */
export function album(count, message) {
  const states = ['pending', 'expired', 'refused', 'broken', 'over_limit']
  return Array.from({ length: count }, (_, i) => {
    const kind = i % 10 === 7 ? 'video' : 'image'
    const media = i % 25 === 3 ? { state: states[(i / 25) % 5 | 0], size_bytes: 184320 } : held(kind, i % 60, kind === 'video' ? { duration_seconds: 5 + (i % 90) } : {})
    return message(i, { kind, media })
  })
}

/** A small PNG, another one for each n: two colours and a diagonal. */
export function pictureOf(n, width = 80, height = 60) {
  const hue = (n * 47) % 360
  const rows = []
  for (let y = 0; y < height; y++) {
    const row = [0]
    for (let x = 0; x < width; x++) row.push(...colour(hue + (x * height > y * width ? 40 : 0), 45 + ((y / height) * 30)))
    rows.push(Buffer.from(row))
  }
  const header = Buffer.alloc(13)
  header.writeUInt32BE(width, 0)
  header.writeUInt32BE(height, 4)
  header.set([8, 2, 0, 0, 0], 8)
  const parts = [chunk('IHDR', header), chunk('IDAT', deflateSync(Buffer.concat(rows))), chunk('IEND', Buffer.alloc(0))]
  return Buffer.concat([Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]), ...parts])
}

/** Red, green and blue of a colour of middling saturation. */
function colour(hue, light) {
  const part = (n) => {
    const k = (n + hue / 30) % 12
    const l = light / 100
    return Math.round(255 * (l - 0.5 * Math.min(l, 1 - l) * Math.max(-1, Math.min(k - 3, 9 - k, 1))))
  }
  return [part(0), part(8), part(4)]
}

function chunk(type, data) {
  const body = Buffer.concat([Buffer.from(type), data])
  const whole = Buffer.alloc(body.length + 8)
  whole.writeUInt32BE(data.length, 0)
  whole.set(body, 4)
  whole.writeUInt32BE(crc(body), body.length + 4)
  return whole
}

function crc(bytes) {
  let c = ~0
  for (const byte of bytes) {
    c ^= byte
    for (let k = 0; k < 8; k++) c = c & 1 ? (c >>> 1) ^ 0xedb88320 : c >>> 1
  }
  return ~c >>> 0
}
