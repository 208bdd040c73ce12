// What the user agent tells about the host.

/** Whether the page runs inside WeCom's own web view. */
export function insideWecom(ua: string = navigator.userAgent): boolean {
  return /wxwork\/[\d.]+/i.test(ua)
}

/** Whether the device is one of Apple's phones or tablets. */
export function onIos(ua: string = navigator.userAgent): boolean {
  return /iPhone|iPad|iPod/.test(ua)
}
