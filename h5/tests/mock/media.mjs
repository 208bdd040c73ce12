// Files of the mock server: real bytes, the samples of wecomsim; links that end.
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const samples = fileURLToPath(new URL('../../../internal/wecomsim/samples/data/', import.meta.url))
const types = { jpg: 'image/jpeg', png: 'image/png', gif: 'image/gif', webp: 'image/webp', mp4: 'video/mp4', mp3: 'audio/mpeg', m4a: 'audio/mp4' }

/** Files by id: the sample of each form, and how often its links were made invalid. */
const files = new Map()
/** Links that were followed, oldest first: file and form. */
export const followed = []

const typeOf = (sample) => types[sample.split('.').pop()] ?? 'application/octet-stream'

function linksOf(id) {
  const { forms, generation } = files.get(id)
  const link = (form) => (forms[form] ? `/api/v1/media/${id}.${form}.${generation}` : undefined)
  return {
    ...(link('url') ? { url: link('url') } : {}),
    ...(link('thumb') ? { thumb_url: link('thumb') } : {}),
    ...(link('large') ? { large_url: link('large') } : {}),
    ...(link('poster') ? { poster_url: link('poster') } : {}),
    download_url: link('file'),
    links_until: new Date(Date.now() + 900_000).toISOString(),
  }
}

/** Makes every link to a file invalid that was given so far. */
export function endLinks(id) {
  files.get(id).generation++
}

/** What is known of a file changes: its state, for example. */
export function changeFile(id, more) {
  Object.assign(files.get(id).media, more)
}

/** A file that is held; forms are the samples by the link that they answer. */
function held(id, forms, more = {}) {
  files.set(id, { forms: { file: forms.url, ...forms }, pages: [], generation: 1, media: { id, state: 'ready', looked: true, ...more } })
  return mediaOf(id)
}

/** A file that is not. */
function missing(id, state, more = {}) {
  files.set(id, { forms: {}, pages: [], generation: 1, media: { id, state, ...more } })
  return mediaOf(id)
}

/** A file as an answer names it now. */
function mediaOf(id) {
  const { media } = files.get(id)
  return media.state === 'ready' ? { ...media, ...linksOf(id) } : media
}

const picture = (id, sample, width, height, more = {}) =>
  held(id, { url: sample, thumb: sample, ...(more.large ? { large: more.large } : {}) }, { mime: typeOf(sample), size_bytes: 184_320, width, height, md5: 'd41d8cd98f00b204e9800998ecf8427e', ...more.media })

const waveform = Array.from({ length: 48 }, (_, i) => Math.round(30 + 220 * Math.abs(Math.sin(i / 3) * Math.cos(i / 11))))

const sound = (id, seconds, more = {}) =>
  held(id, { url: 'call.mp3' }, { mime: 'audio/mpeg', size_bytes: 13_244, duration_seconds: seconds, waveform, ...more })

const document = (id, name, mime, size, more = {}) =>
  held(id, { file: 'notes.txt' }, { name, ext: name.split('.').pop(), mime, size_bytes: size, ...more })

/** The messages of a chat of files: sender and content, in order. */
export function fileTalk(own, other) {
  const image = (media) => ({ kind: 'image', media })
  const text = (body) => ({ kind: 'text', text: { body } })
  const pdf = document('f-pdf', '橡木餐桌图纸.pdf', 'application/pdf', 68_471, { pages: 3 })
  files.get('f-pdf').pages = [1, 2, 3].map((n) => ({ url: `/api/v1/media/f-pdf.page${n}.1`, width: 750, height: 1334 }))
  Object.assign(files.get('f-pdf').forms, { page1: 'screenshot.png', page2: 'photo-portrait.jpg', page3: 'screenshot.png' })
  const rows = [
    ['before', other, text('这两款我都挺喜欢的，能发下实拍吗？')],
    ['landscape', own, image(picture('p-landscape', 'photo-landscape.jpg', 1280, 960))],
    ['portrait', own, image(picture('p-portrait', 'photo-portrait.jpg', 960, 1280))],
    ['large', other, image(picture('p-large', 'photo-12mp.jpg', 4032, 3024, { large: 'photo-landscape.jpg', media: { size_bytes: 4_613_220 } }))],
    ['panorama', own, image(picture('p-panorama', 'photo-panorama.jpg', 2880, 540))],
    ['code', other, image(picture('p-code', 'photo-qr-link.jpg', 900, 1200, { media: { codes: ['https://www.example.com/pay/7'] } }))],
    ['pay', other, image(picture('p-pay', 'photo-qr-pay.jpg', 900, 1200, { media: { codes: ['wxp://f2f0abcdefg', 'javascript:alert(1)'] } }))],
    ['screen', own, image(picture('p-screen', 'screenshot.png', 750, 1334, { media: { flag: 'md5' } }))],
    ['video', other, { kind: 'video', media: held('v-wide', { url: 'video-landscape.mp4', poster: 'photo-landscape.jpg' }, { mime: 'video/mp4', size_bytes: 53_667, duration_seconds: 8, width: 640, height: 360 }) }],
    ['video-tall', own, { kind: 'video', media: held('v-tall', { url: 'video-portrait.mp4', poster: 'photo-portrait.jpg' }, { mime: 'video/mp4', size_bytes: 42_479, duration_seconds: 6, width: 360, height: 640 }) }],
    ['video-odd', other, { kind: 'video', media: held('v-odd', { url: 'notes.txt' }, { mime: 'video/mp4', size_bytes: 8_841_256, duration_seconds: 36 }) }],
    ['voice', other, { kind: 'voice', media: sound('s-short', 6) }],
    ['voice-own', own, { kind: 'voice', media: sound('s-long', 46) }],
    ['voice-original', other, { kind: 'voice', media: held('s-silk', { file: 'voice-nb-1.amr' }, { mime: 'application/octet-stream', size_bytes: 9_120, duration_seconds: 11 }) }],
    ['voice-pending', own, { kind: 'voice', media: missing('s-pending', 'pending', { size_bytes: 13_244, duration_seconds: 8 }) }],
    ['call', own, {
      kind: 'call',
      fields: [{ key: 'call_type', value: '2' }, { key: 'duration_seconds', value: '17' }],
      media: held('c-voice', { url: 'call.mp3' }, { mime: 'audio/mpeg', size_bytes: 50_769, duration_seconds: 17, waveform }),
      shares: [{ document: '橡木系列.pptx', person: own, offset_seconds: 4 }, { person: other, offset_seconds: 9 }],
    }],
    ['call-video', own, { kind: 'call', fields: [{ key: 'call_type', value: '1' }, { key: 'duration_seconds', value: '8' }], media: held('c-video', { url: 'video-landscape.mp4', poster: 'photo-landscape.jpg' }, { mime: 'video/mp4', size_bytes: 53_667, duration_seconds: 8 }) }],
    ['emotion', other, { kind: 'emotion', media: held('e-gif', { url: 'emotion-hello.gif', thumb: 'emotion-ok.png' }, { mime: 'image/gif', size_bytes: 11_255, width: 240, height: 240 }) }],
    ['emotion-still', own, { kind: 'emotion', media: held('e-png', { url: 'emotion-ok.png', thumb: 'emotion-ok.png' }, { mime: 'image/png', size_bytes: 8_009, width: 240, height: 240 }) }],
    ['pending', other, image(missing('p-pending', 'pending', { size_bytes: 184_320 }))],
    ['expired', own, image(missing('p-expired', 'expired', { size_bytes: 184_320, error_class: 'expired' }))],
    ['refused', other, image(missing('p-refused', 'refused', { size_bytes: 184_320, error_class: 'refused' }))],
    ['broken', own, image(missing('p-broken', 'broken', { size_bytes: 184_320, error_class: 'broken' }))],
    ['none', other, image({ state: 'none' })],
    ['video-limit', own, { kind: 'video', media: missing('v-limit', 'over_limit', { size_bytes: 2_147_483_648, duration_seconds: 5400, error_class: 'over_limit' }) }],
    ['xlsx', own, { kind: 'file', media: document('f-xlsx', '橡木餐桌报价单（含税）2026年第一季度.xlsx', 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet', 28_914, { md5: 'd41d8cd98f00b204e9800998ecf8427e' }) }],
    ['pdf', own, { kind: 'file', media: pdf }],
    ['docx', other, { kind: 'file', media: document('f-docx', '购销合同.docx', 'application/zip', 18_400) }],
    ['pptx', own, { kind: 'file', media: document('f-pptx', '橡木系列.pptx', 'application/vnd.openxmlformats-officedocument.presentationml.presentation', 4_400_654, { flag: 'size' }) }],
    ['zip', other, { kind: 'file', media: document('f-zip', '实拍图.zip', 'application/zip', 20_542) }],
    ['program', other, { kind: 'file', media: document('f-program', 'photo.jpg', 'application/vnd.microsoft.portable-executable', 90_112) }],
    ['file-expired', other, { kind: 'file', media: missing('f-expired', 'expired', { name: '户型图.dwg', ext: 'dwg', size_bytes: 512_044, error_class: 'expired' }) }],
    ['mixed', own, { kind: 'mixed', parts: [text('这两张是实拍'), image(picture('p-part', 'photo-landscape.jpg', 1280, 960)), { kind: 'file', media: document('f-part', '说明.txt', 'text/plain', 182) }] }],
    ['record', other, { kind: 'chatrecord', record: { title: '陈先生与设计师的聊天记录', items: [
      { sent_at: '2026-01-02T04:00:00Z', content: text('客厅想要原木风') },
      { sent_at: '2026-01-02T04:01:00Z', content: image(picture('p-record', 'photo-portrait.jpg', 960, 1280)) },
      { sent_at: '2026-01-02T04:02:00Z', content: { kind: 'file', media: document('f-record', '户型图.pdf', 'application/pdf', 512_044) } },
      { sent_at: '2026-01-02T04:03:00Z', content: { kind: 'voice', media: sound('s-record', 9) } },
    ] } }],
    ['unknown', other, { kind: 'unsupported', notice: '三维看房：客厅方案 B，点击可进入\nhttps://www.example.com/3d/7', parts: [{ kind: 'file', media: document('f-model', '客厅方案B.glb', 'application/octet-stream', 2_204_112) }, image(picture('p-model', 'photo-landscape.jpg', 1280, 960))] }],
  ]
  return rows.map(([name, sender, content]) => ({ name, sender, content }))
}

/** content with the links of now. */
export function refreshed(content) {
  const id = content.media?.id
  return {
    ...content,
    ...(id && files.has(id) ? { media: mediaOf(id) } : {}),
    ...(content.parts ? { parts: content.parts.map(refreshed) } : {}),
    ...(content.record ? { record: { ...content.record, items: content.record.items.map((item) => ({ ...item, content: refreshed(item.content) })) } } : {}),
  }
}

/** The answer about one file of a message. */
export function fileAnswer(message, id, refuse) {
  const file = files.get(id) ?? refuse(404, 'not_found')
  const pages = file.pages.map((page, i) => ({ ...page, url: `/api/v1/media/${id}.page${i + 1}.${file.generation}` }))
  return { message_id: message.id, conversation_id: message.conversation_id, media: mediaOf(id), pages }
}

/** Has it fetched again. */
export function retryAnswer(message, id, refuse) {
  const { media } = files.get(id) ?? refuse(404, 'not_found')
  if (media.refetching || media.state === 'pending' || (media.state === 'ready' && !media.flag)) refuse(409, 'conflict')
  Object.assign(media, media.state === 'ready' ? { refetching: true } : { state: 'pending' }, { error_class: undefined })
  return fileAnswer(message, id, refuse)
}

/** Answers a link to bytes; ranges too, as browsers want for sounds. */
export function answerMedia(request, token, response) {
  const [id, form, generation] = token.split('.')
  const file = files.get(id)
  const sample = file?.forms[form]
  if (!sample || Number(generation) !== file.generation) {
    response.writeHead(404, { 'Content-Type': 'application/json' })
    return response.end(JSON.stringify({ error: { code: 'not_found', message: 'file', request_id: '01JMOCK' } }))
  }
  followed.push(`${id} ${form}`)
  const bytes = readFileSync(samples + sample)
  const download = form === 'file'
  const headers = {
    'Content-Type': download ? 'application/octet-stream' : typeOf(sample),
    'Content-Disposition': `${download ? 'attachment' : 'inline'}; filename="${sample}"`,
    'Content-Security-Policy': "default-src 'none'; sandbox",
    'Cache-Control': 'private, no-store',
    'Accept-Ranges': 'bytes',
  }
  const range = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? '')
  if (!range) {
    response.writeHead(200, { ...headers, 'Content-Length': bytes.length })
    return response.end(bytes)
  }
  const from = Number(range[1])
  const to = range[2] ? Math.min(Number(range[2]), bytes.length - 1) : bytes.length - 1
  response.writeHead(206, { ...headers, 'Content-Range': `bytes ${from}-${to}/${bytes.length}`, 'Content-Length': to - from + 1 })
  return response.end(bytes.subarray(from, to + 1))
}
