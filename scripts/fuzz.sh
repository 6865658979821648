#!/bin/sh
# fuzz.sh TIME: runs every fuzz target of the house for so long, one after the other.
set -eu
time=${1:-10s}
grep -rl --include='*_test.go' '^func Fuzz' . | grep -v '^./bench/referee' | while read -r file; do
	grep -o '^func Fuzz[A-Za-z0-9_]*' "$file" | while read -r _ name; do
		echo "$(dirname "$file") $name"
		go test "$(dirname "$file")" -run '^$' -fuzz "^$name\$" -fuzztime "$time"
	done
done
