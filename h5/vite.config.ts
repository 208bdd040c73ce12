import { fileURLToPath, URL } from 'node:url'
import vue from '@vitejs/plugin-vue'
import { defineConfig } from 'vite'
import { bootScript, routePages } from './build/plugins.ts'

/** Oldest engines seen in the field: Windows WeCom 5.0 is Chromium 107. */
const targets = ['chrome87', 'safari14']

/** Sources in chat/messages of the kinds that most chats do without. */
const rare = 'rare|FieldsCard|LocationCard|MarkdownMessage|NewsCard|PacketCard|PersonCard|SolitaireCard|PlayRow|markdown|RecordCard|MixedMessage|PartView|MessageContent|Unknown'
const inChat = (files: string) => new RegExp(`src/chat/${files}`.replaceAll('/', '[\\\\/]'))

export default defineConfig({
  plugins: [vue(), bootScript(), routePages()],
  resolve: { alias: { '@': fileURLToPath(new URL('./src', import.meta.url)) } },
  define: { __VUE_OPTIONS_API__: false, __VUE_PROD_DEVTOOLS__: false },
  build: {
    target: targets,
    cssTarget: targets,
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    sourcemap: false,
    manifest: true,
    reportCompressedSize: false,
    rolldownOptions: {
      output: {
        // Few files on the way to a page: what every page uses comes in one, with
        // the entry; what the lists share in another; the chat's sheets in a third; what most
        // chats do without by itself.
        codeSplitting: {
          groups: [
            { name: 'vendor', test: /node_modules[\\/](@vue|vue|vue-router|openapi-fetch)[\\/]/ },
            {
              name: 'app',
              test: /src[\\/](main|i18n[\\/]time|chat[\\/](context|rows|useKeys|useSheets|viewer[\\/]stage|messages[\\/]emoji)|app[\\/](live|watched)|api[\\/]queries[\\/]chat|ui[\\/](Icon|icons|Avatar|colors|PageHeader|StateView|Skeleton|PersonName|motion|person|text|host|toast))\.(vue|ts)/,
            },
            { name: 'messages', test: inChat(`(MessageRow|messages/(?!${rare}))`) },
            { name: 'rare', test: inChat(`messages/(${rare})`) },
            { name: 'sheet', test: /src[\\/]ui[\\/](Sheet|ConfirmSheet|overlay|Facts|Switch)\./ },
            {
              name: 'lists',
              test: /node_modules[\\/](@tanstack|virtua)[\\/]|src[\\/](api[\\/]queries[\\/](paging|state|people|alerts|admin|rules)|app[\\/](queryClient|back)|features[\\/](alerts[\\/](violation|SeverityTag)|people[\\/](tree|preview)|admin[\\/](AdminFrame|AdminLinks))|ui[\\/](Chips|Tabs|GroupAvatar|MarkedText|VirtualList))\.?/,
            },
            { name: 'field', test: /src[\\/]ui[\\/]SearchField/ },
            { name: 'search', test: /src[\\/](search[\\/](?!SearchPage|StartPane|HitBar|NothingFound|FilterForm|FilterSheet|PickSheet|CheckChips|SaveSheet|SaveStar|naming)|api[\\/]queries[\\/]search)/ },
            { name: 'filters', test: /src[\\/]search[\\/](NothingFound|FilterForm|FilterSheet|PickSheet|CheckChips|SaveSheet|SaveStar|naming)/ },
            { name: 'find', test: /src[\\/](chat[\\/](find[\\/]|FindBar|useFind)|api[\\/]queries[\\/]find)/ },
            { name: 'sheets', test: /src[\\/]chat[\\/](ChatSheets|DetailsPanel|sheets[\\/](?!FileSheet))/ },
          ],
        },
      },
    },
  },
  server: {
    host: '127.0.0.1',
    proxy: Object.fromEntries(
      ['/api', '/auth', '/media'].map((path) => [
        path,
        { target: process.env.HUICUN_DEV_SERVER ?? 'http://127.0.0.1:8080', changeOrigin: false },
      ]),
    ),
  },
})
