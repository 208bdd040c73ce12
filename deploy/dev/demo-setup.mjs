// demo-setup.mjs HUICUN SIM ADMIN signs in as the admin, as a WeCom client would,
// and gives the demonstration what an admin makes first: a rule with words, and
// a manager with a department. What is there already stays as it is.
const [huicun, sim, admin] = process.argv.slice(2)

const manager = { userid: 'ZhouMingkai', departments: ['12'] } // 华东销售部 and the shops below it
const rule = {
  name: '私下交易与投诉',
  words: ['回扣', '返点', '返现', '私下', '个人卡', '个人账户', '加我微信', '私人微信', '走微信', '别走单', '投诉', '曝光'],
  severity: 'high',
  direction: 'both',
  scope_all: true,
  scope_departments: [],
  scope_employees: [],
  enabled: true,
}

/** Cookies by origin: one browser that has both sites open. */
const jars = new Map([[sim, new Map([['wecomsim_member', admin]])]])

async function request(url, options = {}) {
  const { origin } = new URL(url)
  const jar = jars.get(origin) ?? jars.set(origin, new Map()).get(origin)
  const cookie = [...jar].map(([name, value]) => `${name}=${value}`).join('; ')
  const response = await fetch(url, {
    redirect: 'manual',
    signal: AbortSignal.timeout(20_000),
    ...options,
    headers: { 'User-Agent': 'demo-setup wxwork/5.0.0', Cookie: cookie, Origin: origin, ...options.headers },
  })
  for (const line of response.headers.getSetCookie()) {
    const [, name, value] = /^([^=]+)=([^;]*)/.exec(line)
    if (value) jar.set(name, value)
    else jar.delete(name)
  }
  return response
}

/** Goes to WeCom and back; the sign-in page lets a bound client pass. */
async function signIn() {
  let url = `${huicun}/auth/login?return_to=/`
  for (let hops = 0; hops < 8; hops++) {
    const response = await request(url)
    const next = response.headers.get('location')
    if (!next) throw new Error(`sign-in stopped at ${new URL(url).pathname} with ${response.status}`)
    url = new URL(next, url).href
    if (url === `${huicun}/`) return
  }
  throw new Error('sign-in goes round in circles')
}

let csrf = ''

async function call(method, path, body) {
  const response = await request(`${huicun}/api/v1${path}`, {
    method,
    body: body && JSON.stringify(body),
    headers: { 'Content-Type': 'application/json', 'X-CSRF-Token': csrf },
  })
  if (response.status === 204) return undefined
  const answer = await response.json()
  if (!response.ok) throw new Error(`${method} ${path}: ${answer.error?.code} ${answer.error?.message}`)
  return answer
}

await signIn()
const me = await call('GET', '/me')
csrf = me.csrf

const viewers = (await call('GET', '/viewers')).items
let viewer = viewers.find((v) => v.userid.toLowerCase() === manager.userid.toLowerCase())
viewer ??= await call('POST', '/viewers', { ...manager, role: 'viewer', disabled: false, employees: [] })

const rules = (await call('GET', '/rules')).items
if (rules.length === 0) await call('POST', '/rules', { ...rule, subscribers: [me.id, viewer.id] })
await call('DELETE', '/session')
