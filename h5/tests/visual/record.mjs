// Writes fixtures.json: messages as the API answers them, made from what the
// server's decoder makes of the official examples (its golden files). Run it with
// `node tests/visual/record.mjs` when these have changed in a way that is to be seen,
// then `npm run visual -- --update`.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const goldens = fileURLToPath(new URL('../../../internal/ingest/chatdata/testdata/', import.meta.url))
const out = fileURLToPath(new URL('./fixtures.json', import.meta.url))

/** Goldens that are about damage or addressing look like others. */
const dull = /^(unreadable_|switch|variant_(bom|call_with_self|duplicate|group_repeats|invalid|lone|no_sender|nulls|numbers|raw_|recall_without|self_chat|several|strings|switch|text_|time_|tolist|quote_(curly|straight|wechat_not|without)))/

const names = { linxiaoyu: '林晓雨', zhoumingkai: '周明恺', heruoxi: '何若溪', wmQx7kDAAAaB3nT0lE5yJ9cVrU2sHfGw: '陈先生', wmQx7kDAAAc91fWqXz0sKdMvRtLp4YbE: '刘女士' }

/** Who an id is; the archive's own people are known by their names. */
export function person(id) {
  const external = /^w[mo]/.test(id)
  const kind = id.startsWith('wb') ? 'robot' : external ? 'customer' : 'employee'
  const name = kind === 'robot' ? '门店日报' : (names[id.toLowerCase()] ?? names[id] ?? id)
  return { id, kind, name, ...(external ? { account: 'wechat' } : {}) }
}

const snake = (key) => key.replace(/([a-z0-9])([A-Z])/g, '$1_$2').toLowerCase()
const special = { MD5: 'md5', SDKFileID: undefined, URL: 'url' }

/** A part of a golden in the words of the contract. */
function converted(value, key = '') {
  if (key === 'Person') return person(value)
  if (Array.isArray(value)) return value.map((one) => converted(one))
  if (value === null || typeof value !== 'object') return value
  const pairs = Object.entries(value).map(([name, inner]) => [name in special ? special[name] : snake(name), converted(inner, name)])
  return Object.fromEntries(pairs.filter(([name, inner]) => name && inner !== undefined))
}

/** The API's message of a golden. */
function messageOf(file) {
  const golden = JSON.parse(readFileSync(goldens + file, 'utf8'))
  const content = converted(golden.Content)
  if (content.revoke) content.revoke = {}
  return { golden: file.replace('.golden.json', ''), msgtype: golden.MsgType, sender: person(golden.FromID), content, text: golden.Text }
}

const files = readdirSync(goldens).filter((file) => file.endsWith('.golden.json') && !dull.test(file)).sort()
const fixtures = files.map(messageOf).filter((one) => one.content.kind)
writeFileSync(out, `${JSON.stringify(fixtures, null, 1)}\n`)
console.log(`${fixtures.length} messages of ${new Set(fixtures.map((one) => one.msgtype)).size} types`)
