import { describe, expect, it } from 'vitest'
import { previewOf } from '@/features/people/preview'

describe('previewOf', () => {
  it.each([
    ['text', '好的\n明天见 ', '好的 明天见'],
    ['text', '收到[抱拳][OK] [不是表情]', '收到🙏👌 [不是表情]'],
    ['text', ' \n\t\u3000\n', '（无文字）'],
    ['voice', '', '[语音]'],
    ['file', '报价单.xlsx', '[文件] 报价单.xlsx'],
    ['external_redpacket', '感谢支持', '[红包] 感谢支持'],
    ['meeting_voice_call', '', '[音视频通话]'],
    ['disagree', '', '[存档授权]'],
    ['somethingnew', '', '[不支持的消息类型]'],
    ['toString', 'x', '[不支持的消息类型] x'],
  ])('%s %j', (msgtype, text, want) => {
    expect(previewOf({ msgtype, text })).toBe(want)
  })
})
