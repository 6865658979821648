//go:build !race

package rtp

const detected = false
