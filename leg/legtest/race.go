//go:build race

package legtest

const raced = true
