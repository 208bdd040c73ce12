// A company in which every name and every message is one of the payloads: what
// wecomsim is given instead of its own.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { kindsOf } from './kinds'
import { addresses, elsewhere, payloads } from './payloads'

/** The employee with whom all customers talk. */
export const reader = 'LinXiaoyu'

/** A payload and who bears it as a name. */
export interface Bearer {
  /** Its key in payloads. */
  trick: string
  text: string
  userid: string
  customer: string
  room: string
  department: number
}

const began = 1_767_240_000_000
const external = (letter: string, i: number) => `${letter}Qx7kDAAAhostile${String(i).padStart(4, '0')}uVwXyZ0123`.slice(0, 32)

/** Who bears which payload. */
export const bearers: Bearer[] = Object.entries(payloads).map(([trick, text], i) => ({
  trick,
  text,
  userid: `Hostile${i + 1}`,
  customer: external('wm', i),
  room: external('wr', i),
  department: 100 + i,
}))

/** Names end in what they are about, so that equal beginnings stay apart. */
const avatarOf = (i: number) => addresses[i % addresses.length]

function directory(): object {
  return {
    departments: [
      { id: 1, name: '\u661f\u6cb3\u5bb6\u5c45', parentid: 0, order: 1 },
      ...bearers.map(({ department, text }) => ({ id: department, name: text, name_en: text, parentid: 1, order: department })),
    ],
    users: [
      { userid: reader, name: '\u6797\u6653\u96e8', department: [1], position: '\u987e\u95ee', status: 1 },
      { userid: 'QinZhiyuan', name: '\u79e6\u81f4\u8fdc', department: [1], position: '\u7ba1\u7406\u5458', status: 1 },
      ...bearers.map(({ userid, text, department }, i) => ({
        ...{ userid, name: text, alias: text, position: text, avatar: avatarOf(i), thumb_avatar: avatarOf(i) },
        ...{ department: [department], main_department: department, status: 1, extattr: { attrs: [{ name: text, value: text }] } },
      })),
    ],
    external_contacts: bearers.map(({ customer, text }, i) => ({
      external_contact: { external_userid: customer, name: text, corp_name: text, corp_full_name: text, position: text, avatar: avatarOf(i), type: 2 - (i % 2) },
      follow_user: [
        {
          ...{ userid: reader, remark: i % 3 ? text : '', description: text, remark_corp_name: text, state: text },
          ...{ createtime: 1_767_000_000, add_way: 1, tags: [{ group_name: text, tag_name: text, tag_id: `et${i}`, type: 1 }] },
        },
      ],
    })),
    groupchats: bearers.map(({ room, text, userid, customer }) => ({
      ...{ chat_id: room, name: text, owner: reader, create_time: 1_767_000_000, notice: text },
      member_list: [
        { userid: reader, type: 1, name: '\u6797\u6653\u96e8', join_time: 1_767_000_000 },
        { userid, type: 1, name: text, group_nickname: text, join_time: 1_767_000_000 },
        { userid: customer, type: 2, name: text, group_nickname: text, join_time: 1_767_000_000 },
      ],
    })),
  }
}

/** The messages: a chat of all kinds and a group for each payload, and one of 1 MB. */
function* messages(): Generator<object> {
  let n = 0
  const line = (from: string, to: string[], roomid: string, body: object) => {
    const at = began + ++n * 1000
    return { msgid: `${7_000_000_000 + n}_${at}_external`, action: 'send', from, tolist: to, roomid, msgtime: at, ...body }
  }
  for (const { text, customer, userid, room } of bearers) {
    for (const body of kindsOf(text)) yield line(n % 2 ? customer : reader, n % 2 ? [reader] : [customer], '', body)
    for (const from of [customer, userid, reader]) {
      yield line(from, [customer, userid, reader].filter((one) => one !== from), room, { msgtype: 'text', text: { content: text } })
    }
    yield line(userid, [reader], '', { msgtype: 'text', text: { content: text } })
  }
  const [first] = bearers
  if (!first) return
  yield line(first.customer, [reader], '', { msgtype: 'text', text: { content: `<b>${'megabyte '.repeat(120_000)}</b>` } })
  for (const url of addresses) {
    yield line(first.customer, [reader], '', { msgtype: 'link', link: { title: url, description: url, link_url: url, image_url: url } })
  }
  yield line(first.customer, [reader], '', { msgtype: 'link', link: { title: 'picture', link_url: 'https://www.example.com/', image_url: `https://${elsewhere}/picture.png` } })
}

/** Bytes that are no proper message, line by line. */
const broken = [
  Buffer.from('{"msgid":"raw-control_1767240000000_external","action":"send","from":"LinXiaoyu","tolist":["LinXiaoyu2"],"msgtime":1767240000000,"msgtype":"text","text":{"content":"a\u0001b\u001f"}}'),
  Buffer.concat([
    Buffer.from('{"msgid":"not-utf8_1767240000000_external","action":"send","from":"LinXiaoyu","tolist":["LinXiaoyu2"],"msgtime":1767240000001,"msgtype":"text","text":{"content":"'),
    Buffer.from([0xff, 0xfe, 0xc3, 0x28, 0xed, 0xa0, 0x80]),
    Buffer.from('"}}'),
  ]),
  Buffer.from('{"msgid":"<img src=x onerror=top.ran(1)>","action":"send","from":"LinXiaoyu","tolist":["LinXiaoyu2"],"msgtime":1767240000002,"msgtype":"<img src=x onerror=top.ran(2)>","x":"<script>top.ran(3)</script>"}'),
]

/** Writes the company's files into folder; gives the arguments for wecomsim. */
export function writeCompany(folder: string): string[] {
  const people = join(folder, 'hostile-directory.json')
  const said = join(folder, 'hostile-messages.jsonl')
  writeFileSync(people, JSON.stringify(directory()))
  const lines = [...[...messages()].map((message) => Buffer.from(JSON.stringify(message))), ...broken]
  writeFileSync(said, Buffer.concat(lines.flatMap((line) => [line, Buffer.from('\n')])))
  return ['-directory', people, '-load', said]
}
