//go:build e2e

package e2e

import (
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/leg"
)

// TestSentToAnotherNode: a telephone knows one node alone. When that one is full, and when it drains, a 302 sends it to the other; a far end that
// is not known to follow is refused, and so is everybody where nobody has room.
func TestSentToAnotherNode(t *testing.T) {
	t.Parallel()
	_, broker := natsServer(t)
	url, db := onPostgres(t)
	env := append(quickVendors(t), "PARLEY_DATABASE_URL="+url, "PARLEY_MASTER_KEY=one key of both nodes", "PARLEY_NATS_URL="+broker, "PARLEY_MAX_CALLS=1")
	p := &pair{t: t, db: db, hooks: newHooks(t), a: prepare(t, env...), b: prepare(t, env...)}
	for _, s := range []*server{p.a, p.b} {
		s.env = append(s.env, "PARLEY_NODE_SIP=sip:"+s.sip+";transport=udp")
		s.start()
	}
	p.agent, _ = p.a.agent(ofVendors(p.hooks.url, "event_phone_call_ended"))
	var trunk struct{ ID string }
	far := m{"host": "192.0.2.1", "allowed_addresses": []string{"127.0.0.1"}, "options_interval_seconds": 0}
	p.a.api("POST", "/v1/account_connections/create", m{"type": "account_connection_sip", "credentials": far}, &trunk)
	d := open(t)
	dial := func(s *server) (leg.Leg, error) {
		return d.Dial(t.Context(), leg.Call{From: "15551000", To: "sip:" + p.agent + "@" + s.sip})
	}
	var first leg.Leg
	p.a.until("it takes the connection's calls", 20*time.Second, func() (ok bool) {
		l, err := dial(p.a)
		first = l
		return err == nil
	})
	refused := func(s *server, want string) {
		t.Helper()
		s.until("it answers "+want, 20*time.Second, func() bool {
			l, err := dial(s)
			if err == nil {
				_ = l.Hangup(t.Context(), parley.AgentEnded)
				return false
			}
			return strings.Contains(err.Error(), want)
		})
	}
	refused(p.a, "503")
	far["follows_redirect"] = true
	p.a.api("POST", "/v1/account_connections/update?id="+trunk.ID, m{"credentials": far}, nil)
	taken := func() {
		t.Helper()
		p.a.until("it is sent on and taken", 20*time.Second, func() bool {
			l, err := dial(p.a)
			if err == nil {
				_ = l.Hangup(t.Context(), parley.AgentEnded)
			}
			return err == nil
		})
		p.b.until("it is over", 20*time.Second, func() (over bool) {
			return db.QueryRow("SELECT COUNT(*) = 1 FROM calls WHERE status = 'in_progress'").Scan(&over) == nil && over
		})
	}
	taken()

	talks := func(user string, node int) *phone {
		t.Helper()
		who := pick(t, line{user: user, wav: silence(t), transport: "udp", mode: "manual", codec: "PCMU"})
		p.a.until(user+" is connected", 30*time.Second, func() bool { // the node that has room tells so twice a second, and is heard a little later
			who.do("dial", "sip:"+p.agent+"@"+p.a.sip)
			p.a.until("it is connected, or refused", 20*time.Second, func() bool { return who.saw("CALL_ESTABLISHED") || who.saw("CALL_CLOSED") })
			if who.saw("CALL_ESTABLISHED") {
				return true
			}
			who.forget()
			return false
		})
		p.a.until("the call is kept", 20*time.Second, func() bool {
			var id string
			return db.QueryRow("SELECT id FROM calls WHERE from_number = $1", user).Scan(&id) == nil && p.at(id) == node
		})
		return who
	}
	alice := talks("alice", 2)
	refused(p.a, "503") // both are full
	refused(p.b, "503")
	alice.do("hangup", "")
	alice.wait("CALL_CLOSED", 10*time.Second)
	taken()

	p.a.cmd.Process.Signal(syscall.SIGTERM)
	p.a.until("it drains", 20*time.Second, func() bool { return status(p.a.http+"/readyz") == 503 })
	talks("bob", 2).do("hangup", "")
	if err := first.Hangup(t.Context(), parley.AgentEnded); err != nil {
		t.Error(err)
	}
	p.a.ends(30 * time.Second)
}
