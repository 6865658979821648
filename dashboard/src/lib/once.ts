/** Gives the Idempotency-Key of a request: the same one as long as what is asked for is the same, so that whoever asks twice, or again because no answer came, is not served twice. */
export function once() {
  let asked = ''
  let key = ''
  return (body: unknown) => {
    const now = JSON.stringify(body)
    if (now !== asked || !key) {
      asked = now
      key = [...crypto.getRandomValues(new Uint8Array(16))].map((b) => b.toString(16).padStart(2, '0')).join('')
    }
    return key
  }
}
