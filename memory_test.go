package parley

import "testing"

func TestMemorable(t *testing.T) {
	for number, want := range map[string]bool{
		"+15551234567": true, "1000": true, "sip:ada@example.com": true, "sip:1000@pbx": true,
		"": false, "anonymous": false, "Restricted": false, "unknown": false, "sip:anonymous@anonymous.invalid": false, "SIP:Anonymous@example.com": false, "sip:": false,
	} {
		if got := Memorable(number); got != want {
			t.Errorf("%q: %v", number, got)
		}
	}
}
