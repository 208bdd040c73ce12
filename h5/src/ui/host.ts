// Where a link leads, as a person can check it.

/** An address of a chat that may be opened, or undefined: http and https only. */
export function safeUrl(text: string): URL | undefined {
  try {
    const url = new URL(text)
    return url.protocol === 'http:' || url.protocol === 'https:' ? url : undefined
  } catch {
    return undefined
  }
}

/**
 * Labels that are decoded: those in Chinese, Japanese or Korean. Letters of other
 * scripts look like Latin ones (аррӏе.com), so these stay as browsers ask for them.
 */
const readable = /^[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}ー々a-z0-9-]+$/u

/** The host with its punycode labels decoded, for example 例子.测试. */
export function readableHost(url: URL): string {
  const host = url.hostname
    .split('.')
    .map((label) => {
      const decoded = label.startsWith('xn--') ? decodePunycode(label.slice(4)) : undefined
      return decoded && readable.test(decoded) ? decoded : label
    })
    .join('.')
  return url.port ? `${host}:${url.port}` : host
}

const base = 36
const tMin = 1
const tMax = 26

/** RFC 3492; undefined when the label is not valid. */
export function decodePunycode(label: string): string | undefined {
  const delimiter = label.lastIndexOf('-')
  const output = Array.from(label.slice(0, Math.max(0, delimiter)), (char) => char.codePointAt(0) ?? 0)
  let n = 128
  let i = 0
  let bias = 72
  let at = delimiter < 0 ? 0 : delimiter + 1
  while (at < label.length) {
    const start = i
    for (let weight = 1, k = base; ; k += base) {
      const digit = digitOf(label.charCodeAt(at++))
      if (digit < 0) return undefined
      i += digit * weight
      const threshold = Math.min(tMax, Math.max(tMin, k - bias))
      if (digit < threshold) break
      weight *= base - threshold
    }
    const length = output.length + 1
    bias = adapt(i - start, length, start === 0)
    n += Math.floor(i / length)
    i %= length
    if (n > 0x10ffff) return undefined
    output.splice(i++, 0, n)
  }
  return String.fromCodePoint(...output)
}

function digitOf(code: number): number {
  if (code >= 0x30 && code <= 0x39) return code - 0x30 + 26
  if (code >= 0x41 && code <= 0x5a) return code - 0x41
  if (code >= 0x61 && code <= 0x7a) return code - 0x61
  return -1
}

function adapt(delta: number, length: number, first: boolean): number {
  let left = first ? Math.floor(delta / 700) : delta >> 1
  left += Math.floor(left / length)
  let k = 0
  for (; left > ((base - tMin) * tMax) >> 1; k += base) left = Math.floor(left / (base - tMin))
  return k + Math.floor(((base - tMin + 1) * left) / (left + 38))
}
