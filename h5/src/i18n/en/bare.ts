// Texts of signing in, and of what cannot be shown.
export default {
  'page.forbidden': 'No access',
  'page.notFound': 'Page not found',
  'page.notFoundHint': 'The link may have expired or the address is wrong.',
  'page.home': 'Go to the start page',
  'login.title': 'Sign in to Huicun',
  'login.hint': 'Sign in with your WeCom identity; no password is needed.',
  'login.button': 'Sign in with WeCom',
  'login.failed': 'Signing in did not complete, please try again.',
  'login.reason.denied': 'Your account has no access to Huicun; please ask an archive admin.',
  'login.reason.expired': 'Your session has expired, please sign in again.',
} as const
