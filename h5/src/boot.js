// Runs before the first paint, as a classic script of its own (the policy allows
// no inline scripts): sets the theme and the language on <html>, so that nothing
// flashes. It is neither bundled nor transpiled.
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
})()
