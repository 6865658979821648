//go:build !race

package wire

const detected = false
