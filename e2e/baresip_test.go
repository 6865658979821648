//go:build e2e

package e2e

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/parley-voice/parley/audio"
)

// A line is how a baresip is set up. The zero value of what is not said is plain RTP, and nobody to register at.
type line struct {
	user      string
	wav       string // what it says
	transport string // udp, tcp
	mode      string // manual, or auto to answer by itself
	codec     string // PCMU, PCMA, G722, opus
	menc      string // srtp-mand, dtls_srtp
	registrar string // host:port it registers at and calls by
	password  string // there
	dns       string // host:port of the name server it asks; "": the system's
}

// codecs are baresip's names of them.
var codecs = map[string]string{"PCMU": "PCMU", "PCMA": "PCMA", "G722": "G722/16000/1", "opus": "opus/48000/2"}

// account is its line of the file accounts.
func (l line) account(uri string) string {
	s := fmt.Sprintf("<%s;transport=%s>;audio_codecs=%s;answermode=%s", uri, l.transport, codecs[l.codec], l.mode)
	if l.menc != "" {
		s += ";mediaenc=" + l.menc
	}
	if l.registrar == "" {
		return s + ";regint=0\n"
	}
	return s + fmt.Sprintf(";regint=60;auth_user=%s;auth_pass=\"%s\";outbound=\"sip:%s;transport=%s\"\n", l.user, l.password, l.registrar, l.transport)
}

// A phone is a baresip without a head, driven over its control port.
type phone struct {
	t    *testing.T
	dir  string
	uri  string
	cmd  *exec.Cmd
	ctrl net.Conn
	done sync.WaitGroup

	mu     sync.Mutex // guards events
	events []string
}

// The configuration that was seen to carry sound bit by bit; %s: SIP port, source WAV, control port, folder, RTP ports.
const baresipConfig = `poll_method             epoll
sip_listen              127.0.0.1:%d
call_local_timeout      120
call_max_calls          4
audio_buffer            200
audio_player            aufile,%[3]s/player.wav
audio_source            aufile,%[2]s
audio_alert             aufile,%[3]s/alert.wav
ausrc_srate             8000
auplay_srate            8000
ausrc_channels          1
auplay_channels         1
audio_txmode            poll
audio_level             no
ausrc_format            s16
auplay_format           s16
auenc_format            s16
audec_format            s16
rtp_ports               %[5]d-%[6]d
rtcp_mux                no
jitter_buffer_delay     5-10
net_interface           127.0.0.1
module_path             /usr/lib/baresip/modules
module                  g711.so
module                  g722.so
module                  opus.so
module                  srtp.so
module                  dtls_srtp.so
module                  sndfile.so
module                  aufile.so
module_tmp              uuid.so
module_tmp              account.so
module_app              menu.so
module_app              ctrl_tcp.so
ctrl_tcp_listen         127.0.0.1:%[4]d
snd_path                %[3]s/snd
menu_bell               no
ringback_disabled       yes
`

// baresip starts one that says the file; mode is manual, or auto to answer by itself.
func baresip(t *testing.T, user, wav, transport, mode, codec string) *phone {
	t.Helper()
	return pick(t, line{user: user, wav: wav, transport: transport, mode: mode, codec: codec})
}

// pick takes a phone off its hook.
func pick(t *testing.T, l line) *phone {
	t.Helper()
	need(t, "baresip")
	p := &phone{t: t, dir: t.TempDir()}
	sipPort, ctrlPort := freePort(t), freePort(t)
	p.uri = fmt.Sprintf("sip:%s@127.0.0.1:%d", l.user, sipPort)
	aor := p.uri
	if l.registrar != "" {
		aor = fmt.Sprintf("sip:%s@%s", l.user, l.registrar)
	}
	os.Mkdir(filepath.Join(p.dir, "snd"), 0o755)
	write := func(name, text string) {
		if err := os.WriteFile(filepath.Join(p.dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	rtp := 11000 + sipPort%800*20
	config := fmt.Sprintf(baresipConfig, sipPort, l.wav, p.dir, ctrlPort, rtp, rtp+19)
	if l.dns != "" {
		config += "dns_server " + l.dns + "\n"
	}
	write("config", config)
	write("accounts", l.account(aor))
	write("contacts", "")
	var log bytes.Buffer
	p.cmd = exec.Command("baresip", "-f", p.dir, "-v")
	p.cmd.Dir, p.cmd.Stdout, p.cmd.Stderr = p.dir, &log, &log
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if p.ctrl != nil {
			p.ctrl.Close()
		}
		p.done.Wait()
		p.cmd.Process.Signal(syscall.SIGTERM)
		over := time.AfterFunc(5*time.Second, func() { p.cmd.Process.Kill() })
		p.cmd.Wait()
		over.Stop()
		if t.Failed() {
			t.Logf("baresip said:\n%s", log.String())
		}
	})
	for over := time.Now().Add(20 * time.Second); ; time.Sleep(50 * time.Millisecond) {
		c, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", ctrlPort))
		if err == nil {
			p.ctrl = c
			break
		}
		if time.Now().After(over) {
			t.Fatalf("baresip does not start: %v\n%s", err, log.String())
		}
	}
	p.done.Go(p.read)
	return p
}

// read takes netstrings of JSON.
func (p *phone) read() {
	in := bufio.NewReader(p.ctrl)
	for {
		size, err := in.ReadString(':')
		if err != nil {
			return
		}
		n, err := strconv.Atoi(strings.TrimSuffix(size, ":"))
		if err != nil {
			return
		}
		b := make([]byte, n+1)
		if _, err := io.ReadFull(in, b); err != nil {
			return
		}
		var e struct{ Type string }
		if json.Unmarshal(b[:n], &e) == nil && e.Type != "" {
			p.mu.Lock()
			p.events = append(p.events, e.Type)
			p.mu.Unlock()
		}
	}
}

func (p *phone) do(command, params string) {
	p.t.Helper()
	b, _ := json.Marshal(map[string]string{"command": command, "params": params, "token": command})
	if _, err := fmt.Fprintf(p.ctrl, "%d:%s,", len(b), b); err != nil {
		p.t.Fatal(err)
	}
}

func (p *phone) saw(event string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, e := range p.events {
		if e == event {
			return true
		}
	}
	return false
}

// forget has what was seen so far be seen no more.
func (p *phone) forget() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.events = nil
}

func (p *phone) wait(event string, limit time.Duration) {
	p.t.Helper()
	for over := time.Now().Add(limit); !p.saw(event); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(over) {
			p.mu.Lock()
			defer p.mu.Unlock()
			p.t.Fatalf("no %s within %v, only %v", event, limit, p.events)
		}
	}
}

// heard is what the phone played to its owner.
func (p *phone) heard() *audio.Sound {
	p.t.Helper()
	files, _ := filepath.Glob(filepath.Join(p.dir, "snd", "*-dec.wav"))
	if len(files) != 1 {
		p.t.Fatalf("baresip kept %v", files)
	}
	return readWAV(p.t, files[0])
}

// compare compares all four ends of a call: what the phone said with the left of the recording, and its right with what the
// phone heard.
func compare(t *testing.T, s *server, id string, p *phone, speech *audio.Sound) (said, heard float64) {
	t.Helper()
	rec := s.recording(id)
	said = correlation(spoken(speech.PCM, speech.Rate), speech.Rate, rec.Channel(0), rec.Rate)
	agent := spoken(rec.Channel(1), rec.Rate)
	if len(agent) < rec.Rate {
		t.Fatalf("the agent said %d samples", len(agent))
	}
	ear := p.heard()
	heard = correlation(agent, rec.Rate, ear.Mono(), ear.Rate)
	t.Logf("correlation: said and recorded %.4f, recorded and heard %.4f", said, heard)
	return said, heard
}

// sameSound makes calls until the sound of one is the same at both ends, both ways; three at most: on a busy machine a telephone
// sends late, and what comes too late for its place is concealed.
func sameSound(t *testing.T, call func() (said, heard float64)) {
	t.Helper()
	for range 3 {
		if said, heard := call(); t.Failed() || said >= alike && heard >= alike {
			return
		}
	}
	t.Errorf("the sound of three calls was not the same at both ends to %.2f", alike)
}

func TestBaresipCalls(t *testing.T) {
	for _, how := range []struct{ transport, codec string }{{"udp", "PCMU"}, {"udp", "PCMA"}, {"tcp", "PCMU"}} {
		t.Run(how.transport+" "+how.codec, func(t *testing.T) {
			sameSound(t, func() (said, heard float64) { return callIn(t, how.transport, how.codec) })
		})
	}
}

// callIn has baresip call an agent, press keys and hang up.
func callIn(t *testing.T, transport, codec string) (said, heard float64) {
	s := serve(t)
	id, _ := s.agent(nil)
	wav, speech := sentence(t, "Could you tell me what your opening hours are today please")
	p := baresip(t, "alice", wav, transport, "manual", codec)
	p.do("dial", fmt.Sprintf("sip:%s@%s;transport=%s", id, s.sip, transport))
	p.wait("CALL_ESTABLISHED", 10*time.Second)
	time.Sleep(9 * time.Second)
	for _, digit := range []string{"7", "4", "2"} {
		p.do("sndcode", digit)
		time.Sleep(400 * time.Millisecond)
	}
	p.do("hangup", "")
	p.wait("CALL_CLOSED", 5*time.Second)
	c := s.ended(10 * time.Second)
	if c.Ended != "caller_hung_up" || c.Outgoing || c.From != "alice" {
		t.Errorf("%+v", c)
	}
	s.pressed(c.ID, "742")
	return compare(t, s, c.ID, p, speech)
}

func TestBaresipIsHungUpOn(t *testing.T) {
	t.Parallel()
	s := serve(t)
	wav, _ := sentence(t, "Hello")
	p := baresip(t, "alice", wav, "udp", "manual", "PCMU")
	p.do("dial", "sip:demo@"+s.sip)
	p.wait("CALL_ESTABLISHED", 10*time.Second)
	time.Sleep(time.Second)
	s.api("POST", "/v1/calls/end?id="+s.calls()[0].ID, nil, nil)
	p.wait("CALL_CLOSED", 5*time.Second)
	if c := s.ended(5 * time.Second); c.Ended == "caller_hung_up" {
		t.Errorf("%+v", c)
	}
}

func TestBaresipIsCalled(t *testing.T) {
	sameSound(t, func() (said, heard float64) {
		s := serve(t)
		id, _ := s.agent(nil)
		wav, speech := sentence(t, "Hello, this is Bob speaking, who is calling me please")
		p := baresip(t, "bob", wav, "udp", "auto", "PCMU")
		s.api("POST", "/v1/calls/create", m{"agent": id, "from_number": "1000", "to_number": p.uri}, nil)
		p.wait("CALL_ESTABLISHED", 10*time.Second)
		time.Sleep(8 * time.Second)
		p.do("hangup", "")
		p.wait("CALL_CLOSED", 5*time.Second)
		c := s.ended(10 * time.Second)
		if c.Ended != "caller_hung_up" || !c.Outgoing {
			t.Errorf("%+v", c)
		}
		return compare(t, s, c.ID, p, speech)
	})
}

// TestCallByAPI: parley call --api places a call and follows it to its end.
func TestCallByAPI(t *testing.T) {
	t.Parallel()
	s := serve(t)
	id, _ := s.agent(nil)
	wav, _ := sentence(t, "Hello")
	p := baresip(t, "bob", wav, "udp", "auto", "PCMU")
	go func() {
		for !p.saw("CALL_ESTABLISHED") && t.Context().Err() == nil {
			time.Sleep(50 * time.Millisecond)
		}
		time.Sleep(5 * time.Second)
		p.do("hangup", "")
	}()
	out, code := s.ring(60*time.Second, "--api", "--agent", id, p.uri)
	if code != 0 {
		t.Fatalf("exit code %d:\n%s", code, out)
	}
	for _, want := range []string{"answered", "agent: Good morning", "ended: caller_hung_up"} {
		if !strings.Contains(out, want) {
			t.Errorf("no %q in\n%s", want, out)
		}
	}
	out, code = s.ring(60*time.Second, "--api", "--agent", id, fmt.Sprintf("sip:nobody@127.0.0.1:%d", freePort(t)))
	if code == 0 || !strings.Contains(out, "not answered") {
		t.Errorf("nobody is there: exit code %d:\n%s", code, out)
	}
}
