// Runs before the first paint, as a classic script of its own (the policy allows
// no inline scripts): sets the theme and the language on <html>, so that nothing
// flashes, and asks for what the page will show first, which src/api/early.ts hands
// to the app. It is neither bundled nor transpiled.
(function () {
  var root = document.documentElement
  var ua = navigator.userAgent
  function stored(key) {
    try {
      return localStorage.getItem(key)
    } catch {
      return null
    }
  }
  var theme = stored('huicun.theme')
  if (theme !== 'light' && theme !== 'dark') {
    var hint = /ColorScheme\/(\w+)/.exec(ua)
    var dark = hint
      ? hint[1] === 'Dark'
      : window.matchMedia && window.matchMedia('(prefers-color-scheme: dark)').matches
    theme = dark ? 'dark' : 'light'
  }
  root.setAttribute('data-theme', theme)
  var locale = stored('huicun.locale')
  if (locale !== 'zh-CN' && locale !== 'en') {
    var lang = (/Language\/(\w+)/.exec(ua) || [])[1] || navigator.language || 'zh-CN'
    locale = /^en/i.test(lang) ? 'en' : 'zh-CN'
  }
  root.setAttribute('lang', locale)

  var asked = (window.huicunEarly = new Map())
  function ask(path) {
    // The app takes the address as the API's client writes it, or asks by itself.
    var answer = fetch('/api/v1' + path, { credentials: 'same-origin' })
    answer.catch(function () {}) // whoever takes it meets the failure
    asked.set('/api/v1' + path, answer)
  }
  if (location.pathname === '/login') return
  ask('/me')
  var chat = /^\/c\/([^/]+)$/.exec(location.pathname)
  var returning = history.state && history.state.chat // opens elsewhere: at the place left
  if (!chat || returning) return
  var query = new URLSearchParams(location.search)
  var as = query.get('as')
  var target = query.get('m')
  ask('/conversations/' + chat[1] + (as ? '?as=' + encodeURIComponent(as) : ''))
  ask('/conversations/' + chat[1] + '/messages?' + (target ? 'around=' + encodeURIComponent(target) + '&' : '') + 'limit=50')
})()
