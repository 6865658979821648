package leg

import (
	"testing"

	"github.com/parley-voice/parley"
)

// TestSharedLines: a line that others have is none, one that is not to be had is not counted here, and each is given back once.
func TestSharedLines(t *testing.T) {
	others, asked := 1, 0
	l := Usage{Lines: func(account string, most int) (func(), bool) {
		asked++
		if account != "t" || most != 3 {
			t.Errorf("%d of %q", most, account)
		}
		if others >= most {
			return nil, false
		}
		others++
		return func() { others-- }, true
	}}
	a := &parley.TrunkAccount{ID: "t", Limits: parley.TrunkLimits{Calls: 3}}
	first, ok := l.Enter(a)
	second, ok2 := l.Enter(a)
	if _, ok3 := l.Enter(a); !ok || !ok2 || ok3 {
		t.Fatal(ok, ok2, ok3)
	}
	first()
	first()
	if others != 2 {
		t.Errorf("%d are in use", others)
	}
	third, ok := l.Enter(a)
	if !ok {
		t.Error("a line that is free again is not to be had")
	}
	second()
	third()
	if others != 1 || len(l.used) != 0 {
		t.Errorf("%d are in use, %d accounts here", others, len(l.used))
	}
	was := asked
	leave, ok := l.Enter(&parley.TrunkAccount{ID: "any"})
	if !ok || asked != was {
		t.Error("nobody keeps count of an account without a limit")
	}
	leave()
}
