// Texts that want to be more than text. Each calls ran() when it is carried out,
// or tries to break the order or the size of what stands around it.

/** Where texts want to lead the page, or to tell of it; nobody is there. */
export const elsewhere = 'evil.invalid'

/** How long a text without a break is, in characters. */
const endless = 50_000
/** How many combining marks stand on one letter of a storm. */
const storm = 120

const times = (text: string, n: number) => text.repeat(n)
const marks = Array.from({ length: storm }, (_, i) => String.fromCodePoint(0x300 + (i % 0x6f))).join('')

/** Markup that runs when it becomes part of the page. */
export const markup = [
  '<script>top.ran("script")</script>',
  '<img src=x onerror=top.ran("img")>',
  `<img src="https://${elsewhere}/pixel.gif">`,
  '<svg onload=top.ran("svg")></svg><svg><script>top.ran("svg-script")</script></svg>',
  '<iframe srcdoc="<script>top.ran(\'srcdoc\')</script>"></iframe><iframe src="javascript:top.ran(\'frame\')"></iframe>',
  '<details open ontoggle=top.ran("toggle")><input autofocus onfocus=top.ran("focus")></details>',
  '<math><mtext><table><mglyph><style><!--</style><img title="--&gt;&lt;img src=1 onerror=top.ran(\'mutation\')&gt;">',
  '<template><script>top.ran("template")</script></template><noscript><p title="</noscript><img src=x onerror=top.ran(1)>">',
  '"><b onmouseover="top.ran(1)" style="animation-name:x">\' autofocus onfocus=top.ran(1) x=\'</textarea></title></style>',
  `<base href="https://${elsewhere}/"><link rel=stylesheet href="https://${elsewhere}/x.css"><form action="https://${elsewhere}/"><button>`,
  '<style>*{display:none!important}</style>',
].join('')

/** Addresses that are none, or that run when they are opened. */
export const addresses = [
  'javascript:top.ran("url")',
  'JaVaScRiPt:top.ran("case")',
  ' java\tscript\n:top.ran("blanks")',
  '\u0001javascript:top.ran("control")',
  'javascript://example.com/%0atop.ran("comment")',
  'data:text/html,<script>top.ran("data")</script>',
  'data:image/svg+xml,<svg xmlns="http://www.w3.org/2000/svg" onload="top.ran(1)"/>',
  'vbscript:top.ran("vbs")',
  'blob:https://example.com/x',
  'file:///etc/passwd',
  'intent://scan/#Intent;scheme=zxing;end',
  'weixin://dl/business/?t=x',
  'wxwork://message?uin=1',
  'tel:10086',
  '//evil.invalid/protocol-relative',
  `https://user:password@${elsewhere}:8443/?q=<script>top.ran(1)</script>#"onclick="top.ran(1)`,
  `https://work.weixin.qq.com.${elsewhere}/${times('a', 3000)}`,
  'https://xn--80ak6aa92e.com/',
  'https://[::1',
] as const

/** What the texts of one chat want. */
export const payloads: Record<string, string> = {
  markup,
  templates:
    '{{constructor.constructor("top.ran(1)")()}} ${top.ran(1)} <%= top.ran(1) %> #{top.ran(1)} {{_c.constructor("top.ran(1)")()}} ' +
    '[[${T(java.lang.Runtime)}]] v-html="x" :innerHTML="x" @click="top.ran(1)" %s %d %n {0} {name} {n}',
  style: `color:red;position:fixed;inset:0;z-index:9999;background:url(https://${elsewhere}/bg.png);expression(top.ran(1)) @import url(//${elsewhere}/x.css); }*{display:none}`,
  addresses: addresses.join(' '),
  queries: "'; DROP TABLE messages; --\" OR 1=1 -- \\ \\' %_%\\_ $1 :named ?1 E'\\'' $$ /* */ ~* 100%_",
  bidi: '\u5f20\u202e\u4e09\u202c \u2066\u9690\u2067\u85cf\u2069\u2069 \u200f\u200e\u061c\u202dabc\u202e \u05e9\u05dc\u05d5\u05dd (3) \u0645\u0631\u062d\u0628\u0627 12:30 ) ( [',
  invisible: '\u5f20\u200b\u4e09\u200c\u200d\ufeff\u2060\u00ad\u180e\u3164\u115f\u2800\u034f\u2063\u{e0041}\u{e007f}\u4e09\ufff9\u9690\ufffa\u85cf\ufffb',
  blank: '\u3000 \u00a0\u2003\u3164\u2800',
  storm: `\u738b${marks}\u5973${marks}\u58eb${marks} a${marks}`,
  endless: times('W', endless),
  endlessChinese: times('\u5f20', endless),
  thai: times('\u0e01\u0e34\u0e49\u0e47\u0e4a\u0e31\u0e19', 400),
  lines: `${times('\n', 3000)}\u7b2c\u4e00\u884c${times('\r\n\u884c', 3000)}`,
  controls: `\u0000\u0001\u0007\u0008\u000b\u000c\u001b[31mred\u001b]0;title\u0007\u007f\u0085\u2028\u2029\ud800\udfff\udc00\ud83d end\ufffe\uffff`,
  emoji: times('\u{1f468}\u200d\u{1f469}\u200d\u{1f467}\u200d\u{1f466}\u{1f3f4}\u{e0067}\u{e0062}\u{e0065}\u{e006e}\u{e0067}\u{e007f}\u{1f469}\u{1f3fd}\u200d\u{1f680}1\ufe0f\u20e3\u{1f1e8}\u{1f1f3}', 40),
  patterns: `${times('[a](', 4000)}${times('**a', 4000)}https://a.example/${times(')', 9000)}x ${times('@', 9000)}${times('`', 4001)}[[${times('\u5fae', 9000)}`,
  widest: times('\ufdfd\u{12219}\u102a\ua9c5\u2e3b', 200),
}
