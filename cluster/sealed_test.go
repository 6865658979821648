package cluster

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/parley-voice/parley/secret"
)

func TestOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		key, err := secret.NewKey(strings.Repeat("ab", 32))
		if err != nil {
			t.Fatal(err)
		}
		s, r := seal{key: key}, seal{key: key}
		take := func(data []byte, subject, want string, no error) {
			t.Helper()
			if body, err := r.open(data, subject); string(body) != want || !errors.Is(err, no) {
				t.Errorf("%q, %v", body, err)
			}
		}
		m := s.make([]byte("hang up"), "to.b")
		if _, err := r.open(m, "to.c"); err == nil {
			t.Error("what was for another is taken")
		}
		take(m, "to.b", "hang up", nil)
		for range 10 { // for as long as it is fresh, and afterwards
			time.Sleep(fresh / 4)
			if _, err := r.open(m, "to.b"); err == nil {
				t.Error("a recording is taken")
			}
		}
		take(s.make([]byte("hang up"), "to.b"), "to.b", "hang up", nil) // the same words are not the same message
		old := s.make(nil, "to.b")
		time.Sleep(fresh + time.Millisecond)
		take(old, "to.b", "", errStale)
		take([]byte(key.Seal([]byte("short"), "nats", "to.b")), "to.b", "", errStale)
		for i := range 5 * 60 { // what has been seen is forgotten
			take(s.make([]byte(fmt.Sprint(i)), "to.b"), "to.b", fmt.Sprint(i), nil)
			time.Sleep(time.Second)
		}
		if n := len(r.seen[0]) + len(r.seen[1]); n > 125 {
			t.Errorf("%d messages are remembered", n)
		}
	})
}
