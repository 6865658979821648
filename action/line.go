package action

import "context"

// A Line is the call as its agent's actions change who is on it. Its methods are safe from any goroutine.
type Line interface {
	// Hold has the first party wait with music, or takes it off hold; nil: the one that it does not do now.
	Hold(ctx context.Context, on *bool) (Company, error)
	// Dismiss hangs up all but the first party.
	Dismiss(ctx context.Context) (Company, error)
	// Invite calls somebody and has them join. With hold the first party waits meanwhile and until it is taken off hold, unless
	// nobody comes. An error says why they did not come.
	Invite(ctx context.Context, i Invitation) (Company, error)
}

// Company is who is with the agent.
type Company struct {
	Held   bool // the first party waits
	Others int  // parties beside the first
}

// An Invitation is a wish for one more party.
type Invitation struct {
	To        string // a number or address as it is dialled
	Extension string // pressed once they have answered; "" nothing
	Hold      bool   // the first party waits
	ActionID  string
}
