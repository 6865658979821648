package collect

import (
	"strings"
)

// An Answer is what a caller says to whether something is right.
type Answer uint8

const (
	Unclear Answer = iota // anything else: somebody with judgement is to say
	Yes
	No
)

// mostWords of a yes and of a no that mean nothing else.
const mostWords = 8

// AnswerIn reads it. A yes is one only where nothing is said beside it; a no may be followed by what is right.
func AnswerIn(language, said string) Answer {
	w := wordsOf(language)
	list := tokens(said)
	if len(list) == 0 {
		return Unclear
	}
	yes, others := 0, 0
	for i, t := range list {
		switch {
		case w.no[t] && i < mostWords, w.code == "ja" && i == 0 && beginsWith(t, w.no):
			return No
		case w.yes[t]:
			yes++
		case w.fill[t]:
		case w.code == "ja" && covered(t, w):
			yes++
		default:
			others++
		}
	}
	if yes > 0 && others == 0 && len(list) <= mostWords {
		return Yes
	}
	return Unclear
}

func beginsWith(t string, list map[string]bool) bool {
	for s := range list {
		if strings.HasPrefix(t, s) {
			return true
		}
	}
	return false
}

// covered reports whether a text without spaces is a yes and what goes with it.
func covered(t string, w *words) bool {
	yes := false
	for t != "" {
		best := ""
		for _, list := range []map[string]bool{w.yes, w.fill} {
			for s := range list {
				if strings.HasPrefix(t, s) && len(s) > len(best) {
					best = s
				}
			}
		}
		if best == "" {
			return false
		}
		yes = yes || w.yes[best]
		t = t[len(best):]
	}
	return yes
}
