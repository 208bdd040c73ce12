// The screens everything is tried on, and what WeCom's web view calls itself.

/** A phone of common size. */
export const phone = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true } as const

/** The two screens everything is tried on. */
export const screens = { phone, desktop: { viewport: { width: 1440, height: 900 } } } as const

/** The user agent of WeCom on Android. */
export const wxwork =
  'Mozilla/5.0 (Linux; Android 14; SM-S9210) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/134.0.0.0 ' +
  'Mobile Safari/537.36 wxwork/4.1.38 MicroMessenger/7.0.1 NetType/WIFI Language/zh ColorScheme/Light'
