// Package speech is the corpus of turns and answers as text: what is said, by whom, and how it is to be taken. bench/turns makes
// sound of it. It starts no goroutine.
package speech

import _ "embed"

// Labels is labels.txt, whose beginning says how it is read.
//
//go:embed labels.txt
var Labels string

// Former is former.txt: the part that was held out before.
//
//go:embed former.txt
var Former string

// HeldOut is held-out.txt: the part that nobody who tunes has read.
//
//go:embed held-out.txt
var HeldOut string
