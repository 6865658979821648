package after

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/fetch"
)

func TestLetter(t *testing.T) {
	v := values{"mail": "ada@example.com", "evil": "a@x.y, b@x.y", "lines": "hi\r\nBcc: spy@x.y", "html": "<script>", "none": ""}
	for config, want := range map[string]string{
		`{"from_email":"Desk <desk@x.y>","to_email":"{mail}; Bo <bo@x.y>,","subject":"About {lines}","body":"Hello {html}\n{lines}"}`: `"Desk" <desk@x.y> [<ada@example.com> "Bo" <bo@x.y>] About hi Bcc: spy@x.y false Hello <script>|hi Bcc: spy@x.y`,
		`{"from_email":"desk@x.y","to_email":"{none},{mail}","subject":"","body":"<p>{html}</p>"}`:                                    `<desk@x.y> [<ada@example.com>]  true <p>&lt;script&gt;</p>`,
		`{"from_email":"desk@x.y","to_email":"{evil}","subject":"s","body":"b"}`:                                                      `config.to_email: "a@x.y, b@x.y" is no e-mail address`,
		`{"from_email":"desk@x.y","to_email":"{none} {gone}","subject":"s","body":""}`:                                                `config.to_email names nobody`,
		`{"from_email":"{evil}","to_email":"{mail}","subject":"s","body":"b"}`:                                                        `config.from_email: "a@x.y, b@x.y" is no e-mail address`,
		`{"from_email":"a@b.c","to_email":"` + strings.Repeat("a@b.c,", 51) + `"}`:                                                    `config.to_email names more than 50`,
		`"x"`: `config must have from_email`,
	} {
		e := &errand{values: v, want: want1("a", config)}
		l, err := e.letter()
		got := fmt.Sprint(l.from, " ", l.to, " ", l.subject, " ", l.html, " ", l.body)
		if err != nil {
			got = err.Error()
		}
		if got = strings.ReplaceAll(strings.ReplaceAll(got, "\r\n", " "), "\n", "|"); got != want && (err == nil || !strings.Contains(got, want)) {
			t.Errorf("%s:\n%s, want\n%s", config, got, want)
		}
	}
}

func TestSendGrid(t *testing.T) {
	for base, at := range map[string]string{
		"https://api.sendgrid.com":             "https://api.sendgrid.com/v3/mail/send",
		"https://api.eu.sendgrid.com/v3/":      "https://api.eu.sendgrid.com/v3/mail/send",
		"https://mail.example/sg/v3/mail/send": "https://mail.example/sg/v3/mail/send",
	} {
		t.Run(base, func(t *testing.T) {
			bubble(t, func(t *testing.T, d *desk) {
				d.answer = func(fetch.Request) (*fetch.Response, error) { return &fetch.Response{Status: 202}, nil }
				grid := d.connection("account_connection_external_api_key", map[string]any{"base_url": base, "api_key": "SG.x"})
				d.call("c", `{"id":"agent","prompt":{},"actions":[],"voice":{},"post_call_email":{"provider_config":{"destination_id":"`+grid+`"},
					"from_email":"Desk <desk@x.y>","to_email":"ada@x.y","subject":"Call of {name}","body":"<p>{transcript}</p>"}}`, nil)
				d.work(time.Minute)
				if len(d.sent) != 1 {
					t.Fatalf("%d requests: %+v", len(d.sent), d.row("c").After)
				}
				r := d.sent[0]
				key := d.row("c").After.Actions[0].Key
				want := `{"content":[{"type":"text/html","value":"<p>[00:00.00] BOT: Hello?<br>\n[00:01.00] HUMAN: My card &#34;broke&#34;.</p>"}],"from":{"email":"desk@x.y","name":"Desk"},` +
					`"personalizations":[{"custom_args":{"idempotency_key":"` + key + `"},"to":[{"email":"ada@x.y"}]}],"subject":"Call of Ada"}`
				var got any
				if json.Unmarshal(r.Body, &got) != nil {
					t.Fatalf("%s", r.Body)
				}
				var b strings.Builder
				enc := json.NewEncoder(&b)
				enc.SetEscapeHTML(false)
				_ = enc.Encode(got)
				if r.URL != at || r.Header.Get("Authorization") != "Bearer SG.x" || strings.TrimSpace(b.String()) != want {
					t.Errorf("%s %v\n%s\n%s", r.URL, r.Header, b.String(), want)
				}
				if a := d.row("c").After.Actions[0]; a.State != parley.AfterDone || a.Status != 202 || a.ID != "post_call_email" {
					t.Errorf("%+v", a)
				}
			})
		})
	}
}

// TestEmailByTheWrongAccount says what the right one would be.
func TestEmailByTheWrongAccount(t *testing.T) {
	bubble(t, func(t *testing.T, d *desk) {
		wrong := d.connection("account_connection_un_pw_oauth", map[string]any{"base_url": "https://mail.example", "username": "u", "password": "p"})
		d.call("c", `{"id":"agent","prompt":{},"actions":[],"voice":{},"post_call_actions":[{"type":"email","provider_config":{"destination_id":"`+wrong+`"},
			"config":{"from_email":"a@b.c","to_email":"a@b.c","subject":"","body":""}}]}`, nil)
		d.work(time.Minute)
		a := d.row("c").After.Actions[0]
		if a.State != parley.AfterFailed || !strings.Contains(a.Error, "smtps://") || a.Attempts != 1 {
			t.Errorf("%+v", a)
		}
	})
}
