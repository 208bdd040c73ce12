'use strict'
const note = document.getElementById('note')
const $ = selector => document.querySelector(selector)

function say(text, bad) {
  note.textContent = text
  note.classList.toggle('bad', Boolean(bad))
}

async function post(path, body) {
  try {
    const answer = await fetch(path, {
      method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body ?? {}),
    })
    const data = await answer.json()
    if (!answer.ok) throw new Error(`${data.error.field ? data.error.field + '：' : ''}${data.error.message}`)
    say('完成：' + (Object.entries(data).map(([k, v]) => `${k}: ${v}`).join('，') || '好了'))
  } catch (e) {
    say('没有成功：' + e.message, true)
  }
  refresh()
}

const sensitive = [
  '这个价走公司不行，你加我微信，私下转账给我，我给你返点。',
  '别走平台了，货款直接打我个人卡上，回扣少不了你的。',
  '再不解决我就投诉你，还要曝光你们！',
]
let nth = 0

function address(form) {
  const to = form.to.value.trim()
  const body = { from: form.from.value.trim() }
  body[to.startsWith('wr') ? 'roomid' : 'to'] = to
  return body
}

$('#send').addEventListener('submit', event => {
  event.preventDefault()
  const form = event.target
  const body = address(form)
  const button = event.submitter
  if (button?.name === 'sample') {
    body.name = button.value === 'chosen' ? $('#samples').value : button.value
    post('/sim/samples', body)
    return
  }
  switch (button?.value) {
    case 'image': body.msgtype = 'image'; break
    case 'unknown': body.msgtype = 'hologram'; body.payload = { title: '一种还没有人见过的消息', depth: 3 }; break
    case 'sensitive': body.text = sensitive[nth++ % sensitive.length]; break
    default: body.text = form.text.value
  }
  post('/sim/messages', body)
})

// Every type of message and its variants, to choose one of.
async function listSamples() {
  const answer = await fetch('/sim/samples')
  if (!answer.ok) return
  const { samples } = await answer.json()
  $('#samples').replaceChildren(...samples.map(s => new Option(`${s.title} · ${s.name}`, s.name)))
}
listSamples()

// Takes back the newest message of the chat that the form names.
$('[data-revoke]').addEventListener('click', () => post('/sim/revoke-last', address($('#send'))))

$('[data-swap]').addEventListener('click', () => {
  const form = $('#send')
  ;[form.from.value, form.to.value] = [form.to.value, form.from.value]
  const [a, b] = [$('[data-name=from]'), $('[data-name=to]')]
  ;[a.textContent, b.textContent] = [b.textContent, a.textContent]
})

$('#relation').addEventListener('submit', event => {
  event.preventDefault()
  const form = event.target
  const pair = { userid: form.userid.value.trim(), external_userid: form.external_userid.value.trim() }
  switch (event.submitter?.value) {
    case 'customer': post('/sim/delete', { ...pair, by: 'customer' }); break
    case 'employee': post('/sim/delete', { ...pair, by: 'employee' }); break
    case 'transfer': post('/sim/delete', { ...pair, by: 'employee', source: 'DELETE_BY_TRANSFER' }); break
    case 'add': post('/sim/add', pair); break
    case 'agree': post('/sim/consent', { ...pair, agree: true }); break
    case 'disagree': post('/sim/consent', { ...pair, agree: false }); break
  }
})

$('#rate').addEventListener('submit', event => {
  event.preventDefault()
  post('/sim/rate', { per_minute: Number(event.target.per_minute.value) })
})

for (const button of document.querySelectorAll('[data-post]')) {
  button.addEventListener('click', () => post(button.dataset.post))
}

// Suggestions: names while typing, and the name of a complete id.
const names = new Map()
let asked = 0
async function suggest(input) {
  const turn = ++asked
  const answer = await fetch('/sim/people?q=' + encodeURIComponent(input.value.trim()))
  if (!answer.ok || turn !== asked) return
  const found = await answer.json()
  const options = []
  for (const [kind, list] of Object.entries(found)) {
    for (const p of list ?? []) {
      names.set(p.id, p.name)
      const option = document.createElement('option')
      option.value = p.id
      option.label = [p.name, kind === 'customers' ? '客户' : '', p.note].filter(Boolean).join(' · ')
      options.push(option)
    }
  }
  $('#people').replaceChildren(...options)
  showName(input)
}
function showName(input) {
  const output = input.closest('label').querySelector('output')
  output.textContent = names.get(input.value.trim()) ?? ''
}
for (const input of document.querySelectorAll('input[list]')) {
  input.addEventListener('input', () => { showName(input); suggest(input) })
  input.addEventListener('focus', () => { if (!names.size) suggest(input) })
}

function cell(text) {
  const td = document.createElement('td')
  td.textContent = text
  return td
}
function show({ messages, stats }) {
  $('#recent').replaceChildren(...messages.map(m => {
    const tr = document.createElement('tr')
    tr.append(...[m.seq, m.time, m.from, m.to, m.excerpt].map(cell))
    return tr
  }))
  for (const dd of document.querySelectorAll('[data-stat]')) {
    dd.textContent = dd.dataset.stat.split('.').reduce((o, k) => o[k], stats)
  }
}
let timer
async function refresh() {
  clearTimeout(timer)
  try {
    const answer = await fetch('/sim/recent')
    if (answer.ok) show(await answer.json())
  } catch {
    say('模拟器没有回应', true)
  }
  timer = setTimeout(refresh, 2000)
}
refresh()
