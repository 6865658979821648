package responder

import (
	"regexp"
	"strings"
	"unicode"
)

// A sentence of the prompt: what may be said of it, and the words it is found by.
type sentence struct {
	spoken string
	found  string
}

var (
	// instruction begins what the prompt tells the agent to do. A caller is not told to be brief.
	instruction = regexp.MustCompile(`(?i)^(please )?(you are|you're|you must|you should|you will|you may|you never|you always|you have to|you speak|you work|you answer|you help|your (job|task|role|goal|name|tone|purpose|voice|answers|responses|last message)|go on|` +
		`be|never|always|keep|answer|speak|use|avoid|respond|reply|greet|introduce|act|ask|tell|say|offer|try|remember|ensure|make sure|stay|follow|end|hang up|transfer|refer|mention|confirm|collect|do not|don't|only|first|then|finally|after|before|once|repeat|pretend|wait|listen|talk|write|respect|note)\b`)
	// about is a condition on what the caller does, and what is to be done then.
	about = regexp.MustCompile(`(?i)^(if|when|whenever|should|in case) (you|asked|the (caller|customer|user|patient|client|guest|person)|a (caller|customer|user|patient|client|guest)|callers|customers|patients|they|he or she|someone|anyone|somebody)\b`)
	// tellThem is what of an instruction may be passed on.
	tellThem = regexp.MustCompile(`(?i)\b(say|tell (?:them|the caller|him|her|callers|customers|patients)|explain|mention|let them know)(?: that)?[:,]? ["“']?(.{8,}?)["”']?$`)
	marks    = regexp.MustCompile("^[\\s>*•·#–-]+|^\\d+[.)]\\s+|[*_`#]+")
	labelled = regexp.MustCompile(`(?i)^(q|question|a|answer)\s*:\s*`)
	// toAgent catches the agent as someone spoken to further inside.
	toAgent = regexp.MustCompile(`(?i)\b(as an? (ai|assistant|agent|receptionist)|the caller|the callers|the user|your (answers|responses|replies|tone|instructions)|you are (a|an|the)|you must|you should)\b`)
)

// sentencesOf are the sentences of a prompt that may be said to a caller. Headings and questions are not said, but what
// follows them is found by their words.
func sentencesOf(prompt string) []sentence {
	var out []sentence
	heading, question := "", ""
	for line := range strings.Lines(prompt) {
		raw := strings.TrimSpace(line)
		if raw == "" {
			question = ""
			continue
		}
		clean := strings.TrimSpace(marks.ReplaceAllString(raw, ""))
		if strings.HasPrefix(raw, "#") || strings.HasSuffix(clean, ":") && len(clean) < 60 {
			heading = strings.TrimSuffix(clean, ":")
			continue
		}
		for _, s := range splitSentences(labelled.ReplaceAllString(clean, "")) {
			if strings.HasSuffix(s, "?") {
				question = s
				continue
			}
			if spoken, found := sayable(s); spoken != "" {
				out = append(out, sentence{spoken, strings.Join([]string{found, heading, question}, " ")})
			}
		}
	}
	return out
}

// sayable is what of a sentence of the prompt is said to a caller: all of it when it states something, what follows "say
// that" in an instruction, else nothing.
func sayable(s string) (spoken, found string) {
	if about.MatchString(s) || instruction.MatchString(s) || toAgent.MatchString(s) {
		if m := tellThem.FindStringSubmatch(s); m != nil && !instruction.MatchString(m[2]) && !toAgent.MatchString(m[2]) && !strings.Contains(m[2], "{{") {
			return ended(title(m[2])), s
		}
		return "", ""
	}
	if strings.Contains(s, "{{") || len(s) < 8 {
		return "", ""
	}
	return ended(s), s
}

func ended(s string) string {
	if strings.ContainsAny(s[len(s)-1:], ".!?") || strings.HasSuffix(s, "。") || strings.HasSuffix(s, "।") {
		return s
	}
	return s + "."
}

// abbreviated are words whose full stop ends no sentence.
var abbreviated = set(`dr mr mrs ms st ave rd no vs inc ltd co jr sr prof a.m p.m e.g i.e approx ext`)

func splitSentences(text string) []string {
	var out []string
	r := []rune(text)
	from := 0
	for i, c := range r {
		end := c == '。' || c == '！' || c == '？' || c == '।'
		if (c == '.' || c == '!' || c == '?') && (i+1 == len(r) || unicode.IsSpace(r[i+1])) {
			word := i
			for word > from && !unicode.IsSpace(r[word-1]) {
				word--
			}
			end = c != '.' || !abbreviated[strings.ToLower(string(r[word:i]))] || i+1 == len(r)
		}
		if end {
			if s := strings.TrimSpace(string(r[from : i+1])); s != "" {
				out = append(out, s)
			}
			from = i + 1
		}
	}
	if s := strings.TrimSpace(string(r[from:])); s != "" {
		out = append(out, s)
	}
	return out
}

func set(words string) map[string]bool {
	m := map[string]bool{}
	for _, w := range strings.Fields(words) {
		m[w] = true
	}
	return m
}

// wordsOf are the words of a text in small letters, without marks; what recognisers write as two is one again.
func wordsOf(text string) []string {
	text = strings.ToLower(strings.ReplaceAll(text, "’", "'"))
	words := strings.FieldsFunc(text, func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsNumber(r) && !unicode.IsMark(r) && r != '\''
	})
	out := words[:0]
	for i := 0; i < len(words); i++ {
		w := strings.Trim(words[i], "'")
		if w == "" {
			continue
		}
		if i+1 < len(words) && joined[w+" "+words[i+1]] != "" {
			w = joined[w+" "+words[i+1]]
			i++
		}
		out = append(out, w)
	}
	return out
}

var joined = map[string]string{"good bye": "goodbye", "good by": "goodbye", "good buy": "goodbye", "check up": "checkup", "check ups": "checkups",
	"tooth ache": "toothache", "x ray": "xray", "x rays": "xrays", "week end": "weekend", "o clock": "o'clock", "car park": "parking", "a m": "am", "p m": "pm"}
