//go:build e2e

package e2e

import (
	"strings"
	"testing"
	"time"

	"github.com/parley-voice/parley/provider/providertest"
)

// TestUtterancesOfACall: a server that takes transcriptions hears a caller's sentence through G.711 in one request, and silence in none,
// whether the operator names it or a tenant's account connection.
func TestUtterancesOfACall(t *testing.T) {
	t.Parallel()
	const said = "What are your opening hours?"
	for name, reach := range map[string]func(s *server, o *providertest.OpenAI) m{
		"by the environment": func(*server, *providertest.OpenAI) m { return m{"type": "transcriber_openai_compatible", "model": "w"} },
		"by a connection": func(s *server, o *providertest.OpenAI) m {
			var c m
			s.api("POST", "/v1/account_connections/create", m{"type": "account_connection_openai_compatible", "credentials": m{"base_url": o.URL + "/v1", "api_key": "theirs"}}, &c)
			return m{"type": "transcriber_openai", "account_connection": c["id"], "model": "w"}
		},
	} {
		t.Run(name, func(t *testing.T) {
			o := providertest.NewOpenAI(t)
			o.Deaf = true
			o.Ears.Says = func(s *providertest.Saying) { s.Text = said }
			s := serve(t, "OPENAI_COMPATIBLE_BASE_URL="+o.URL+"/v1", "PARLEY_ALLOW_NETWORKS=127.0.0.0/8")
			id, _ := s.agent(m{"transcriber": reach(s, o), "provider": "local"})
			if out, code := s.ring(time.Minute, "sip:"+id+"@"+s.sip, "--deaf", "--say", said, "--limit", "20s"); code != 0 {
				t.Fatalf("exit code %d:\n%s", code, out)
			}
			c := s.ended(10 * time.Second)
			if strings.Count(c.Text, "HUMAN: ") != 1 || !strings.Contains(c.Text, "HUMAN: "+said) {
				t.Errorf("the transcript is\n%s", c.Text)
			}
			all := o.Transcriptions()
			if len(all) != 1 || all[0].Sound < time.Second || all[0].Sound > 5*time.Second || strings.Join(all[0].Fields.Value["language"], "") != "en" {
				t.Errorf("%d requests: %+v", len(all), all)
			}
		})
	}
}
