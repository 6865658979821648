package anthropic

import (
	"regexp"
	"strconv"
)

// A kind is what a model is documented to accept
// (https://platform.claude.com/docs/en/build-with-claude/thinking, …/effort, …/models/<model>/migration-guide).
type kind struct {
	name    string
	samples bool   // takes a temperature
	efforts bool   // takes output_config.effort
	adapts  bool   // thinks as much as it sees fit when thinking is adaptive
	off     string // thinking.type that keeps it from thinking; "": it does not think unless asked to, or cannot be kept from it
	always  bool   // cannot be kept from thinking
}

var (
	newNames = regexp.MustCompile(`claude-(opus|sonnet|haiku|fable|mythos)-(\d{1,2})(?:-(\d{1,2}))?(?:[-@:]|$)`)
	oldNames = regexp.MustCompile(`claude-(?:\d|instant)`)
)

// kindOf knows the models by their names, also as gateways write them (anthropic/claude-…). Of others it knows nothing: they are
// asked as the agent says, and what they refuse is learnt from their errors.
func kindOf(name string) kind {
	m := newNames.FindStringSubmatch(name)
	if m == nil {
		return kind{name: name, samples: true, efforts: !oldNames.MatchString(name), adapts: !oldNames.MatchString(name)}
	}
	major, _ := strconv.Atoi(m[2])
	minor, _ := strconv.Atoi(m[3])
	v := 100*major + minor // claude-opus-4-6 is 406
	k := kind{name: name}
	switch family := m[1]; family {
	case "opus", "sonnet":
		k.samples = v <= 406
		k.adapts = v >= 406
		k.efforts = k.adapts || family == "opus" && v >= 405
		switch {
		case v < 500:
		case v < 505:
			k.off = "disabled"
		case family == "sonnet":
			k.off = "between_tools"
		default:
			k.always = true
		}
	case "haiku":
		k.samples = v <= 405
		k.adapts, k.efforts = v >= 500, v >= 500
		if v >= 500 {
			k.off = "disabled"
		}
	default: // fable, mythos
		k.adapts, k.efforts, k.always = true, true, true
	}
	return k
}
