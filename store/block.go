package store

import (
	"context"
	"slices"
	"strings"

	"github.com/parley-voice/parley"
)

// Limits of what blocks make of a prompt.
const (
	blockDepth = 8         // blocks within blocks
	blockBytes = 256 << 10 // of the prompt with all of them
)

// include puts the prompts of type block in the places of {{> label}} in the agent's prompt, blocks within blocks too. A label that no
// block has, one that leads back to itself and what would be too long stay as they are, for the call to warn of. Of two blocks with
// the same label it is the older one.
func (d *DB) include(ctx context.Context, env string, a *parley.Agent) error {
	if a.Prompt == nil || a.Prompt.Content == nil || !strings.Contains(*a.Prompt.Content, blockOpen) {
		return nil
	}
	docs, err := d.InternalByType(ctx, env, Prompts, "block")
	if err != nil {
		return err
	}
	blocks := make(map[string]string, len(docs))
	for _, doc := range docs {
		label := strings.TrimSpace(str(doc, "label"))
		if _, older := blocks[label]; !older && label != "" {
			blocks[label] = str(doc, "content")
		}
	}
	whole, _ := expand(*a.Prompt.Content, blocks, nil, blockBytes)
	a.Prompt.Content = &whole
	return nil
}

const blockOpen, blockShut = "{{>", "}}"

// expand returns the text with its blocks, and how many bytes more there may be.
func expand(text string, blocks map[string]string, within []string, left int) (string, int) {
	var b strings.Builder
	left -= len(text)
	for {
		before, rest, found := strings.Cut(text, blockOpen)
		b.WriteString(before)
		if !found {
			return b.String(), left
		}
		name, after, closed := strings.Cut(rest, blockShut)
		label := strings.TrimSpace(name)
		content, known := blocks[label]
		if !closed || !known || len(within) >= blockDepth || slices.Contains(within, label) || len(content) > left {
			b.WriteString(blockOpen)
			text = rest
			continue
		}
		content, left = expand(content, blocks, append(within[:len(within):len(within)], label), left)
		b.WriteString(content)
		text = after
	}
}
