//go:build race

package rtp

// detected: the race detector has pools forget at random.
const detected = true
