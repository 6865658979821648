package leg

import "sync"

// A Referral is the far end's wish that we call somebody else, to go on talking there (SIP REFER).
type Referral struct {
	To       string // E.164, extension or sip: address; nobody has checked it
	Replaces string // goes into Call.Replaces

	mu     sync.Mutex // guards all below
	report func(code int)
}

// NewReferral has a leg tell of a referral. report must not block; nil: the far end does not want to know.
func NewReferral(to, replaces string, report func(code int)) *Referral {
	return &Referral{To: to, Replaces: replaces, report: report}
}

// Report tells the far end how our call goes, as a SIP status. The first from 200 on is the last that counts. A nil Referral
// has nobody to tell.
func (r *Referral) Report(code int) {
	if r == nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.report == nil {
		return
	}
	r.report(code)
	if code >= 200 {
		r.report = nil
	}
}
