package anthropic

import (
	"slices"
	"sync"

	"github.com/parley-voice/parley/llm"
)

const maxKept = 8 // answers; a reply asks for tools fewer times

// A memory is what one call's requests must say again although llm.Message has no room for it.
type memory struct {
	mu    sync.Mutex // guards all below: a call may be thought about by more than one at once
	tools []llm.Tool
	kept  []kept
}

// kept is an answer that began with thoughts and asked for tools: they must come back together, as they were, while the tools'
// results do. In later turns they need not, and must not where what was said before has changed: and it does, to what was heard.
type kept struct {
	text    string
	ids     []string
	content []block
}

// declared remembers tools; with none it gives the last ones.
func (m *memory) declared(tools []llm.Tool) []llm.Tool {
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(tools) > 0 {
		m.tools = tools
	}
	return m.tools
}

func (m *memory) keep(k kept) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.kept) == maxKept {
		m.kept = slices.Delete(m.kept, 0, 1)
	}
	m.kept = append(m.kept, k)
}

// content is the answer that x tells of, nil when there were no thoughts in it or it was changed since.
func (m *memory) content(x llm.Message) []block {
	m.mu.Lock()
	defer m.mu.Unlock()
	ids := idsOf(x.Calls)
	for _, k := range m.kept {
		if k.text == x.Text && slices.Equal(k.ids, ids) {
			return slices.Clone(k.content)
		}
	}
	return nil
}

func idsOf(calls []llm.Call) (out []string) {
	for _, c := range calls {
		out = append(out, c.ID)
	}
	return out
}
