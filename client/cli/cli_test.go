package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/google/uuid"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/api"
	"github.com/parley-voice/parley/leg/sip/trace"
	"github.com/parley-voice/parley/provider/all"
	"github.com/parley-voice/parley/provider/local"
	"github.com/parley-voice/parley/secret"
	"github.com/parley-voice/parley/store"
)

// fakeLive has one running call, and keeps what it was told.
type fakeLive struct {
	mu   sync.Mutex
	told []api.Command
}

func (f *fakeLive) End(context.Context, string) error { return parley.NotFound("running call") }

func (f *fakeLive) Control(_ context.Context, _ string, c api.Command) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.told = append(f.told, c)
	return nil
}

// fakeCourier sends anything once more.
type fakeCourier struct{}

func (f *fakeLive) Listen(_ context.Context, _ string, channels int, w io.Writer, flush func() error) error {
	if _, err := fmt.Fprintf(w, "RIFF of %d channels", channels); err != nil {
		return err
	}
	return flush()
}

func (f *fakeLive) Discreet(string) bool { return false }
func (f *fakeLive) Runs(string) bool     { return true }

func (fakeCourier) Redeliver(_ context.Context, env, id string) (store.Delivery, error) {
	return store.Delivery{ID: uuid.NewString(), EnvironmentID: env, CallID: id, EventID: id, EventType: parley.EventMessage, State: store.Pending, Created: time.Now()}, nil
}

// A desk is a person at a terminal, and the server that they work on.
type desk struct {
	t        *testing.T
	url, key string
	env      string
	db       *store.DB
	blobs    *store.Blobs
	live     *fakeLive
	ids      map[string]string // what {name} stands for
	traces   *trace.Keeper
	contract []byte
	doc      *openapi3.T // the same, read
}

func newDesk(t *testing.T) *desk {
	t.Helper()
	t.Chdir(t.TempDir())
	k, err := secret.NewKey("a master key for tests only")
	if err != nil {
		t.Fatal(err)
	}
	d := &desk{t: t, live: &fakeLive{}, ids: map[string]string{}}
	if d.db, err = store.Open(t.Context(), "parley.db", k); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.db.Close() })
	if d.blobs, err = store.NewBlobs("recordings"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.blobs.Close() })
	d.traces = &trace.Keeper{Recorder: trace.New(0), Store: d.db}
	a, err := api.New(api.Config{Store: d.db, Log: d.db.Log(), Blobs: d.blobs, Signer: k, Live: d.live, Courier: fakeCourier{}, Traces: fakeTraces{d.traces},
		Specs: all.Specs(local.New(local.Config{Logger: slog.New(slog.DiscardHandler)})), Doors: api.Doors{DirectSIP: true}, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	d.contract = a.Contract()
	if d.doc, err = readContract(d.contract); err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewServer(a)
	t.Cleanup(srv.Close)
	t.Cleanup(a.Close)
	d.url = srv.URL
	e, err := d.db.CreateEnvironment(t.Context(), store.Environment{Name: "default"})
	if err != nil {
		t.Fatal(err)
	}
	key, prefix, hash := secret.NewAPIKey(true)
	if _, err := d.db.CreateKey(t.Context(), store.APIKey{EnvironmentID: e.ID, Prefix: prefix, Role: store.Operator}, hash); err != nil {
		t.Fatal(err)
	}
	d.key, d.env = key, e.ID
	return d
}

// call is one in the store.
func (d *desk) call(change func(*parley.Call)) string {
	d.t.Helper()
	c := parley.Call{ID: uuid.NewString(), UserID: d.env, Status: parley.InProgress, Stage: parley.StagePickedUp, From: "+15551110000", To: "+15552220000",
		Created: time.Now(), Start: time.Now(), Agent: json.RawMessage(`{"id":"a","user_id":"e","prompt":{"id":"p","user_id":"e"},"actions":[],"voice":{"id":"v","user_id":"e"}}`)}
	change(&c)
	if err := d.db.CreateCall(d.t.Context(), c); err != nil {
		d.t.Fatal(err)
	}
	return c.ID
}

func (d *desk) file(name, text string) {
	d.t.Helper()
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		d.t.Fatal(err)
	}
}

// run carries out a command line as cmd/parley does; in it and in the answer, {name} stands for an id.
func (d *desk) run(args ...string) (out, said string, err error) {
	d.t.Helper()
	i := slices.IndexFunc(Resources, func(r *resource) bool { return r.Name == args[0] })
	if i < 0 && args[0] != "sip" {
		d.t.Fatalf("there is no resource %s", args[0])
	}
	given := []string{}
	for _, a := range args[1:] {
		for name, id := range d.ids {
			a = strings.ReplaceAll(a, "{"+name+"}", id)
		}
		given = append(given, a)
	}
	var o, e bytes.Buffer
	p := &Program{Contract: func() ([]byte, error) { return d.contract, nil }, In: strings.NewReader(`{"label":"from stdin"}`), Out: &o, Err: &e, doc: d.doc}
	if i < 0 {
		err = p.SIP(d.t.Context(), given)
	} else {
		err = p.Run(d.t.Context(), Resources[i], given)
	}
	out = o.String()
	for name, id := range d.ids {
		out = strings.ReplaceAll(out, id, "{"+name+"}")
	}
	return out, e.String(), err
}

// A line is one command line and what must come of it.
type line struct {
	args string // separated by ¦ when there are spaces in one, else by spaces
	keep string // the answer's id is called so from now on
	want string // fragments of the output, separated by ¦; one that begins with ! must not be there
}

func words(s string) []string {
	if strings.Contains(s, "¦") {
		return strings.Split(s, "¦")
	}
	return strings.Fields(s)
}

func (d *desk) play(rows []line) {
	d.t.Helper()
	for _, row := range rows {
		args := words(row.args)
		if row.keep != "" {
			args = append(args, "-o", "json")
		}
		out, said, err := d.run(args...)
		if err != nil {
			d.t.Errorf("%s: %v", row.args, err)
			continue
		}
		if row.keep != "" {
			var got struct{ ID string }
			if err := json.Unmarshal([]byte(out), &got); err != nil || got.ID == "" {
				d.t.Fatalf("%s: no id in %s", row.args, out)
			}
			d.ids[row.keep] = got.ID
		}
		expect(d.t, row.args, out+said, row.want)
	}
}

func expect(t *testing.T, what, got, want string) {
	t.Helper()
	for _, w := range strings.Split(want, "¦") {
		if bad, not := strings.CutPrefix(w, "!"); not && strings.Contains(got, bad) {
			t.Errorf("%s: there is %q in\n%s", what, bad, got)
		} else if !not && !strings.Contains(got, w) {
			t.Errorf("%s: there is no %q in\n%s", what, w, got)
		}
	}
}

func (d *desk) atWork() {
	d.t.Setenv("PARLEY_URL", d.url)
	d.t.Setenv("PARLEY_API_KEY", d.key)
}

func TestEveryVerb(t *testing.T) {
	d := newDesk(t)
	d.atWork()
	d.file("desk.txt", "You answer\nthe phone.\n")
	d.file("agent.yaml", "name: Front desk\nlanguage: en\nactions: []\nvoice: {type: voice_local, voice: slt}\nprompt: {content: hello}\n")
	d.ids["env"] = d.env
	d.ids["running"] = d.call(func(c *parley.Call) {})
	d.ids["over"] = d.call(func(c *parley.Call) { c.Status, c.Cause = parley.Ended, parley.CallerHungUp })
	d.play([]line{
		{"prompts create label=Desk content=@desk.txt tags=a,b", "prompt", `"label": "Desk"¦"content": "You answer\nthe phone."¦"a"`},
		{"prompts create -f -", "", "label    from stdin"},
		{"prompts list --sort label", "", "ID ¦LABEL¦CONTENT¦{prompt}  Desk        You answer the phone."},
		{"prompts list --filter label=Desk", "", "{prompt}¦!from stdin"},
		{"prompts list --filter label~stdin -o json", "", `"total": 1`},
		{"prompts list --size 1", "", "1 of 2: --page 2 shows more, --all everything"},
		{"prompts list --size 1 --page 2", "", "!more"},
		{"prompts list --all -o yaml", "", "items:¦label: Desk¦label: from stdin"},
		{"prompts get {prompt}", "", "id       {prompt}¦content  You answer the phone."},
		{"prompts update {prompt} -o yaml label=@@home", "", `label: '@home'`},

		{"agents create -f agent.yaml enable_recording=true voice.rate=1.2", "agent", `"rate": 1.2¦"enable_recording": true¦"slt"`},
		{"agents list", "", "{agent}  Front desk¦LANGUAGE¦!MODEL"},
		{"agents update {agent} prompt={prompt} initial_message=null", "", "{prompt}"},
		{"agents get {agent} -o json", "", `"content": "You answer\nthe phone."`},

		{"actions create type=action_end_conversation label=Bye", "action", "action_end_conversation"},
		{"actions list", "", "{action}  Bye"},
		{"actions get {action}", "", "Bye"},
		{"actions update {action} label=Ciao", "", "Ciao"},
		{"actions delete {action}", "", "Ciao"},

		{"voices create type=voice_local voice=awb", "voice", "awb"},
		{"voices list", "", "VOICE¦voice_local  awb"},
		{"voices get {voice}", "", "awb"},
		{"voices update {voice} voice=rms", "", "rms"},
		{"voices delete {voice}", "", "rms"},

		{"webhooks create url=https://example.com/x subscriptions=event_message,event_error", "hook", "whsec_¦event_error"},
		{"webhooks list", "", "{hook}¦event_message, event_error¦!whsec_"},
		{"webhooks get {hook}", "", "https://example.com/x"},
		{"webhooks update {hook} method=GET", "", "GET"},
		{"webhooks rotate-secret {hook} -o json", "", `"signing_secret": "whsec_`},
		{"webhooks deliveries", "", "there are none"},
		{"webhooks redeliver {running}", "", "call_id     {running}¦pending"},
		{"webhooks delete {hook}", "", "{hook}"},

		{"connections create type=account_connection_sip credentials.host=sip.example.com credentials.username=me credentials.password=hunter22", "trunk", "!hunter22"},
		{"connections pool-add {trunk} +15551234567 +15551234568", "", "steering_pool         +15551234567, +15551234568"},
		{"connections pool-remove {trunk} +15551234567", "", "!+15551234567"},
		{"connections list", "", "{trunk}¦STEERING_POOL"},
		{"connections get {trunk}", "", "credentials.host      ….com"},
		{"connections update {trunk} label=Trunk", "", "Trunk"},

		{"numbers link +15550001111 inbound_agent={agent} telephony_account_connection={trunk}", "number", "+15550001111"},
		{"numbers list", "", "{number}  +15550001111"},
		{"numbers get +15550001111", "", "{number}"},
		{"numbers update +15550001111 label=Main inbound_agent=null", "", "Main"},
		{"numbers detach {number}", "", "+15550001111"},

		{"calls list --filter status=ended", "", "{over}¦ended¦!{running}"},
		{"calls get {over} -o json", "", `"ended_reason": "caller_hung_up"`},
		{"calls create to_number=sip:a@127.0.0.1 from_number=1000 agent={agent} context.name=5 --idempotency-key k1", "placed", `"name": "5"`},
		{"calls create to_number=sip:a@127.0.0.1 from_number=1000 agent={agent} context.name=5 --idempotency-key k1", "", "{placed}"},
		{"calls¦say¦{running}¦One moment, a=b", "", "{running}"},
		{"calls¦add-context¦{running}¦text=the caller is Ann", "", "{running}"},
		{"calls dtmf {running} 12#", "", "{running}"},
		{"calls transfer {running} +15553334444", "", "{running}"},
		{"calls¦transfer¦{running}¦+15553334444,,204¦mode=warm¦briefing=It is Ann.¦answer_timeout_seconds=20", "", "{running}"},
		{"calls mute {running} on", "", "{running}"},
		{"calls mute {running} on=false", "", "{running}"},
		{"calls¦whisper¦{running}¦Offer a discount.¦act=true", "", "{running}"},
		{"calls recording-pause {running}", "", "{running}"},
		{"calls recording-resume {running}", "", "{running}"},
		{"calls listen-url {running}", "", "/v1/calls/listen?by=sk_"},
		{"audit list --filter act=whisper", "", "whisper¦{running}¦200"},
		{"calls end {over}", "", "{over}"},
		{"calls delete {over}", "", "{over}"},

		{"do-not-call create +15559998888 reason=asked", "", "+15559998888"},
		{"do-not-call list", "", "NUMBER        REASON¦+15559998888  asked"},
		{"do-not-call delete +15559998888", "", "asked"},
		{`memories write +15559998888 facts=["Ada"] summary=called`, "", "Ada"},
		{"memories list", "", "+15559998888"},
		{"memories delete +15559998888", "", "Ada"},
		{`documents¦create¦Opening hours¦content=From nine to six.¦tags=shop`, "paper", `"name": "Opening hours"`},
		{"documents list", "", "{paper}¦Opening hours"},
		{"documents¦search¦when are the opening hours", "", "From nine to six."},
		{"documents update {paper} name=Hours", "", "name        Hours"},
		{"documents delete {paper}", "", "From nine to six."},
		{"usage", "", "monthly_usage_minutes  "},
		{"usage get -o yaml", "", "monthly_usage_minutes: "},
		{"environments create name=Acme max_concurrent_calls=20", "acme", `"max_concurrent_calls": 20`},
		{"environments list", "", "{acme}¦Acme"},
		{"environments get {acme}", "", "Acme"},
		{"environments update {acme} name=Acme2 auto_do_not_call=yes", "", "Acme2¦auto_do_not_call      true"},
		{"keys create environment_id={acme} role=member label=script", "newkey", `"key": "sk_live_`},
		{"keys list --filter environment_id={acme}", "", "{newkey}¦script¦!{env}"},
		{"keys delete {newkey}", "", "script"},
		{"environments delete {acme}", "", "Acme2"},
		{"vector-databases create type=vector_database_pinecone api_environment=eu label=V index=i api_key=12345678901234567890", "vdb", "!12345678901234567890"},
		{"vector-databases list", "", "{vdb}"},
		{"vector-databases get {vdb}", "", "pinecone"},
		{"vector-databases update {vdb} label=W", "", "W"},
		{"vector-databases delete {vdb}", "", "W"},
		{"agents delete {agent}", "", "Front desk"},
		{"connections delete {trunk}", "", "Trunk"},
		{"prompts delete {prompt}", "", "@home"},
	})
	want := []api.Command{{Act: api.Say, Text: "One moment, a=b"}, {Act: api.AddContext, Text: "the caller is Ann"}, {Act: api.Press, Text: "12#"},
		{Act: api.Transfer, Text: "+15553334444"}, {Act: api.Transfer, Text: "+15553334444"}, {Act: api.Mute, On: true}, {Act: api.Mute}, {Act: api.Whisper, Text: "Offer a discount.", On: true},
		{Act: api.PauseRecording}, {Act: api.ResumeRecording}}
	for i := range d.live.told {
		if x := &d.live.told[i]; x.Transfer != nil {
			if w := x.Transfer.Warm; x.Transfer.Extension != ",,204" || w == nil || *w != (parley.Warm{Briefing: "It is Ann.", Answer: 20 * time.Second}) {
				t.Errorf("the warm transfer is %+v %+v", x.Transfer, w)
			}
			x.Transfer = nil
		}
	}
	if !slices.Equal(d.live.told, want) {
		t.Errorf("the running call was told %+v", d.live.told)
	}
}

// TestEveryRouteHasACommand: whatever the contract has under /v1 can be reached, with a summary, and shows its help.
func TestEveryRouteHasACommand(t *testing.T) {
	d := newDesk(t)
	doc := d.doc
	reached := map[string]bool{}
	for _, r := range Resources {
		verbs := r.verbsOf(doc)
		for name := range r.columns {
			if verbs[name] == nil || !verbs[name].lists() && verbs[name].item() == nil {
				t.Errorf("%s has columns for %s, which is no list", r.Name, name)
			}
		}
		for name, field := range r.bare {
			if verbs[name] == nil || property(verbs[name].body(), field) == nil {
				t.Errorf("%s %s has no field %s", r.Name, name, field)
			}
		}
		for name, v := range verbs {
			reached[v.path] = true
			out, _, err := d.run(r.Name, name, "--help")
			if err != nil || !strings.Contains(out, v.op.Summary) || !strings.Contains(out, "--url") {
				t.Errorf("%s %s --help: %v %s", r.Name, name, err, out)
			}
			if v.lists() != strings.Contains(out, "--filter") || (v.body() != nil) != strings.Contains(out, "--file") {
				t.Errorf("%s %s --help shows flags that are of no use, or not those that are:\n%s", r.Name, name, out)
			}
		}
	}
	for path := range doc.Paths.Map() {
		if strings.HasPrefix(path, "/v1/") && !reached[path] {
			t.Errorf("no command reaches %s", path)
		}
	}
}

func TestMisuse(t *testing.T) {
	d := newDesk(t)
	d.atWork()
	d.file("broken.json", "{\"label\": \"x\",\n\"tags\": [}\n")
	d.file("two.json", "{} {}")
	d.file("list.json", "[]")
	d.file("empty.json", "")
	d.file("broken.yaml", "a: [")
	const id = "00000000-0000-4000-8000-000000000000"
	for args, want := range map[string]string{
		"calls":                                     `needs a verb: one of list, get, create¦parley calls --help`,
		"calls frob":                                `no verb "frob": take one of list`,
		"calls list --loud":                         `unknown flag --loud¦parley calls list --help`,
		"calls list --filter":                       "--filter needs a value",
		"calls list --filter x":                     `--filter: "x" is no filter: write field=value`,
		"calls list --filter queued=maybe":          `queued: "maybe" is not true or false`,
		"calls list --size 101":                     "--size: 1 to 100",
		"calls list --page 0":                       "--page: the first one is 1",
		"calls list --page 2 --all":                 "take one of the two",
		"calls list extra":                          `"extra" is too much`,
		"calls list -o csv":                         `-o: "csv" is no form of output: take table, json or yaml`,
		"calls get":                                 "which one? Give an id: parley calls get ID",
		"numbers get":                               "Give an id or a phone number",
		"calls get 5":                               `"5" is no id`,
		"calls get " + id + " -f x":                 "--file is of no use to get",
		"calls recording " + id:                     "where to? Give -o FILE.wav",
		"calls trace " + id + " format=pcap":        "where to? Give -o FILE.pcap",
		"calls trace":                               "which one? Give an id",
		"sip":                                       "parley sip trace CALL",
		"sip ladder":                                "sip takes one verb, trace",
		"sip trace":                                 "which one? Give an id",
		"sip trace 5":                               `"5" is no id`,
		"sip trace " + id + " --pcap":               "--pcap: which file?",
		"sip trace " + id + " --pcap=":              "--pcap: which file?",
		"sip trace " + id + " --media":              "--media: which file?",
		"sip trace " + id + " --media a --pcap b":   "take one of the two",
		"calls capture " + id:                       "where to? Give -o FILE.pcap",
		"sip trace " + id + " --loud":               "unknown flag --loud",
		"calls events " + id + " after=x":           "after: ",
		"calls events " + id + " before=1":          `"before=1" is not understood: calls events takes after=`,
		"calls dtmf " + id + " 1 2":                 "digits is one value",
		"calls mute " + id + " perhaps":             `on: "perhaps" is not true or false`,
		"prompts create lable=x":                    "there is no field lable: did you mean label?",
		"prompts create zzzzzzzzzz=x":               "there is no field zzzzzzzzzz: \"--help\" shows",
		"prompts create x":                          `"x" is no field: write name=value`,
		"prompts create .=x":                        "no name of a field",
		"agents create call_duration_sec=long":      `call_duration_sec: "long" is not a`,
		"agents create actions={}":                  `actions: "{}" is not a list`,
		"prompts create label.x=1":                  "label has no fields",
		"prompts create label=@none.txt":            "label: open none.txt",
		"prompts create -f none.json":               "open none.json",
		"prompts create -f broken.json":             "broken.json is no JSON object: line 2",
		"prompts create -f two.json":                "there is more after the object",
		"prompts create -f list.json":               "list.json is no JSON object",
		"prompts create -f empty.json":              "it is empty",
		"prompts create -f broken.yaml":             "broken.yaml is no YAML object",
		"prompts list --url banana":                 `"banana" is no address of a server`,
		"numbers available color=red":               "takes limit=, telephony_provider=",
		"connections pool-add " + id + " a=b --all": "--all is of no use to pool-add",
	} {
		_, _, err := d.run(strings.Fields(args)...)
		var m *Misuse
		if !errors.As(err, &m) {
			t.Errorf("%s: %v is no misuse", args, err)
			continue
		}
		expect(t, args, err.Error(), want)
	}
}

func TestRefusals(t *testing.T) {
	d := newDesk(t)
	d.atWork()
	d.file("unknown.json", `{"label":"x","lable":"y"}`)
	for args, want := range map[string]string{
		"prompts get 00000000-0000-4000-8000-000000000000":                                     "prompt not found",
		"prompts create -f unknown.json":                                                       "the server refuses it\n  lable is not known here",
		"agents create voice.type=voice_local language=5":                                      "the server refuses it\n  ¦\n  prompt ¦\n  language ¦\n  actions ",
		"agents create voice.type=voice_nobody prompt.content=x actions=[]":                    "voice.type must be one of ",
		"prompts list --key sk_live_wrong":                                                     "the key came from --key or PARLEY_API_KEY, the server is http://",
		"prompts list --url http://127.0.0.1:1":                                                `no server answers at http://127.0.0.1:1: start one with "parley serve"`,
		"prompts list --url http://nobody.invalid":                                             "asking http://nobody.invalid: ",
		"prompts list --sort nothing":                                                          "nothing",
		"numbers available":                                                                    "no carrier",
		"calls recording 00000000-0000-4000-8000-000000000000 -o x.wav":                        "call not found",
		"sip trace 00000000-0000-4000-8000-000000000000":                                       "call not found",
		"sip trace 00000000-0000-4000-8000-000000000000 --pcap x.pcap":                         "call not found",
		"calls events 00000000-0000-4000-8000-000000000000":                                    "call not found",
		"prompts update 00000000-0000-4000-8000-000000000000 context_endpoint=ftp://x label=l": "context_endpoint must be an http or https URL",
	} {
		_, _, err := d.run(strings.Fields(args)...)
		var m *Misuse
		if err == nil || errors.As(err, &m) {
			t.Errorf("%s: %v is no refusal", args, err)
			continue
		}
		expect(t, args, err.Error(), want)
	}
	if left, _ := filepath.Glob(".parley-*"); len(left) > 0 {
		t.Errorf("a recording that failed leaves %v", left)
	}
	if out, _, err := d.run("prompts", "create", "-f", "unknown.json", "--lenient"); err != nil || !strings.Contains(out, "label    x") {
		t.Errorf("--lenient: %v %s", err, out)
	}
}

func TestWhereTheKeyComesFrom(t *testing.T) {
	d := newDesk(t)
	t.Setenv("PARLEY_URL", d.url)
	if _, _, err := d.run("usage"); err == nil || !strings.Contains(err.Error(), "no API key: set PARLEY_API_KEY, give --key") {
		t.Errorf("without a key: %v", err)
	}
	d.file("api-key", d.key+"\n")
	if _, _, err := d.run("usage", "--data", "."); err != nil {
		t.Errorf("the data folder's key: %v", err)
	}
	d.file("api-key", "wrong\n")
	if _, _, err := d.run("usage", "--data", "."); err == nil || !strings.Contains(err.Error(), "the key came from api-key") {
		t.Errorf("a wrong key in the data folder: %v", err)
	}
	if _, _, err := d.run("usage", "--data", ".", "--key", d.key); err != nil {
		t.Errorf("--key: %v", err)
	}
	if _, _, err := d.run("usage", "--key", "a b"); err == nil || strings.Contains(err.Error(), "a b") {
		t.Errorf("a key of two words: %v", err)
	}
}
