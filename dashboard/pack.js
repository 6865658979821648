// pack.js compresses the built files, once: the server sends them as they are. A compressed file that still holds what it should is left as it
// is, for another version of the compressor writes other bytes.
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { execFileSync } from 'node:child_process'
import { brotliCompressSync, brotliDecompressSync, constants } from 'node:zlib'

const dir = new URL('./built/assets/', import.meta.url)
for (const name of readdirSync(dir)) {
  if (name.endsWith('.br')) continue
  const plain = readFileSync(new URL(name, dir)), packed = new URL(name + '.br', dir)
  let before
  try { before = execFileSync('git', ['show', `HEAD:./built/assets/${name}.br`], { cwd: new URL('.', import.meta.url), stdio: ['ignore', 'pipe', 'ignore'], maxBuffer: 1 << 26 }) } catch { /* it is new */ }
  try { if (before && brotliDecompressSync(before).equals(plain)) { writeFileSync(packed, before); continue } } catch { rmSync(packed, { force: true }) }
  writeFileSync(packed, brotliCompressSync(plain, { params: { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: plain.length } }))
}
