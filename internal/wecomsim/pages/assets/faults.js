'use strict'
const $ = selector => document.querySelector(selector)
const note = $('#note')

function say(text, bad) {
  note.textContent = text
  note.classList.toggle('bad', Boolean(bad))
}

// make builds an element with properties and children.
function make(tag, properties = {}, ...children) {
  const element = Object.assign(document.createElement(tag), properties)
  element.append(...children)
  return element
}

async function call(method, path, body) {
  const answer = await fetch(path, {
    method, headers: { 'Content-Type': 'application/json' }, body: body === undefined ? undefined : JSON.stringify(body),
  })
  const data = await answer.json()
  if (!answer.ok) throw new Error(`${data.error.field ? data.error.field + '：' : ''}${data.error.message}`)
  return data
}

// change makes a call, says how it went and shows what is switched on then.
async function change(done, ...args) {
  try {
    const data = await call(...args)
    say(typeof done === 'function' ? done(data) : done)
    await refresh()
    return true
  } catch (e) {
    say('没有成功：' + e.message, true)
    return false
  }
}

const selectors = [
  { name: 'after', least: 0, most: 1e9, usual: 0, about: '放过前几次' },
  { name: 'every', least: 1, most: 1e9, usual: 1, about: '每几次一次' },
  { name: 'probability', least: 0.001, most: 1, usual: 1, step: 'any', about: '概率（0–1）' },
  { name: 'times', least: 0, most: 1e9, usual: '不限', about: '最多几次' },
]
const chances = {
  call: '每次调用', page: '每次有新消息可给的拉取', message: '每条消息', event: '每个事件', file: '每次取文件', 'part of a file': '每次取文件的一段', login: '每次登录', tunnel: '每条隧道', 'app message': '每条应用消息',
}

function field(p) {
  const input = make('input', {
    name: p.name, type: 'number', min: p.least, max: p.most, step: p.step ?? 1, placeholder: String(p.usual),
  })
  if (p.name === 'code') input.setAttribute('list', 'codes')
  return make('label', {}, p.about + ' ', make('small', { textContent: p.name }), input)
}

function form(kind) {
  const fields = kind.params.map(field)
  if (kind.path) {
    const input = make('input', { name: 'path', placeholder: '全部，例如 message/send 或 user/*', autocomplete: 'off' })
    input.setAttribute('list', 'paths')
    fields.push(make('label', { className: 'broad' }, '只限接口 ', make('small', { textContent: 'path' }), input))
  }
  if (kind.chance) fields.push(...selectors.map(field))
  const element = make('form', { className: 'fault-form' }, ...fields, make('button', { className: 'main', textContent: '打开' }))
  element.addEventListener('submit', async event => {
    event.preventDefault()
    const fault = { kind: kind.kind }
    for (const input of element.querySelectorAll('input')) {
      if (input.value !== '') fault[input.name] = input.type === 'number' ? Number(input.value) : input.value.trim()
    }
    if (fault.path === '') delete fault.path
    if (await change(`${kind.kind} 打开了`, 'POST', '/sim/faults/add', fault)) element.closest('details').open = false
  })
  return element
}

function card(group, kinds) {
  return make('section', { id: 'group-' + group }, make('h2', { textContent: group }), ...kinds.map(kind => make('details', { className: 'kind' },
    make('summary', {},
      make('span', { className: 'kind-head' }, make('code', { textContent: kind.kind }), make('span', { className: 'struck', title: '命中次数', hidden: true })),
      make('span', { className: 'kind-about', textContent: kind.about })),
    make('p', { className: 'hint', textContent: kind.chance ? `${chances[kind.chance]}算一次机会。` : '打开期间一直有效，不算次数。' }),
    form(kind))))
}

// build makes the part of the page that never changes.
function build(report) {
  const groups = Map.groupBy ? Map.groupBy(report.kinds, k => k.group) : group(report.kinds)
  // Each group goes to the column that is the shortest so far; on a phone the columns stand below each other.
  const columns = [1, 2, 3].map(() => ({ element: make('div', { className: 'column' }), length: 0 }))
  for (const [name, kinds] of groups) {
    const shortest = columns.reduce((a, b) => (b.length < a.length ? b : a))
    shortest.element.append(card(name, kinds))
    shortest.length += kinds.length + 2
  }
  $('#groups').replaceChildren(...columns.map(c => c.element))
  $('#jump').replaceChildren(...[...groups.keys()].map(name => make('a', { href: '#group-' + name, textContent: name })))
  filter()
  $('#paths').replaceChildren(...report.paths.map(path => make('option', { value: path })))
  $('#codes').replaceChildren(...report.codes.map(c => make('option', { value: c.code, label: c.errmsg })))
  for (const kind of report.kinds.filter(k => k.shape)) {
    $('#strange select').append(make('option', { value: kind.kind, textContent: kind.about.replace(/^插入一条消息：/, '') + ' · ' + kind.kind }))
  }
}

// filter shows the kinds whose name or description holds every word that is asked for.
function filter() {
  const words = $('#filter').value.toLowerCase().split(/\s+/).filter(Boolean)
  for (const section of document.querySelectorAll('#groups section')) {
    const title = section.querySelector('h2').textContent
    for (const kind of section.querySelectorAll('.kind')) {
      const text = [title, kind.querySelector('code').textContent, kind.querySelector('.kind-about').textContent].join(' ').toLowerCase()
      kind.hidden = !words.every(word => text.includes(word))
    }
    section.hidden = !section.querySelector('.kind:not([hidden])')
  }
  for (const link of document.querySelectorAll('#jump a')) link.hidden = document.getElementById(link.hash ? decodeURIComponent(link.hash.slice(1)) : '').hidden
  $('#nothing').hidden = Boolean($('#groups section:not([hidden])'))
}

function group(kinds) {
  const all = new Map()
  for (const kind of kinds) all.set(kind.group, [...(all.get(kind.group) ?? []), kind])
  return all
}

const own = ['id', 'kind', 'seen', 'struck', 'accepted']
function row(f, kind) {
  const set = Object.entries(f).filter(([name]) => !own.includes(name)).map(([name, value]) => `${name}=${value}`).join('，')
  const counts = kind.chance ? [`机会 ${f.seen}`, `命中 ${f.struck}`] : ['一直有效']
  if (/^callback\.(forged|replayed)/.test(f.kind)) counts.push(`被接收 ${f.accepted}`)
  const off = make('button', { textContent: '关闭' })
  off.setAttribute('aria-label', `关闭 ${f.kind}`)
  off.addEventListener('click', () => change(`${f.kind} 关闭了`, 'DELETE', '/sim/faults?id=' + f.id))
  return make('li', {},
    make('div', { className: 'what' }, make('code', { textContent: f.kind }), set ? make('small', { textContent: set }) : ''),
    make('span', { className: 'counts', textContent: counts.join(' · ') }), off)
}

function show(report) {
  const kinds = new Map(report.kinds.map(k => [k.kind, k]))
  const active = $('#active')
  if (!active.contains(document.activeElement)) {
    active.replaceChildren(...(report.faults.length ? report.faults.map(f => row(f, kinds.get(f.kind))) : [make('li', { className: 'none', textContent: '没有打开的故障，一切照常。' })]))
  } else {
    report.faults.forEach((f, i) => active.children[i]?.replaceChild(row(f, kinds.get(f.kind)).children[1], active.children[i].children[1]))
  }
  const seed = $('#seed').seed
  if (document.activeElement !== seed) seed.value = report.seed
  const on = new Set(report.faults.map(f => f.kind))
  for (const details of document.querySelectorAll('.kind')) {
    const name = details.querySelector('code').textContent
    const count = details.querySelector('.struck')
    count.textContent = `命中 ${report.struck[name] ?? 0}`
    count.hidden = !report.struck[name]
    details.classList.toggle('on', on.has(name))
  }
}

$('#filter').addEventListener('input', filter)
$('#seed').addEventListener('submit', async event => {
  event.preventDefault()
  try {
    const { faults } = await call('GET', '/sim/faults')
    const kept = faults.map(f => Object.fromEntries(Object.entries(f).filter(([name]) => name === 'kind' || !own.includes(name))))
    await change('重新开始了', 'POST', '/sim/faults', { seed: event.target.seed.valueAsNumber, faults: kept })
  } catch (e) {
    say('没有成功：' + e.message, true)
  }
})
$('[data-clear]').addEventListener('click', () => change('全部关闭了', 'DELETE', '/sim/faults'))
$('[data-release]').addEventListener('click', () => change(
  data => data.released.length ? '下发了版本 ' + data.released.join('、') + ' 的私钥' : '没有未下发的私钥', 'POST', '/sim/keys/release', {}))
$('#strange').addEventListener('submit', event => {
  event.preventDefault()
  const { kind, count, seed } = event.target
  const body = {}
  if (kind.value) body.kinds = [kind.value]
  if (count.value) body.count = Number(count.value)
  if (seed.value) body.seed = Number(seed.value)
  change(data => {
    const list = data.messages
    return `插入了 ${list.length} 条，seq ${list[0].seq}–${list[list.length - 1].seq}`
  }, 'POST', '/sim/faults/strange', body)
})

let built = false
let timer
async function refresh() {
  clearTimeout(timer)
  try {
    const report = await call('GET', '/sim/faults')
    if (!built) build(report)
    built = true
    show(report)
  } catch {
    say('模拟器没有回应', true)
  }
  timer = setTimeout(refresh, 2000)
}
refresh()
