// The watermark's tile, drawn once per text.

const width = 240
const height = 160
const angle = (-18 * Math.PI) / 180

/** A transparent tile with text in 16 % grey, or null where there is no canvas. */
export function drawWatermark(text: string): Promise<Blob | null> {
  const canvas = document.createElement('canvas')
  const ratio = Math.min(2, window.devicePixelRatio || 1)
  canvas.width = width * ratio
  canvas.height = height * ratio
  const pen = canvas.getContext('2d')
  if (!pen) return Promise.resolve(null)
  pen.scale(ratio, ratio)
  pen.translate(width / 2, height / 2)
  pen.rotate(angle)
  pen.fillStyle = 'rgba(128, 128, 128, 0.16)'
  pen.font = '14px system-ui, "PingFang SC", "Noto Sans CJK SC", sans-serif'
  pen.textAlign = 'center'
  pen.fillText(text, 0, 0, width - 20)
  return new Promise((resolve) => canvas.toBlob(resolve))
}
