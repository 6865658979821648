package llm

import (
	"context"
	"fmt"
)

// A Preloader is a Model whose vendor keeps what it has read of a prompt for a while, so that the first answer comes sooner.
type Preloader interface {
	// Preload has the vendor read a request that it need not answer, by the cheapest way there is; words it gives all the same are
	// thrown away. What the vendor keeps no prompt of that length for, it is not asked.
	Preload(ctx context.Context, r Request) (Preloaded, error)
}

// Preloaded is what a Preload did.
type Preloaded struct {
	Usage   Usage  // to be paid
	Cached  int    // tokens of Usage.In that the vendor had read before
	Skipped string // why nothing was asked; "": it was
}

// Short says why a request is not worth a Preload at a vendor that keeps prompts from so many tokens on; "": it is long enough, or may be.
func (r Request) Short(tokens int) string {
	n := 0 // bytes; hardly any text has fewer than three to a token
	for _, m := range r.Messages {
		n += len(m.Text)
	}
	for _, t := range r.Tools {
		n += len(t.Name) + len(t.Description) + len(t.Schema)
	}
	if n/3 >= tokens {
		return ""
	}
	return fmt.Sprintf("the prompt has %d tokens at most, and is kept from %d on", n/3, tokens)
}

// Preload has the first vendor read a request. No breaker hears of it: nobody waits for it.
func (f *fallback) Preload(ctx context.Context, r Request) (Preloaded, error) {
	if len(f.vendors) == 0 {
		return Preloaded{}, nil
	}
	if p, ok := f.vendors[0].Model.(Preloader); ok {
		return p.Preload(ctx, r)
	}
	return Preloaded{Skipped: f.vendors[0].Name + " keeps no prompts"}, nil
}
