// Alerts, rules, accounts and the archive's state, as the contract answers them.
// What is changed stays changed until the server stops.
import { customers, employees, me } from './data.mjs'

const person = (i) => employees[i].person
const at = (minutes) => new Date(Date.parse('2026-01-08T02:42:00Z') - minutes * 60_000).toISOString()
const spansOf = (text, words) =>
  words.flatMap((word) => {
    const start = text.indexOf(word)
    return start < 0 ? [] : [{ start, end: start + word.length }]
  })

const said = [
  ['私下收款', 'high', ['私人微信'], '我加你私人微信转给你不行吗，省得走平台'],
  ['承诺收益', 'mid', ['保证', '翻倍'], '这款产品我可以给您保证，三个月内肯定翻倍，您放心投就是了，出了问题我个人负责'],
  ['辱骂客户', 'high', ['滚'], '爱买不买，不买就滚'],
  ['竞品引流（华东大区重点监控）', 'low', ['隔壁老王家居'], '实话说吧，您要是嫌贵可以去隔壁老王家居看看，我有熟人，报我名字给您打八折，前提是别跟我们公司说 🙏🙏'],
]

function wordViolation(i) {
  const [rule_name, severity, words, evidence] = said[i % said.length]
  const byCustomer = i % 4 === 0
  const group = i % 7 === 5
  const sides = byCustomer ? [customers[i % 40], person(i % 30)] : [person(i % 30), customers[i % 40]]
  return {
    id: `v${i + 1}`,
    kind: 'word',
    severity,
    rule_id: String(1 + (i % said.length)),
    rule_name,
    words,
    sender: sides[0],
    ...(group ? { conversation_title: '云栖小区业主服务群' } : { receiver: sides[1] }),
    conversation_id: group ? '400' : '100',
    message_id: group ? 'm400-000200' : 'm100-002607',
    msgtype: 'text',
    occurred_at: at(5 + i * 47),
    evidence,
    spans: spansOf(evidence, words),
    state: i % 5 === 3 ? 'handled' : i % 9 === 8 ? 'false_alarm' : 'open',
    note: i % 5 === 3 ? '已与员工谈话，改用平台下单' : '',
    ...(i % 5 === 3 ? { handled_by: me, handled_at: at(2) } : {}),
  }
}

function deletion(i) {
  const byCustomer = i % 2 === 0
  const [employee, customer] = [person(i + 2), customers[i + 5]]
  return {
    id: `d${i + 1}`,
    kind: byCustomer ? 'customer_deleted_employee' : 'employee_deleted_customer',
    severity: byCustomer ? 'mid' : 'high',
    rule_name: '',
    words: [],
    sender: byCustomer ? customer : employee,
    receiver: byCustomer ? employee : customer,
    conversation_id: '105',
    message_id: 'm105-000020',
    occurred_at: at(11 + i * 130),
    evidence: '',
    spans: [],
    state: 'open',
    note: '',
  }
}

const violations = [
  ...Array.from({ length: 56 }, (_, i) => wordViolation(i)),
  ...Array.from({ length: 9 }, (_, i) => deletion(i)),
].sort((a, b) => (a.occurred_at < b.occurred_at ? 1 : -1))

const pushes = violations.slice(0, 30).map((violation, i) => ({
  id: String(i + 1),
  violation_id: violation.id,
  kind: violation.kind,
  rule_name: violation.rule_name,
  to: person((i * 3) % 6),
  state: ['sent', 'sent', 'pending', 'unknown', 'failed', 'refused', 'sending'][i % 7],
  attempt: [1, 1, 2, 1, 8, 1, 1][i % 7],
  ...(i % 7 === 4 ? { error: 'errcode 45009: api freq out of limit' } : {}),
  created_at: violation.occurred_at,
  ...(i % 7 < 2 ? { sent_at: violation.occurred_at } : {}),
}))

const viewers = [
  { id: '1', person: { ...person(7), id: 'zhoumingkai', name: '周明恺' }, userid: 'ZhouMingkai', role: 'admin', disabled: false, from_config: true, departments: [], employees: [], scope_size: 64, last_seen_at: at(1) },
  { id: '2', person: person(3), userid: 'Emp3', role: 'viewer', disabled: false, from_config: false, departments: ['2'], employees: [person(20), person(33)], scope_size: 37, last_seen_at: at(900) },
  { id: '3', person: person(5), userid: 'Emp5', role: 'viewer', disabled: false, from_config: false, departments: [], employees: [], scope_size: 0 },
  { id: '4', person: person(9), userid: 'Emp9', role: 'admin', disabled: true, from_config: false, departments: [], employees: [], scope_size: 64, last_seen_at: at(60_000) },
]

const rules = said.map(([name, severity, words], i) => ({
  id: String(i + 1),
  name,
  words: [...words, ...['加我微信', '微信转账', '支付宝', '线下交易', '返点', '回扣', '介绍费'].slice(0, 7 - i * 2)],
  severity,
  direction: ['both', 'employee', 'employee', 'customer'][i],
  scope_all: i !== 1,
  scope_departments: i === 1 ? ['2', '5'] : [],
  scope_employees: i === 1 ? [person(4)] : [],
  subscribers: viewers.slice(0, 1 + (i % 2)).map((one) => ({ id: one.id, person: one.person })),
  enabled: i !== 3,
  version: 3 + i,
  updated_at: at(4000 * (i + 1)),
  hits: violations.filter((one) => one.rule_id === String(i + 1)).length,
}))

const status = {
  seq: '1048576',
  received: 1_048_576,
  stored: 1_048_531,
  quarantined: 45,
  duplicates: 2000,
  balanced: true,
  gap_total: 3,
  gaps: [
    { after_seq: '402117', before_seq: '402120', kind: 'skipped', noticed_at: at(2000) },
    { after_seq: '88012', before_seq: '91377', kind: 'window', noticed_at: at(90_000) },
  ],
  last_success_at: at(0),
  caught_up_at: at(3),
  lag_seconds: 200,
  window_left_seconds: 431_800,
  alarm: 'notice',
  last_error: 'get chat data: 10001 network error',
  last_error_cause: 'network',
  last_error_at: at(4),
  media: {
    files: 128_402, ready: 127_911, pending: 214, overdue: 12, expired: 31, refused: 6, broken: 2, over_limit: 238, flagged: 9, bytes: 96_412_881_920,
    unlooked: 17, unreadable: 5, oldest_pending_at: at(4600), last_error: 'get media data: 10001 network error', last_error_class: 'retry',
  },
  quarantine: [
    { publickey_ver: 3, reason: 'key_missing', messages: 42, oldest: at(300) },
    { publickey_ver: 2, reason: 'decrypt_failed', messages: 3, oldest: at(9000) },
  ],
  pulls: [
    { started_at: at(0), from_seq: '1048576', calls: 1, received: 0, duplicates: 0, outcome: 'empty' },
    { started_at: at(1), finished_at: at(1), from_seq: '1047576', calls: 2, received: 1000, duplicates: 13, outcome: 'stored' },
    { started_at: at(2), finished_at: at(2), from_seq: '1047576', calls: 1, received: 0, duplicates: 0, outcome: 'empty' },
    { started_at: at(4), finished_at: at(4), from_seq: '1047576', calls: 3, received: 0, duplicates: 0, outcome: 'error', error: 'get chat data: 10001 network error', cause: 'network' },
  ],
  puller: 'archive-1/4711',
  troubles: [],
}

function page(items, query, more = {}) {
  const from = Number(query.get('cursor') ?? 0)
  const limit = Number(query.get('limit') ?? 40)
  const next = from + limit < items.length ? { next: String(from + limit) } : {}
  return { items: items.slice(from, from + limit), ...next, ...more }
}

function violationsOf(query) {
  const tab = query.get('tab')
  const state = query.get('state')
  const inTab = violations.filter((one) => !tab || (tab === 'words') === (one.kind === 'word'))
  const found = inTab.filter((one) => !state || one.state === state)
  return page(found, query, { total: inTab.filter((one) => one.state === 'open').length })
}

function stored(list, id, refuse) {
  return list.find((one) => one.id === id) ?? refuse(404, 'not_found')
}

function ruleFrom(input, old) {
  const refs = (ids) => ids.map((id) => viewers.find((one) => one.id === id)).map(({ id, person: who }) => ({ id, person: who }))
  return {
    ...old,
    ...input,
    scope_employees: input.scope_employees.map((id) => employees.find((one) => one.person.id === id).person),
    subscribers: refs(input.subscribers),
    version: (old?.version ?? 0) + 1,
    updated_at: at(0),
  }
}

function putRule(id, input, refuse) {
  const old = stored(rules, id, refuse)
  if (input.version !== old.version) refuse(409, 'conflict')
  return Object.assign(old, ruleFrom(input, old))
}

function postRule(input) {
  const rule = { id: String(rules.length + 1), hits: 0, ...ruleFrom(input) }
  rules.push(rule)
  return rule
}

function saveViewer(id, input, refuse) {
  const who = employees.find((one) => one.userid === input.userid)?.person
  const people = input.employees.map((one) => employees.find((employee) => employee.person.id === one).person)
  const size = input.role === 'admin' ? 64 : input.departments.length * 12 + people.length
  if (id) return Object.assign(stored(viewers, id, refuse), input, { employees: people, scope_size: size })
  const viewer = { id: String(viewers.length + 1), person: who, from_config: false, ...input, employees: people, scope_size: size }
  viewers.push(viewer)
  return viewer
}

function tryWords({ words, text }) {
  const hit = words.filter((word) => text.includes(word))
  return { words: hit, spans: spansOf(text, hit) }
}

/** [method, path, answer(match, { query, body, context, refuse })]. */
export const adminRoutes = [
  ['GET', /^\/violations$/, (_, { query }) => violationsOf(query)],
  ['GET', /^\/violations\/([^/]+)$/, ([, id], { context, refuse }) => {
    const violation = stored(violations, id, refuse)
    return { violation, context: context(violation), alerts: pushes.filter((one) => one.violation_id === id).concat(id === 'v1' ? pushes.slice(2, 6) : []) }
  }],
  ['PATCH', /^\/violations\/([^/]+)$/, ([, id], { body, refuse }) => Object.assign(stored(violations, id, refuse), body, { handled_by: me, handled_at: at(0) })],
  ['GET', /^\/alerts$/, (_, { query }) => page(pushes, query)],
  ['GET', /^\/rules$/, () => ({ items: rules })],
  ['POST', /^\/rules$/, (_, { body }) => postRule(body)],
  ['POST', /^\/rules\/test$/, (_, { body }) => tryWords(body)],
  ['GET', /^\/rules\/([^/]+)$/, ([, id], { refuse }) => stored(rules, id, refuse)],
  ['PUT', /^\/rules\/([^/]+)$/, ([, id], { body, refuse }) => putRule(id, body, refuse)],
  ['DELETE', /^\/rules\/([^/]+)$/, ([, id], { refuse }) => void rules.splice(rules.indexOf(stored(rules, id, refuse)), 1)],
  ['GET', /^\/viewers$/, () => ({ items: viewers })],
  ['POST', /^\/viewers$/, (_, { body, refuse }) => saveViewer('', body, refuse)],
  ['PUT', /^\/viewers\/([^/]+)$/, ([, id], { body, refuse }) => saveViewer(id, body, refuse)],
  ['GET', /^\/status$/, () => status],
]
