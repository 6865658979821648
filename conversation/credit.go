package conversation

import "github.com/parley-voice/parley"

// A credit is who serves a skill, and who did not.
type credit struct {
	vendor string
	failed parley.Failures
}

// take is told with every piece of a vendor's work. What was said of those before it stands for as long as it serves.
func (c *credit) take(vendor string, failed parley.Failures) {
	if vendor != "" && (vendor != c.vendor || len(failed) > 0) {
		c.vendor, c.failed = vendor, failed
	}
}

func (c *credit) given() *parley.Credit { return parley.Given(c.vendor, c.failed) }

// credits are those of a turn of the caller's.
func (c *credit) credits() *parley.Credits {
	if c.vendor == "" {
		return nil
	}
	return &parley.Credits{Hearing: c.given()}
}

func (m *mind) by(vendor string, failed parley.Failures) {
	m.mu.Lock()
	m.author.take(vendor, failed)
	m.mu.Unlock()
}

func (m *mouth) by(vendor string, failed parley.Failures) {
	if vendor == "" {
		return // all but the first frame of a stream
	}
	m.mu.Lock()
	m.voice.take(vendor, failed)
	m.mu.Unlock()
}

// credits are those of a reply, and who heard what it answers; an apology has no author.
func (r *reply) credits() *parley.Credits {
	all := parley.Credits{Hearing: r.answers.by}
	r.mind.mu.Lock()
	if r.mind.err == nil {
		all.Thinking = r.mind.author.given()
	}
	r.mind.mu.Unlock()
	r.mouth.mu.Lock()
	all.Speaking = r.mouth.voice.given()
	r.mouth.mu.Unlock()
	if all == (parley.Credits{}) {
		return nil
	}
	return &all
}

// A trouble is what a warning or an error of a vendor says; metrics count Failed by Skill.
type trouble struct {
	Code    string          `json:"code"`
	Message string          `json:"message"`
	Skill   string          `json:"skill,omitempty"`
	Failed  parley.Failures `json:"failed,omitempty"`
}

// changed tells that another vendor serves a skill.
func (c *loop) changed(code, skill, notice string, failed parley.Failures) {
	t := trouble{Code: code, Message: notice, Failed: failed}
	if len(failed) > 0 {
		t.Skill = skill
	}
	c.log(parley.EventWarning, t)
}

// skills by the codes of their failures.
var skills = map[string]string{"stt_failed": "hearing", "llm_failed": "thinking", "tts_failed": "speaking"}

// fault tells that nobody serves a skill any more.
func (c *loop) fault(code string, err error) {
	t := trouble{Code: code, Message: err.Error(), Failed: parley.FailuresOf(err)}
	if len(t.Failed) > 0 {
		t.Skill = skills[code]
	}
	c.log(parley.EventError, t)
}
