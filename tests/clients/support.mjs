// What the tests of the clients share.
import assert from 'node:assert/strict'

/** The error of a call that must be refused, of the class `kind`. */
export async function refused(call, kind = Error) {
  let answer
  try {
    answer = await call()
  } catch (error) {
    assert.ok(error instanceof kind, `${error.constructor.name}: ${error.message}`)
    return error
  }
  assert.fail(`not refused: ${JSON.stringify(answer)?.slice(0, 200)}`)
}

/** The pieces of a stream. */
export async function all(stream) {
  const pieces = []
  for await (const piece of stream) pieces.push(piece)
  return pieces
}
