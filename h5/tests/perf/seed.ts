// A company with one long conversation, as WeCom would archive it: what the
// performance of the chat is measured on. The same numbers give the same chat.
import { createHash } from 'node:crypto'
import { closeSync, openSync, readFileSync, writeFileSync, writeSync } from 'node:fs'

/** Who signs in: the admin that the settings name. */
export const employee = { userid: 'QinZhiyuan', name: '秦志远' }
/** Who the long conversation is with. */
export const customer = { external_userid: 'wmPerfAAAAaB3nT0lE5yJ9cVrU2sHfGw', name: '陈先生' }
/** A word of the rule that the alerts come from; no message of the history has it. */
export const forbidden = '个人卡'

const sentences = [
  '好的',
  '可以，周六能送到吗？',
  '您好，1.8 米橡木餐桌目前活动价 4680 元，含市区运费和安装[微笑]',
  '家里地板是浅色的，你觉得哪个搭？',
  '浅色地板建议原木色，空间会显得更通透，胡桃色做个对比也好看。',
  '我查一下库存，稍等',
  '杭州仓有现货，周六上午 9 点到 12 点可以送，师傅会提前半小时给您打电话，麻烦家里留人签收',
  '付款怎么付？',
  '可以在商城下单：https://www.example.com/order/oak-1800 ，也可以到店付定金',
  '明白了，我晚上下单[OK]',
  '安装师傅说沙发脚和地暖的分水器有点近，能不能换一款矮一点的？另外茶几的玻璃边角我还是担心孩子会碰到，你们有没有防撞条？',
  '有的，明天一起带过去',
]

/** Numbers in [0, 1) that are always the same ones. */
function random(seed: number): () => number {
  let state = seed
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state / 2 ** 32
  }
}

const md5 = (text: string) => createHash('md5').update(text).digest('hex')

/** What a message says: mostly text, and of the rest what people send most. */
function contentOf(i: number, next: () => number): object {
  const share = next()
  const sdkfileid = `perf-${i}-${md5(String(i))}`
  const media = { sdkfileid, md5sum: md5(`file ${i}`), filesize: 20_000 + i }
  if (share < 0.06) return { msgtype: 'image', image: media }
  if (share < 0.09) return { msgtype: 'voice', voice: { sdkfileid, md5sum: media.md5sum, voice_size: 9000, play_length: 1 + (i % 59) } }
  if (share < 0.11) return { msgtype: 'emotion', emotion: { sdkfileid, md5sum: media.md5sum, imagesize: 9000, type: 1, width: 120, height: 120 } }
  if (share < 0.13) return { msgtype: 'file', file: { ...media, filename: `橡木餐桌报价单 ${i}.xlsx`, fileext: 'xlsx' } }
  if (share < 0.15) {
    return { msgtype: 'link', link: { title: `实木家具保养指南 ${i}`, description: '四季湿度不同，养护也不同', link_url: `https://www.example.com/care/${i}`, image_url: '' } }
  }
  if (share < 0.155) return { msgtype: 'location', location: { longitude: 120.15, latitude: 30.28, address: '杭州市西湖区文三路', title: '星河家居杭州店', zoom: 15 } }
  const first = Math.floor(next() * sentences.length)
  const more = next() < 0.15 ? sentences[Math.floor(next() * sentences.length)] : ''
  return { msgtype: 'text', text: { content: `${sentences[first]}${more} #${i}` } }
}

/** The messages, one JSON a line, oldest first and the newest an hour ago; written to file. */
export function writeMessages(file: string, count: number, now = Date.now()): void {
  const next = random(7)
  const gapMs = (i: number) => (i % 12 === 0 ? 40 * 60_000 : Math.floor(next() * 90_000))
  const gaps = Array.from({ length: count }, (_, i) => gapMs(i))
  let at = now - 3600_000 - gaps.reduce((sum, gap) => sum + gap, 0)
  const out = openSync(file, 'w')
  gaps.forEach((gap, i) => {
    at += gap
    const [from, to] = next() < 0.5 ? [employee.userid, customer.external_userid] : [customer.external_userid, employee.userid]
    const head = { msgid: `${md5(`message ${i}`)}_external`, action: 'send', from, tolist: [to], roomid: '', msgtime: at }
    writeSync(out, `${JSON.stringify({ ...head, ...contentOf(i, next) })}\n`)
  })
  closeSync(out)
}

/** What the messages of a file written by writeMessages say: what is searched of each. */
export function readTexts(file: string): string[] {
  const lines = readFileSync(file, 'utf8').trimEnd().split('\n')
  return lines.map((line) => {
    const one = JSON.parse(line) as { msgtype: string } & Record<string, Record<string, unknown> | undefined>
    const { content, filename, title, description, link_url, address } = one[one.msgtype] ?? {}
    return [content, filename, title, description, link_url, address].filter(Boolean).join('\n')
  })
}

/** The people, in the shape of WeCom's directory; written to file. */
export function writeDirectory(file: string): void {
  const colleagues = Array.from({ length: 60 }, (_, i) => ({ userid: `Colleague${i}`, name: `同事${i}`, department: [1], status: 1 }))
  writeFileSync(
    file,
    JSON.stringify({
      departments: [{ id: 1, name: '星河家居', parentid: 0, order: 1 }],
      users: [{ userid: employee.userid, name: employee.name, department: [1], status: 1 }, ...colleagues],
      external_contacts: [
        {
          external_contact: { ...customer, type: 1, gender: 1 },
          follow_user: [{ userid: employee.userid, remark: '陈先生（餐桌）', createtime: 1700000000, state: '', add_way: 1 }],
        },
      ],
      groupchats: [],
    }),
  )
}
