//go:build !race

package legtest

// raced: the race detector has pools forget, and so allocates.
const raced = false
