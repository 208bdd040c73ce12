// Emoticons that are not in every chat, and the names of all of them in traditional
// Chinese, in English, and of older clients.

/** The characters that stand for emoticons, besides the commonest ones. */
const rare: Record<string, string> = {
  闭嘴: '🤐', 睡: '😴', 尴尬: '😅', 囧: '😖', 吐: '🤮', 白眼: '🙄', 傲慢: '😤', 困: '😪', 惊恐: '😨', 悠闲: '😌', 咒骂: '🤬', 嘘: '🤫',
  晕: '😵', 衰: '😩', 骷髅: '💀', 敲打: '🔨', 抠鼻: '😏', 右哼哼: '😤', 鄙视: '😒', 委屈: '🥺', 快哭了: '😥', 阴险: '😈', 亲亲: '😘',
  笑脸: '😀', 生病: '🤒', 脸红: '😳', 恐惧: '😱', 失望: '😞', 无语: '😑', 嘿哈: '💪', 皱眉: '😣', 吃瓜: '🍉', 汗: '😓', 天啊: '😱',
  Emm: '🤨', 社会社会: '🤝', 打脸: '🤕', 哇: '🤩', 翻白眼: '🙄', 666: '👍', 让我看看: '👀', 叹气: '😮‍💨', 苦涩: '🥲', 裂开: '💔', 嘴唇: '👄',
  心碎: '💔', 弱: '👎', 勾引: '👉', 拳头: '👊', 啤酒: '🍺', 蛋糕: '🎂', 凋谢: '🥀', 菜刀: '🔪', 炸弹: '💣', 便便: '💩', 月亮: '🌙',
  太阳: '☀️', 红包: '🧧', 發: '🤑', 福: '🧧', 烟花: '🎆', 爆竹: '🧨', 猪头: '🐷', 跳跳: '🐸', 发抖: '🥶', 转圈: '💃', 飞吻: '😚', 礼花: '🎊',
  爱你: '🤟', NO: '🙅', 蜡烛: '🕯️',
}

/** Another name, and the one of today's client in simplified Chinese. */
const aliases: Record<string, string> = {
  發呆: '发呆', 流淚: '流泪', 閉嘴: '闭嘴', 尷尬: '尴尬', 發怒: '发怒', 調皮: '调皮', 驚訝: '惊讶', 難過: '难过',
  累: '困', 驚恐: '惊恐', 大笑: '憨笑', 悠閒: '悠闲', 咒罵: '咒骂', 疑問: '疑问', 噓: '嘘', 暈: '晕', 骷髏頭: '骷髅',
  骷髏: '骷髅', 再見: '再见', 摳鼻: '抠鼻', 壞笑: '坏笑', 鄙視: '鄙视', 陰險: '阴险', 親親: '亲亲', 可憐: '可怜',
  笑臉: '笑脸', 臉紅: '脸红', 破涕為笑: '破涕为笑', 恐懼: '恐惧', 無語: '无语', 捂臉: '捂脸', 機智: '机智', 皺眉: '皱眉',
  社會社會: '社会社会', 打臉: '打脸', 讓我看看: '让我看看', 嘆氣: '叹气', 苦澀: '苦涩', 裂開: '裂开', 愛心: '爱心',
  擁抱: '拥抱', 強: '强', 勝利: '胜利', 拳頭: '拳头', 枯萎: '凋谢', 凋謝: '凋谢', 炸彈: '炸弹', 太陽: '太阳',
  慶祝: '庆祝', 禮物: '礼物', 紅包: '红包', 发: '發', 煙花: '烟花', 豬頭: '猪头', 發抖: '发抖', 轉圈: '转圈',
  飛吻: '飞吻', 禮花: '礼花', 愛你: '爱你', 蠟燭: '蜡烛', 委曲: '委屈', 冷汗: '汗', 流汗: '汗', 示爱: '嘴唇', 示愛: '嘴唇',
  Smile: '微笑', Grimace: '撇嘴', Drool: '色', Scowl: '发呆', CoolGuy: '得意', Chill: '得意', Sob: '流泪', Shy: '害羞',
  Silent: '闭嘴', Sleep: '睡', Cry: '大哭', Awkward: '尴尬', Angry: '发怒', Pout: '发怒', Tongue: '调皮', Wink: '调皮',
  Grin: '呲牙', Surprise: '惊讶', Surprised: '惊讶', Frown: '难过', Blush: '囧', Tension: '囧', Scream: '抓狂', Puke: '吐',
  Chuckle: '偷笑', Joyful: '愉快', Slight: '白眼', Smug: '傲慢', Drowsy: '困', Panic: '惊恐', Laugh: '憨笑', Loafer: '悠闲',
  Commando: '悠闲', Scold: '咒骂', Doubt: '疑问', Shocked: '疑问', Shhh: '嘘', Dizzy: '晕', Toasted: '衰', Skull: '骷髅',
  Hammer: '敲打', Wave: '再见', Bye: '再见', Speechless: '擦汗', Relief: '擦汗', NosePick: '抠鼻', DigNose: '抠鼻', Clap: '鼓掌',
  Trick: '坏笑', 'Bah！R': '右哼哼', 'Bah!R': '右哼哼', 'Pooh-pooh': '鄙视', Pooh: '鄙视', Shrunken: '委屈', Wronged: '委屈',
  TearingUp: '快哭了', Sly: '阴险', Kiss: '亲亲', Whimper: '可怜', Happy: '笑脸', Sick: '生病', Flushed: '脸红', Lol: '破涕为笑',
  LOL: '破涕为笑', Terror: '恐惧', 'Let Down': '失望', LetDown: '失望', Duh: '无语', Hey: '嘿哈', Facepalm: '捂脸',
  Smirk: '奸笑', Smart: '机智', Concerned: '皱眉', 'Yeah!': '耶', 'Yeah！': '耶', Onlooker: '吃瓜', GoForIt: '加油',
  'Go for it': '加油', Sweats: '汗', Sweat: '汗', OMG: '天啊', Respect: '社会社会', Doge: '旺柴', NoProb: '好的',
  MyBad: '打脸', Wow: '哇', Boring: '翻白眼', Awesome: '666', LetMeSee: '让我看看', Sigh: '叹气', Hurt: '苦涩', Broken: '裂开',
  Lips: '嘴唇', Heart: '爱心', BrokenHeart: '心碎', Hug: '拥抱', ThumbsUp: '强', 'Thumbs Up': '强', ThumbsDown: '弱',
  'Thumbs Down': '弱', Shake: '握手', Handshake: '握手', Peace: '胜利', Victory: '胜利', Fight: '抱拳', Salute: '抱拳',
  Beckon: '勾引', Fist: '拳头', Ok: '好的', Worship: '合十', Beer: '啤酒', Coffee: '咖啡', Cake: '蛋糕', Rose: '玫瑰',
  Wilt: '凋谢', Cleaver: '菜刀', Bomb: '炸弹', Poop: '便便', Moon: '月亮', Sun: '太阳', Party: '庆祝', Gift: '礼物',
  Packet: '红包', Rich: '發', Blessing: '福', Fireworks: '烟花', Firecracker: '爆竹', Pig: '猪头', Waddle: '跳跳',
  JumpJump: '跳跳', Tremble: '发抖', Twirl: '转圈', Blowkiss: '飞吻', 'Blow Kiss': '飞吻', RockOn: '爱你', 'Nuh-uh': 'NO',
  Candle: '蜡烛',
}

/** Emoticons that clients no longer offer, with their names in the three languages. */
const old: [character: string, ...names: string[]][] = [
  ['😣', '奋斗', '奮鬥', 'Strive', 'Determined'],
  ['😖', '折磨', 'Tormented'],
  ['😳', '糗大了', 'Shame', 'Shamed'],
  ['😤', '左哼哼', 'Bah！L', 'Bah!L'],
  ['🥱', '哈欠', 'Yawn'],
  ['😱', '吓', '嚇', 'Wrath', 'Uh Oh'],
  ['😋', '饥饿', '飢餓', 'Hungry'],
  ['🍉', '西瓜', 'Watermelon'],
  ['🏀', '篮球', '籃球', 'Basketball'],
  ['🏓', '乒乓', 'PingPong'],
  ['🍚', '饭', '飯', 'Rice'],
  ['⚡', '闪电', '閃電', 'Lightning'],
  ['🗡️', '刀', 'Dagger'],
  ['⚽', '足球', 'Soccer'],
  ['🐞', '瓢虫', '瓢蟲', 'Ladybug'],
  ['👎', '差劲', '差勁', 'Pinky'],
  ['💑', '爱情', '愛情', 'InLove'],
  ['💢', '怄火', '慪火', 'Aaagh!', 'Aaagh！'],
  ['🙇', '磕头', '磕頭', 'Kotow'],
  ['👀', '回头', '回頭', 'Dramatic'],
  ['🤸', '跳绳', '跳繩', 'JumpRope'],
  ['🏳️', '投降', 'Surrender'],
  ['🙌', '激动', '激動', 'Hooray'],
  ['🕺', '乱舞', '亂舞', 'HeyHey', 'Meditate'],
  ['💋', '献吻', '獻吻', 'Smooch'],
  ['☯️', '左太极', '左太極', 'TaiChi L', '右太极', '右太極', 'TaiChi R'],
]

/** The characters of all these names; common are the others that aliases lead to. */
export function characters(common: Readonly<Record<string, string>>): Record<string, string> {
  const all = { ...common, ...rare }
  const led = Object.entries(aliases).map(([name, of]): [string, string] => [name, all[of] ?? name])
  return Object.fromEntries([...Object.entries(rare), ...led, ...old.flatMap(([character, ...names]) => names.map((name) => [name, character]))])
}
