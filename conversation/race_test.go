//go:build race

package conversation

// raced: the race detector makes each conversation ten times as long.
const raced = true
