'use strict'
// Filters the members while typing; the form itself searches everybody.
const field = document.getElementById('q')
const rows = [...document.querySelectorAll('#members li')]
field.addEventListener('input', () => {
  const text = field.value.trim().toLowerCase()
  for (const row of rows) row.hidden = !row.textContent.toLowerCase().includes(text)
})
