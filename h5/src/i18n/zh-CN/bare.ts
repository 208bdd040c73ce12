// Texts of signing in, and of what cannot be shown.
export default {
  'page.forbidden': '无权访问',
  'page.notFound': '页面不存在',
  'page.notFoundHint': '链接可能已失效，或地址有误。',
  'page.home': '回到首页',
  'login.title': '登录会存',
  'login.hint': '使用企业微信身份登录，无需密码。',
  'login.button': '企业微信登录',
  'login.failed': '登录未完成，请再试一次。',
  'login.reason.denied': '你的账号没有会存的查看权限，请联系存档管理员。',
  'login.reason.expired': '登录已过期，请重新登录。',
} as const
