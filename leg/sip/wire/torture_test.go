package wire

import (
	"bytes"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/emiago/sipgo/sip"
)

// torture is one message of RFC 4475 and what Check must do with it.
type torture struct {
	name, section, check string
	msg                  []byte
}

func tortures(t testing.TB) (all []torture) {
	t.Helper()
	table, err := os.ReadFile("testdata/torture/classes.txt")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(table)) {
		if f := strings.Fields(line); !strings.HasPrefix(line, "#") {
			msg, err := os.ReadFile("testdata/torture/" + f[0] + ".dat")
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, torture{f[0], f[1], f[2], msg})
		}
	}
	return all
}

// TestTorture: each message of RFC 4475 gets the class of answer the RFC asks for.
func TestTorture(t *testing.T) {
	all := tortures(t)
	if len(all) != 49 {
		t.Errorf("%d messages, RFC 4475 has 49", len(all))
	}
	for _, c := range all {
		for _, stream := range []bool{false, true} {
			want := c.check
			if stream && c.name == "inv2543" {
				want = "400" // no Content-Length
			}
			before := bytes.Clone(c.msg)
			out, r := Check(c.msg, stream)
			got := "pass"
			switch {
			case r != nil && r.Code == 0:
				got = "drop"
			case r != nil:
				got = strconv.Itoa(r.Code)
			}
			if got != want {
				t.Errorf("%s %s (stream %v): %s %v, not %s", c.section, c.name, stream, got, r, want)
			}
			if !bytes.Equal(before, c.msg) {
				t.Errorf("%s: the message itself is changed", c.name)
			}
			if r == nil {
				if _, err := sip.ParseMessage(out); err != nil {
					t.Errorf("%s: the parser: %v\n%s", c.name, err, out)
				}
			}
			if r != nil && r.Code > 0 {
				answered(t, c.name, c.msg, r)
			}
		}
	}
}

// answered checks the answer to a refused message: it can be parsed and is for the one who asked.
func answered(t *testing.T, name string, msg []byte, r *Refusal) {
	t.Helper()
	a := r.Answer(msg)
	m, err := sip.ParseMessage(a)
	if err != nil {
		switch name { // what is malformed is repeated as it came
		case "badinv01", "scalar02", "quotbal", "badaspec":
		default:
			t.Errorf("%s: answer: %v\n%s", name, err, a)
		}
		return
	}
	res, ok := m.(*sip.Response)
	if !ok || res.StatusCode != r.Code || res.Reason != r.Reason || res.Via() == nil || res.CSeq() == nil {
		t.Errorf("%s: answer\n%s", name, a)
		return
	}
	if res.To() != nil && res.To().Params.GetOr("tag", "") == "" {
		t.Errorf("%s: no tag in To\n%s", name, a)
	}
	if !bytes.Equal(a, r.Answer(msg)) {
		t.Errorf("%s: a repetition is answered otherwise", name)
	}
}

// TestReadRight: what the parser makes of the valid but unusual ones is what they say.
func TestReadRight(t *testing.T) {
	read := map[string]func(r *sip.Request) []string{
		"wsinv": func(r *sip.Request) []string {
			return []string{r.Via().Host, "192.0.2.2", r.Via().Transport, "UDP", r.Via().Params.GetOr("branch", ""), "390skdjuw",
				r.To().Params.GetOr("tag", ""), "1918181833n", r.To().Address.Host, "chair-dnrc.example.com", r.From().Params.GetOr("tag", ""), "98asjd8",
				strconv.Itoa(len(r.GetHeaders("Via"))), "3", r.GetHeaders("Via")[1].(*sip.ViaHeader).Host, "spindle.example.com",
				r.GetHeaders("Via")[2].(*sip.ViaHeader).Params.GetOr("branch", ""), "z9hG4bK30239",
				r.Contact().Params.GetOr("q", ""), "0.33", r.Contact().Address.User, "jdrosen", r.GetHeader("NewFangledHeader").Value(), "newfangled value continued newfangled value",
				strconv.Itoa(int(r.CSeq().SeqNo)), "9", r.Route().Address.Host, "services.example.com"}
		},
		"esc01": func(r *sip.Request) []string {
			return []string{r.Recipient.User, "sips%3Auser%40example.com", r.Recipient.Host, "example.net", r.Contact().Address.User, "cal%6Cer"}
		},
		"semiuri": func(r *sip.Request) []string {
			return []string{r.Recipient.User, "user;par=u%40example.net", r.Recipient.Host, "example.com"}
		},
		"longreq": func(r *sip.Request) []string {
			return []string{strconv.Itoa(len(r.GetHeaders("Via"))), "34", strconv.Itoa(len(r.Body())), "150"}
		},
		"dblreq": func(r *sip.Request) []string { return []string{string(r.Method), "REGISTER", string(r.Body()), ""} },
		"lwsdisp": func(r *sip.Request) []string {
			return []string{r.From().DisplayName, "caller", r.From().Address.User, "caller"}
		},
		"badbranch": func(r *sip.Request) []string { return []string{r.Via().Params.GetOr("branch", ""), "z9hG4bK"} },
		"cparam01": func(r *sip.Request) []string {
			return []string{r.Contact().Address.Host, "gw1.example.net", strconv.FormatBool(r.Contact().Params.Has("unknownparam")), "true"}
		},
		"mpart01": func(r *sip.Request) []string { return []string{strconv.Itoa(len(r.Body())), "553"} },
	}
	for _, c := range tortures(t) {
		ask := read[c.name]
		if ask == nil {
			continue
		}
		delete(read, c.name)
		out, r := Check(c.msg, false)
		if r != nil {
			t.Errorf("%s: %v", c.name, r)
			continue
		}
		m, err := sip.ParseMessage(out)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		for got := ask(m.(*sip.Request)); len(got) > 1; got = got[2:] {
			if got[0] != got[1] {
				t.Errorf("%s: %q, not %q", c.name, got[0], got[1])
			}
		}
	}
	for name := range read {
		t.Errorf("there is no %s", name)
	}
}
