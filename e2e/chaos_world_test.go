//go:build e2e && linux

package e2e

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	natsd "github.com/nats-io/nats-server/v2/server"

	"github.com/parley-voice/parley/bench"
	"github.com/parley-voice/parley/spool/spooltest"
)

// Where everything is: the last part of its address.
const (
	testPlace    = 1
	firstNode    = 11 // and the two after it
	dbPlace      = 20
	firstNATS    = 31 // and the two after it
	vendorPlace  = 40
	carrierPlace = 50
	storagePlace = 60
	pulsePlace   = 80
)

var (
	nodePlaces = []int{firstNode, firstNode + 1, firstNode + 2}
	natsPlaces = []int{firstNATS, firstNATS + 1, firstNATS + 2}
	placeNames = map[int]string{dbPlace: "PostgreSQL", vendorPlace: "vendors", carrierPlace: "carrier", storagePlace: "storage", firstNode: "node 1", firstNode + 1: "node 2",
		firstNode + 2: "node 3", firstNATS: "NATS 1", firstNATS + 1: "NATS 2", firstNATS + 2: "NATS 3"}
)

// What a process of this test is: vendors or storage at an address of its own, a NATS server among others.
const (
	vendorsAt = "PARLEY_E2E_VENDORS"
	storageAt = "PARLEY_E2E_STORAGE"
	brokerAt  = "PARLEY_E2E_BROKER"
)

func init() {
	serveAt := func(begin func(l net.Listener)) func(string) error {
		return func(at string) error {
			l, err := net.Listen("tcp4", at)
			if err != nil {
				return err
			}
			begin(l)
			for p := os.Getppid(); os.Getppid() == p; {
				time.Sleep(time.Second)
			}
			return nil
		}
	}
	beings[vendorsAt] = serveAt(func(l net.Listener) {
		bench.ServeVendors(l, quickDelays, bench.NoFault)
	})
	beings[storageAt] = serveAt(func(l net.Listener) { spooltest.On(l) })
	beings[brokerAt] = func(at string) error {
		o := &natsd.Options{Host: at, Port: 4222, NoSigs: true, ServerName: "nats-" + at, Cluster: natsd.ClusterOpts{Name: "chaos", Host: at, Port: 6222}}
		for _, p := range natsPlaces {
			o.Routes = append(o.Routes, &url.URL{Scheme: "nats", Host: fmt.Sprintf("%s%d:6222", subnet, p)})
		}
		s, err := natsd.NewServer(o)
		if err != nil {
			return err
		}
		s.ConfigureLogger()
		s.Start()
		for p := os.Getppid(); os.Getppid() == p; {
			time.Sleep(time.Second)
		}
		return nil
	}
}

// A world is three nodes and all that is around them, each in its place.
type world struct {
	t     *testing.T
	net   *network
	dir   string
	db    *sql.DB
	hooks *hooks
	w     *phones
	nodes []*member
	env   []string // of all nodes
	agent [2]string
	httpc *http.Client

	mu   sync.Mutex // guards all below
	runs map[int]*proc
	logs map[int]*os.File
	over bool
	bin  string // of PostgreSQL
}

// A member is one of the nodes. It is begun again a second after it ended, whatever for, as by any init system.
type member struct {
	w    *world
	n    int
	data string
	log  *os.File

	mu    sync.Mutex // guards all below
	proc  *proc
	held  bool // it is not begun again yet
	ends  []string
	lives int
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{t: t, runs: map[int]*proc{}, logs: map[int]*os.File{}, httpc: &http.Client{Timeout: 8 * time.Second,
		Transport: &http.Transport{MaxIdleConnsPerHost: 4, IdleConnTimeout: 5 * time.Second, DialContext: (&net.Dialer{Timeout: 3 * time.Second}).DialContext}}}
	w.net = newNetwork(t, append(append([]int{testPlace, dbPlace, vendorPlace, carrierPlace, storagePlace, pulsePlace}, nodePlaces...), natsPlaces...)...)
	var err error
	if w.dir, err = os.MkdirTemp("", "parley-chaos-"); err == nil {
		err = os.Chmod(w.dir, 0o755) //nolint:gosec // PostgreSQL is another user
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.end)
	w.listen()
	w.database()
	w.be(vendorPlace, vendorsAt, w.at(vendorPlace, 80))
	w.be(storagePlace, storageAt, w.at(storagePlace, 9000))
	for _, p := range natsPlaces {
		w.be(p, brokerAt, subnet+strconv.Itoa(p))
	}
	w.w = newPhones(t, w.net.places[carrierPlace], 5060)
	w.be(pulsePlace, pulseAt, w.at(carrierPlace, 4000))
	var brokers []string
	for _, p := range natsPlaces {
		brokers = append(brokers, "nats://"+w.at(p, 4222))
	}
	w.env = append(plain(), "PARLEY_DATABASE_URL="+w.databaseURL(), "PARLEY_MASTER_KEY=one key of all nodes", "PARLEY_API_KEY="+key, "PARLEY_RTP_PORTS=24000-24999", "PARLEY_FULL_AT=0",
		"PARLEY_ALLOW_NETWORKS="+subnet+"0/24", "PARLEY_NATS_URL="+strings.Join(brokers, ","), "PARLEY_S3_URL=http://"+w.at(storagePlace, 9000)+"/"+spooltest.Bucket,
		"PARLEY_S3_REGION="+spooltest.Region, "PARLEY_S3_ACCESS_KEY="+spooltest.AccessKey, "PARLEY_S3_SECRET_KEY="+spooltest.SecretKey, "PARLEY_S3_FREE=10MB",
		"PARLEY_S3_CACHE=20MB", "DEEPGRAM_BASE_URL=http://"+w.at(vendorPlace, 80), "DEEPGRAM_API_KEY=x", "OPENAI_BASE_URL=http://"+w.at(vendorPlace, 80)+"/v1", "OPENAI_API_KEY=x")
	for _, n := range nodePlaces {
		w.join(n)
		w.until(fmt.Sprintf("node %d is ready", n-firstNode+1), 60*time.Second, func() bool { return w.ready(n) })
	}
	w.configure()
	return w
}

// plain is what a process here is told of its surroundings.
func plain() (env []string) {
	for _, kv := range os.Environ() {
		name, _, _ := strings.Cut(kv, "=")
		if !strings.HasPrefix(name, "PARLEY_") && !strings.HasSuffix(name, "_API_KEY") && !strings.HasSuffix(name, "_BASE_URL") {
			env = append(env, kv)
		}
	}
	return env
}

func (w *world) at(place, port int) string { return fmt.Sprintf("%s%d:%d", subnet, place, port) }

func (w *world) logOf(name string) *os.File {
	f, err := os.OpenFile(filepath.Join(w.dir, name+".log"), os.O_CREATE|os.O_APPEND|os.O_RDWR, 0o666)
	if err != nil {
		w.t.Fatal(err)
	}
	return f
}

// be starts a process of this test in a place, as something else than a test.
func (w *world) be(at int, what, value string) {
	if err := w.tryBe(at, what, value); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) tryBe(at int, what, value string) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.logs[at] == nil {
		w.logs[at] = w.logOf(strings.ToLower(strings.ReplaceAll(strings.TrimPrefix(what, "PARLEY_E2E_")+strconv.Itoa(at), " ", "")))
	}
	p, err := w.net.launch(at, w.logs[at], append(plain(), what+"="+value), false, os.Args[0])
	w.runs[at] = p
	return err
}

func (w *world) run(at int) *proc {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.runs[at]
}

// listen begins the receiver of webhooks, where the test is.
func (w *world) listen() {
	l, err := w.net.listen(testPlace, 8090)
	if err != nil {
		w.t.Fatal(err)
	}
	w.hooks = &hooks{ids: map[string]map[string]bool{}, url: "http://" + w.at(testPlace, 8090)}
	srv := httptest.NewUnstartedServer(w.hooks)
	srv.Listener.Close()
	srv.Listener = l
	srv.Start()
	w.t.Cleanup(srv.Close)
}

func (w *world) databaseURL() string {
	return "postgres://postgres@" + w.at(dbPlace, 5432) + "/postgres?sslmode=disable"
}

// database makes a PostgreSQL server and begins it.
func (w *world) database() {
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/postgres")
	if len(found) == 0 {
		w.t.Skip("there is no PostgreSQL server on this machine")
	}
	w.bin = filepath.Dir(found[len(found)-1])
	if exec.Command("id", "postgres").Run() != nil {
		run(w.t, "useradd", "--system", "postgres")
	}
	data := filepath.Join(w.dir, "db")
	run(w.t, "install", "-d", "-o", "postgres", "-m", "700", data)
	run(w.t, "setpriv", "--reuid", "postgres", "--regid", "postgres", "--clear-groups", "env", "HOME=/", filepath.Join(w.bin, "initdb"), "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync")
	hba, err := os.OpenFile(filepath.Join(data, "pg_hba.conf"), os.O_APPEND|os.O_WRONLY, 0)
	if err == nil {
		_, err = fmt.Fprintf(hba, "host all all %s0/24 trust\n", subnet)
		err = errors.Join(err, hba.Close())
	}
	if err == nil {
		err = w.beginDatabase()
	}
	if err != nil {
		w.t.Fatal(err)
	}
	if w.db, err = sql.Open("pgx", w.databaseURL()+"&connect_timeout=3"); err != nil {
		w.t.Fatal(err)
	}
	w.db.SetConnMaxIdleTime(3 * time.Second)
	w.db.SetMaxOpenConns(8)
	w.until("the database is there", 30*time.Second, func() bool { return w.db.Ping() == nil })
}

func (w *world) beginDatabase() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.logs[dbPlace] == nil {
		w.logs[dbPlace] = w.logOf("postgres")
		_ = w.logs[dbPlace].Chmod(0o666)
	}
	p, err := w.net.launch(dbPlace, w.logs[dbPlace], append(plain(), "HOME=/"), false, "setpriv", "--reuid", "postgres", "--regid", "postgres", "--clear-groups",
		filepath.Join(w.bin, "postgres"), "-D", filepath.Join(w.dir, "db"), "-c", "listen_addresses="+subnet+strconv.Itoa(dbPlace), "-c", "unix_socket_directories=",
		"-c", "fsync=off", "-c", "max_connections=200", "-c", "tcp_keepalives_idle=10", "-c", "tcp_keepalives_interval=3", "-c", "tcp_keepalives_count=3")
	w.runs[dbPlace] = p
	return err
}

// join begins a node, and begins it again whenever it has ended.
func (w *world) join(n int) {
	m := &member{w: w, n: n, data: filepath.Join(w.dir, "node"+strconv.Itoa(n)), log: w.logOf("node" + strconv.Itoa(n))}
	if err := os.Mkdir(m.data, 0o700); err != nil {
		w.t.Fatal(err)
	}
	if err := syscall.Mount("none", m.data, "tmpfs", 0, "size=300m"); err != nil {
		w.t.Skip("the disks of nodes are to be file systems of their own: ", err)
	}
	if err := m.begin(); err != nil {
		w.t.Fatal(err)
	}
	w.nodes = append(w.nodes, m)
	go m.keep()
}

func (m *member) begin() error {
	addr := subnet + strconv.Itoa(m.n)
	p, err := m.w.net.launch(m.n, m.log, append(m.w.env, "PARLEY_DATA="+m.data, "PARLEY_HTTP="+addr+":8080", "PARLEY_SIP="+addr+":5060", "PARLEY_PUBLIC_IP="+addr),
		true, binary(m.w.t), "serve")
	m.mu.Lock()
	defer m.mu.Unlock()
	m.proc = p
	m.lives++
	return err
}

func (m *member) keep() {
	for {
		p := m.now()
		if p != nil {
			<-p.gone
		}
		m.w.w.died(m.n)
		m.mu.Lock()
		if !m.held && p != nil {
			m.ends = append(m.ends, fmt.Sprintf("%s node %d ended by itself: %v", time.Now().Format(time.TimeOnly), m.n-firstNode+1, p.cmd.ProcessState))
		}
		m.mu.Unlock()
		time.Sleep(time.Second)
		for {
			m.mu.Lock()
			held := m.held
			m.mu.Unlock()
			m.w.mu.Lock()
			over := m.w.over
			m.w.mu.Unlock()
			if over {
				return
			}
			if !held {
				break
			}
			time.Sleep(100 * time.Millisecond)
		}
		if err := m.begin(); err != nil {
			m.w.t.Errorf("node %d does not begin: %v", m.n, err)
			return
		}
	}
}

func (m *member) now() *proc {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.proc
}

func (m *member) hold(on bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.held = on
}

// id is the node among those of the database.
func (m *member) id() string {
	b, _ := os.ReadFile(filepath.Join(m.data, "node-id"))
	return strings.TrimSpace(string(b))
}

func (w *world) end() {
	w.mu.Lock()
	w.over = true
	w.mu.Unlock()
	if w.db != nil {
		w.db.Close()
	}
	for _, m := range w.nodes {
		m.now().signal(syscall.SIGCONT)
		m.now().kill()
		_ = syscall.Unmount(m.data, syscall.MNT_DETACH)
	}
	for at, p := range w.runs {
		if p == nil {
			continue
		}
		p.signal(syscall.SIGCONT)
		if at == dbPlace {
			p.signal(syscall.SIGQUIT)
			<-p.gone
			continue
		}
		p.kill()
	}
	if w.t.Failed() {
		w.t.Logf("what all of them said is in %s", w.dir)
		_ = os.RemoveAll(filepath.Join(w.dir, "db"))
		return
	}
	os.RemoveAll(w.dir)
}

func (w *world) until(what string, limit time.Duration, ok func() bool) {
	w.t.Helper()
	for over := time.Now().Add(limit); !ok(); time.Sleep(100 * time.Millisecond) {
		if time.Now().After(over) {
			w.t.Fatalf("not within %v: %s", limit, what)
		}
	}
}

// ask makes a request of a node; 0: there was no answer.
func (w *world) ask(node int, method, path string, body any, once string, into any) int {
	ctx, cancel := context.WithTimeout(context.Background(), 8*time.Second)
	defer cancel()
	code, b, err := asking{by: w.httpc, method: method, url: "http://" + w.at(node, 8080) + path, key: key, once: once, body: body}.answer(ctx)
	if err != nil {
		return 0
	}
	switch raw, is := into.(*[]byte); {
	case is:
		*raw = b
	case into != nil && code < 300:
		if err := json.Unmarshal(b, into); err != nil {
			w.t.Errorf("%s %s: %v in %s", method, path, err, b)
		}
	}
	return code
}

func (w *world) ready(node int) bool { return w.ask(node, "GET", "/readyz", nil, "", nil) == 200 }

// must is an ask that is granted.
func (w *world) must(path string, body m, into any) {
	w.t.Helper()
	var raw []byte
	if code := w.ask(firstNode, "POST", path, body, "", &raw); code/100 != 2 {
		w.t.Fatalf("%s: %d %s", path, code, raw)
	}
	if into != nil {
		if err := json.Unmarshal(raw, into); err != nil {
			w.t.Fatal(err)
		}
	}
}

// configure makes the trunk, the agents, one of which is recorded, and their numbers.
func (w *world) configure() {
	var trunk struct{ ID string }
	w.must("/v1/account_connections/create", m{"type": "account_connection_sip", "credentials": m{"host": w.net.places[carrierPlace].addr(), "port": 5060, "username": "chaos", "password": "x",
		"country": "US", "allowed_addresses": []string{w.net.places[carrierPlace].addr()}, "options_interval_seconds": 10, "max_calls": 80}}, &trunk)
	for i := range w.agent {
		var a struct{ ID string }
		w.must("/v1/agents/create", m{"prompt": m{"content": "You are the receptionist."}, "actions": []any{}, "initial_message": "Good morning, this is Harbor Dental, how can I help you today?",
			"voice": m{"type": "voice_deepgram", "model": "aura-2-thalia-en"}, "transcriber": m{"type": "transcriber_deepgram"}, "provider": "openai", "model": "gpt-4o-mini",
			"enable_recording": i == 0, "webhook": m{"url": w.hooks.url, "method": "POST",
				"subscriptions": []string{"event_phone_call_connected", "event_message", "event_phone_call_did_not_connect", "event_phone_call_ended"}}}, &a)
		w.agent[i] = a.ID
		w.must("/v1/numbers/link", m{"phone_number": inNumbers[i], "telephony_account_connection": trunk.ID, "inbound_agent": a.ID}, nil)
	}
	var of string
	if err := w.db.QueryRow("SELECT id FROM environments").Scan(&of); err != nil {
		w.t.Fatal(err)
	}
	w.must("/v1/environments/update?id="+of, m{"max_concurrent_calls": 70}, nil)
	for _, node := range nodePlaces { // who remembers the trunks of before refuses the carrier as a stranger
		w.until("the node knows the carrier", 30*time.Second, func() bool {
			var raw []byte
			return w.ask(node, "GET", "/v1/account_connections/status?id="+trunk.ID, nil, "", &raw) == 200 && bytes.Contains(raw, []byte(`"up":true`))
		})
	}
}

// inNumbers are those of the agents.
var inNumbers = [2]string{"+14155550123", "+14155550124"}
