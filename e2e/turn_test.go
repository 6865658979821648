//go:build e2e

package e2e

import (
	"crypto/hmac"
	"crypto/sha1"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// Three networks: ours, that of the browser, and between them one that forwards nothing. In it is a TURN server, at an address that both know the
// way to.
const (
	between, beyond = "parley-turn", "parley-far"

	turnSecret = "north"
	turnAt     = "10.214.3.1"
	ours       = "10.214.1.2"
	gateTo     = "10.214.1.1" // of the network between, on our side
	gateFrom   = "10.214.2.1" // and on the browser's
)

func in(network string, args ...string) []string {
	return append([]string{"ip", "netns", "exec", network}, args...)
}

// apart makes the networks.
func apart(t *testing.T) {
	t.Helper()
	if os.Getuid() != 0 {
		t.Skip("only root makes networks")
	}
	need(t, "ip", "socat", "turnserver")
	for _, name := range []string{between, beyond} {
		_ = exec.Command("ip", "netns", "del", name).Run() // of a test that was killed
		if b, err := exec.Command("ip", "netns", "add", name).CombinedOutput(); err != nil {
			t.Skipf("no network namespaces here: %v %s", err, b)
		}
		t.Cleanup(func() { _ = exec.Command("ip", "netns", "del", name).Run() })
	}
	for _, args := range []string{
		"link add parley-t0 type veth peer name parley-t1 netns " + between, "addr add " + ours + "/24 dev parley-t0", "link set parley-t0 up",
		"-n " + between + " addr add " + gateTo + "/24 dev parley-t1", "-n " + between + " link set parley-t1 up", "-n " + between + " link set lo up",
		"-n " + between + " addr add " + turnAt + "/32 dev lo",
		"-n " + between + " link add parley-t2 type veth peer name parley-t3 netns " + beyond,
		"-n " + between + " addr add " + gateFrom + "/24 dev parley-t2", "-n " + between + " link set parley-t2 up",
		"-n " + beyond + " addr add 10.214.2.2/24 dev parley-t3", "-n " + beyond + " link set parley-t3 up", "-n " + beyond + " link set lo up",
		"route add " + turnAt + "/32 via " + gateTo, "-n " + beyond + " route add " + turnAt + "/32 via " + gateFrom,
	} {
		run(t, "ip", strings.Fields(args)...)
	}
	run(t, "ip", in(between, "sh", "-c", "echo 0 > /proc/sys/net/ipv4/ip_forward")[1:]...)
	conf := filepath.Join(t.TempDir(), "turnserver.conf")
	text := fmt.Sprintf("listening-ip=%[1]s\nrelay-ip=%[1]s\nlistening-port=3478\nrealm=parley\nuse-auth-secret\nstatic-auth-secret=%[2]s\nno-tls\nno-dtls\nno-cli\nlog-file=stdout\npidfile=%[3]s/pid\nuserdb=%[3]s/db\n",
		turnAt, turnSecret, t.TempDir())
	if err := os.WriteFile(conf, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	stays(t, in(between, "turnserver", "-c", conf)...)
}

// stays runs a program until the test is over.
func stays(t *testing.T, args ...string) {
	t.Helper()
	cmd := exec.Command(args[0], args[1:]...)
	cmd.Dir = t.TempDir()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
}

// handOn has the browser reach, at its own loopback address, what listens on a TCP port of ours.
func handOn(t *testing.T, port string) {
	t.Helper()
	stays(t, in(between, "socat", "TCP-LISTEN:"+port+",bind="+gateFrom+",fork,reuseaddr", "TCP:"+ours+":"+port)...)
	stays(t, in(beyond, "socat", "TCP-LISTEN:"+port+",bind=127.0.0.1,fork,reuseaddr", "TCP:"+gateFrom+":"+port)...)
}

// lent is a user of the TURN server's, as its manual has it made.
func lent(url string) m {
	user := fmt.Sprint(time.Now().Add(time.Hour).Unix()) + ":test"
	mac := hmac.New(sha1.New, []byte(turnSecret))
	mac.Write([]byte(user))
	return m{"urls": []string{url}, "username": user, "credential": base64.StdEncoding.EncodeToString(mac.Sum(nil))}
}

const turnPage = `<!doctype html><title>Shop</title><button aria-pressed="false">Call</button>
<script src="http://127.0.0.1:%s/widget.js" data-button="off"></script>
<script>
const press = document.querySelector('button'), pass = %s
press.addEventListener('click', async () => {
  if (window.call) return window.call.hangup()
  press.setAttribute('aria-pressed', 'true')
  window.call = await Parley.call(pass)
})
</script>`

// TestBrowserBehindAFirewall: between browser and server no packet passes. What is open is the way to a TURN server, by UDP or TCP, from the browser,
// from us, or from both; or one port of a router whose address we announce.
func TestBrowserBehindAFirewall(t *testing.T) {
	apart(t)
	const udp, tcp = "turn:" + turnAt + ":3478", "turn:" + turnAt + ":3478?transport=tcp"
	for _, tc := range []struct {
		name   string
		env    []string
		theirs []m      // nil: what we tell them
		way    []string // the browser's candidate
		warns  string
	}{
		{"the browser by a relay", nil, []m{lent(udp)}, []string{"relay"}, ""},
		{"the browser by a relay and TCP", nil, []m{lent(tcp)}, []string{"relay"}, ""},
		{"we by a relay", []string{"PARLEY_TURN=" + udp, "PARLEY_TURN_SECRET=" + turnSecret}, []m{}, []string{"host", "prflx"}, ""},
		{"we by a relay and TCP", []string{"PARLEY_TURN=" + tcp, "PARLEY_TURN_SECRET=" + turnSecret}, []m{}, []string{"host", "prflx"}, ""},
		{"as we tell them", []string{"PARLEY_TURN=" + tcp + "," + udp, "PARLEY_TURN_SECRET=" + turnSecret}, nil, []string{"relay", "host", "prflx"}, ""},
		{"our secret is wrong", []string{"PARLEY_TURN=" + udp, "PARLEY_TURN_SECRET=south"}, []m{lent(udp)}, []string{"relay"}, "401"},
		{"a router's port", []string{"PARLEY_PUBLIC_IP=" + gateFrom}, []m{}, []string{"host", "prflx"}, ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			port, ice := fmt.Sprint(freePort(t)), fmt.Sprint(freePort(t))
			s := prepare(t, append(tc.env, "PARLEY_HTTP="+ours+":"+port, "PARLEY_ICE="+ours+":"+ice)...)
			s.http = "http://" + ours + ":" + port
			s.start()
			handOn(t, port)
			stays(t, in(between, "socat", "-T20", "UDP4-LISTEN:"+ice+",bind="+gateFrom+",fork,reuseaddr", "UDP4:"+ours+":"+ice)...)
			id, _ := s.agent(m{"initial_message": "Welcome to the shop. What can I do for you today?", "provider": "local", "transcriber": m{"type": "transcriber_local"}})
			var pass m
			s.api("POST", "/v1/calls/web", m{"agent": id}, &pass)
			if tc.theirs != nil {
				pass["ice_servers"] = tc.theirs
			}
			told, err := json.Marshal(pass)
			if err != nil {
				t.Fatal(err)
			}
			l, err := net.Listen("tcp", ours+":0")
			if err != nil {
				t.Fatal(err)
			}
			shop := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", "text/html")
				fmt.Fprintf(w, turnPage, port, told)
			})}
			go shop.Serve(l)
			defer shop.Close()
			_, shopPort, _ := net.SplitHostPort(l.Addr().String())
			handOn(t, shopPort)
			v := visits(t, "http://127.0.0.1:"+shopPort, "opus", 8, in(beyond)...)
			c := s.ended(20 * time.Second)
			if v.First == 0 || v.Packets < 100 || c.Ended != "caller_hung_up" || !strings.Contains(c.Text, "BOT: Welcome to the shop.") {
				t.Errorf("%d packets, first sound after %v ms; %s\n%s", v.Packets, v.First, c.Ended, c.Text)
			}
			if len(v.Way) != 2 || !slices.Contains(tc.way, v.Way[0]) {
				t.Errorf("by %q", v.Way)
			}
			var whole struct {
				Warnings []string
				Metadata map[string]string `json:"telephony_metadata"`
			}
			s.api("GET", "/v1/calls?id="+c.ID, nil, &whole)
			t.Logf("%v, first sound after %.0f ms; %v", v.Way, v.First, whole.Metadata)
			log, _ := os.ReadFile(s.log.Name())
			warned := strings.Contains(strings.Join(whole.Warnings, " "), "no TURN server gave us an address")
			if warned != (tc.warns != "") || tc.warns != "" && !strings.Contains(string(log), tc.warns) {
				t.Errorf("warned of %v", whole.Warnings)
			}
		})
	}
}
