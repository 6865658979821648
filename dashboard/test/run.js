// run.js bundles the tests and has node run them.
import { build, transform } from 'esbuild'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { compileModule } from 'svelte/compiler'

const dir = mkdtempSync(join(import.meta.dirname ?? new URL('.', import.meta.url).pathname, '.run-'))
const tests = readdirSync(new URL('.', import.meta.url)).filter((f) => f.endsWith('.test.ts'))
const at = (path) => fileURLToPath(new URL(path, import.meta.url))
const runes = { name: 'runes', setup: (b) => b.onLoad({ filter: /\.svelte\.ts$/ }, async ({ path }) => {
  const { code } = await transform(readFileSync(path, 'utf8'), { loader: 'ts', target: 'esnext' })
  return { contents: compileModule(code, { filename: path, generate: 'server' }).js.code, loader: 'js' }
}) }
try {
  await build({ entryPoints: tests.map((f) => new URL(f, import.meta.url).pathname), outdir: dir, bundle: true, platform: 'node', format: 'esm', outExtension: { '.js': '.mjs' }, logLevel: 'error',
    plugins: [runes], alias: { '@client': at('../../client/ts/src'), 'openapi-fetch': at('../node_modules/openapi-fetch') } })
  process.exitCode = spawnSync(process.execPath, ['--test', ...tests.map((f) => join(dir, f.replace(/\.ts$/, '.mjs')))], { stdio: 'inherit' }).status ?? 1
} finally { rmSync(dir, { recursive: true }) }
