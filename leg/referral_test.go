package leg

import (
	"slices"
	"testing"
)

func TestReferralIsReportedToItsEnd(t *testing.T) {
	var got []int
	r := NewReferral("+1555", "", func(code int) { got = append(got, code) })
	for _, code := range []int{100, 180, 486, 200, 503} {
		r.Report(code)
	}
	if !slices.Equal(got, []int{100, 180, 486}) {
		t.Errorf("told %v", got)
	}
	(*Referral)(nil).Report(200)
	NewReferral("+1555", "", nil).Report(200)
}

func TestEventsKeepAReferral(t *testing.T) {
	e, r := NewEvents(), NewReferral("a", "b", nil)
	e.Push(&Event{Kind: Referred, Referral: r})
	if ev, err := e.Read(t.Context()); err != nil || ev.Kind != Referred || ev.Referral != r {
		t.Errorf("%+v, %v", ev, err)
	}
}
