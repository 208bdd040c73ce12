'use strict'
// Keeps the messages of one phone up to date.
const user = encodeURIComponent(document.querySelector('.phone').dataset.user)
const box = document.getElementById('messages')
const toEnd = () => { box.scrollTop = box.scrollHeight }
let last = box.innerHTML
toEnd()

async function refresh() {
  const answer = await fetch(`/phone/${user}/messages`)
  if (!answer.ok) return
  const html = await answer.text()
  if (html === last) return
  last = html
  const atEnd = box.scrollHeight - box.scrollTop - box.clientHeight < 80
  box.innerHTML = html // made by our own template, which escapes everything
  if (atEnd) toEnd()
}
new EventSource(`/phone/${user}/events`).onmessage = refresh
