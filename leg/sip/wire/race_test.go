//go:build race

package wire

// detected: the race detector has pools forget at random.
const detected = true
