import { fileURLToPath, URL } from 'node:url'
import vue from '@vitejs/plugin-vue'
import { defineConfig } from 'vite'
import { bootScript, dropVantFont } from './build/plugins.ts'

/** Oldest engines seen in the field: Windows WeCom 5.0 is Chromium 107. */
const targets = ['chrome87', 'safari14']

export default defineConfig({
  plugins: [vue(), dropVantFont(), bootScript()],
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
        // Few files on the way to a chat: what every page uses comes in one.
        codeSplitting: {
          groups: [
            { name: 'vendor', test: /node_modules[\\/](@vue|vue|vue-router|pinia|openapi-fetch)[\\/]/ },
            {
              name: 'common',
              test: /src[\\/](i18n[\\/]time|chat[\\/](context|rows|months|useSheets|ChatSheets|messages[\\/]emoji)|app[\\/]live|ui[\\/](Icon|icons|Avatar|GroupAvatar|colors|PageHeader|StateView|Skeleton|PersonName|person|SearchField|text|host|toast))\.(vue|ts)/,
            },
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
