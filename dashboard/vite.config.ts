import { svelte } from '@sveltejs/vite-plugin-svelte'
import { fileURLToPath } from 'node:url'
import { existsSync, readFileSync } from 'node:fs'
import { defineConfig, type Plugin } from 'vite'

const at = (path: string) => fileURLToPath(new URL(path, import.meta.url))

// The licences of what others wrote and the built files have in them go with those.
const licences: Plugin = {
  name: 'licences',
  generateBundle(_, bundle) {
    const names = new Set<string>()
    for (const chunk of Object.values(bundle)) {
      if (chunk.type !== 'chunk') continue
      for (const [id, m] of Object.entries(chunk.modules)) {
        const name = /.*\/node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(id)?.[1]
        if (name && m.renderedLength) names.add(name)
      }
    }
    const texts = [...names].sort().map((name) => {
      const file = ['LICENSE', 'LICENSE.md', 'license'].map((f) => at(`node_modules/${name}/${f}`)).find(existsSync)
      if (!file) throw new Error(`${name} has no licence`)
      const { version } = JSON.parse(readFileSync(at(`node_modules/${name}/package.json`), 'utf8'))
      return `${name} ${version}\n\n${readFileSync(file, 'utf8').trim()}\n`
    })
    this.emitFile({ type: 'asset', fileName: 'licences.txt', source: texts.join('\n----------\n\n') })
  },
}

// In development (npx vite) the server of make run answers what is not a file of the dashboard, and the page cannot know whether its cookie came.
const sign: Plugin = { name: 'sign', apply: 'serve', transformIndexHtml: () => [{ tag: 'meta', attrs: { name: 'parley-session' } }] }

export default defineConfig({
  // A class is named after its styles, so that the files are the same wherever they are built.
  plugins: [svelte({ compilerOptions: { cssHash: ({ hash, css }) => 'p' + hash(css) } }), licences, sign],
  resolve: { alias: { '@client': at('../client/ts/src'), 'openapi-fetch': at('node_modules/openapi-fetch') } },
  build: { outDir: 'built', target: 'es2022', modulePreload: { polyfill: false }, reportCompressedSize: false, assetsInlineLimit: 0 },
  server: { proxy: Object.fromEntries(['/v1', '/web', '/widget.js', '/docs', '/openapi.json'].map((p) => [p, 'http://127.0.0.1:8080'])) },
})
