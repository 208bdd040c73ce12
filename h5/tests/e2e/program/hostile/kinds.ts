// One message of every kind that is shown, with a payload in each of its fields.

/** Seconds of a time that every card may name. */
const at = 1_767_240_000
const file = { md5sum: '5f2b6c0e9d1a47b3a8c4e6f7d0b19283', filesize: 184_320, sdkfileid: 'CqwCMzA4MTkz' }

/** How much of a payload goes into a field that comes many times. */
const shortened = 4000

/** The bodies: msgtype and what belongs to it. */
export function kindsOf(text: string): object[] {
  const some = text.slice(0, shortened)
  const json = (value: object) => JSON.stringify(value)
  const record = (items: object[]) => ({ title: text, item: items })
  const items = [
    { type: 'ChatRecordText', msgtime: at, content: json({ content: some }), from_chatroom: false },
    { type: 'ChatRecordFile', msgtime: at, content: json({ ...file, filename: some, fileext: some }), from_chatroom: true },
    { type: 'ChatRecordLink', msgtime: at, content: json({ title: some, description: some, link_url: some, image_url: some }) },
    { type: 'ChatRecordLocation', msgtime: at, content: json({ title: some, address: some, longitude: 1, latitude: 2 }) },
    { type: some, msgtime: at, content: some },
  ]
  return [
    { msgtype: 'text', text: { content: text } },
    { msgtype: 'text', text: { content: `\u8fd9\u662f\u4e00\u6761\u5f15\u7528/\u56de\u590d\u6d88\u606f\uff1a\n${some}\n${some}\n------\n${text}` } },
    { msgtype: 'link', link: { title: text, description: text, link_url: `https://www.example.com/?q=${encodeURIComponent(some.replace(/\p{Surrogate}/gu, ''))}`, image_url: text } },
    { msgtype: 'file', file: { ...file, filename: `${text}\u202efdp.exe`, fileext: text } },
    { msgtype: 'card', card: { corpname: text, userid: text.slice(0, 60) } },
    { msgtype: 'location', location: { longitude: 120.1, latitude: 30.2, title: text, address: text, zoom: 15 } },
    { msgtype: 'weapp', weapp: { title: text, description: text, username: text, displayname: text, appid: text, pagepath: text } },
    { msgtype: 'chatrecord', chatrecord: record([...items, { type: 'ChatRecord', msgtime: at, content: json(record([...items, { type: 'ChatRecord', content: json(record(items)) }])) }]) },
    { msgtype: 'mixed', mixed: { item: [{ type: 'text', content: json({ content: text }) }, { type: 'link', content: json({ title: text, description: text, link_url: text }) }] } },
    { msgtype: 'news', info: { item: [1, 2, 3].map(() => ({ title: some, description: some, url: some, picurl: some })) } },
    { msgtype: 'todo', todo: { title: text, content: text } },
    { msgtype: 'vote', votetitle: text, voteitem: Array.from({ length: 12 }, () => some), votetype: 101, voteid: some },
    { msgtype: 'collect', collect: { room_name: text, creator: text, create_time: some, title: text, details: Array.from({ length: 12 }, (_, id) => ({ id, ques: some, type: some })) } },
    { msgtype: 'redpacket', redpacket: { type: 1, wish: text, totalcnt: 1, totalamount: 880 } },
    { msgtype: 'meeting', meeting: { topic: text, starttime: at, endtime: at + 3600, address: text, remarks: text, meetingid: some } },
    { msgtype: 'meeting_notification', info: { content: text, meeting_id: some, notification_type: 2 } },
    { msgtype: 'docmsg', doc: { title: text, doc_creator: text, link_url: text } },
    { msgtype: 'markdown', info: { content: `# ${text}\n**${text}** \`${text}\` [${some}](${some})\n> <font color="warning">${text}</font>` } },
    { msgtype: 'calendar', calendar: { title: text, creatorname: text, attendeename: [some, some, some], starttime: at, endtime: at, place: text, remarks: text } },
    { msgtype: 'meeting_voice_call', voiceid: some, meeting_voice_call: { endtime: at, sdkfileid: some, demofiledata: [{ filename: text, demooperator: some }] } },
    { msgtype: 'voip_doc_share', voipid: some, voip_doc_share: { ...file, filename: text } },
    { msgtype: 'sphfeed', sphfeed: { feed_type: 4, sph_name: text, feed_desc: text } },
    { msgtype: 'qydiskfile', info: { filename: text, url: text } },
    { msgtype: 'solitaire', info: { solitaire_type: 101, solitaire_content: text } },
    { msgtype: 'note', info: { items: [{ msg_type: 'text', content: json({ content: text }) }, { msg_type: 'location', content: json({ title: text, address: text, longitude: 1, latitude: 2 }) }] } },
    { msgtype: 'agree', agree: { userid: text.slice(0, 60), agree_time: at * 1000 } },
    { msgtype: text.replace(/[^\x20-\x7e]/g, '').slice(0, 60) || 'unheard', unheard: { content: text } },
    { msgtype: 'image', image: { ...file, md5sum: text.slice(0, 60) } },
  ]
}
