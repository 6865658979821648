package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/parley-voice/parley/leg"
	"github.com/parley-voice/parley/leg/sip"
	"github.com/parley-voice/parley/number"
	"github.com/parley-voice/parley/phone"
	"github.com/parley-voice/parley/provider"
	"github.com/parley-voice/parley/provider/local"
	"github.com/parley-voice/parley/stt"
	"github.com/parley-voice/parley/tts"
)

// callCmd is the test phone.
type callCmd struct {
	To      string            `arg:"" help:"Whom to ring: sip:demo@127.0.0.1. With --api: the number or sip: address that the server is to dial."`
	Say     []string          `sep:"none" help:"Say this, when it is our turn. Several times for several turns."`
	WAV     string            `name:"wav" type:"existingfile" help:"Play this file first."`
	DTMF    string            `name:"dtmf" help:"Press these digits at the end: 0-9 * # A-D."`
	Record  string            `help:"Keep the call as a stereo WAV: left what was said, right what was heard."`
	Voice   string            `default:"kal16" help:"Local voice that says it: kal, kal16, awb, rms, slt."`
	Deaf    bool              `help:"Do not recognise what the agent says; show only when it sounds."`
	Limit   time.Duration     `default:"10m" help:"Hang up after so long, whatever happens."`
	API     bool              `name:"api" help:"Have the server place the call and follow it."`
	Agent   string            `help:"With --api: id of the agent that calls."`
	From    string            `default:"1000" help:"Caller's number. With --api it must be one the trunk may show."`
	Context map[string]string `help:"With --api: variables of the prompt, name=value."`
	URL     string            `name:"url" env:"PARLEY_URL" default:"http://127.0.0.1:8080" help:"With --api: the server."`
	Key     string            `env:"PARLEY_API_KEY" help:"With --api: an API key. Default: the one in data/api-key."`
	Data    string            `env:"PARLEY_DATA" default:"./data" help:"Folder of the server's data, for the key."`
	Verbose bool              `help:"Show what happens below."`
}

// Run rings, and succeeds only when the call was answered and the agent heard.
func (c *callCmd) Run(ctx context.Context) error {
	level := slog.LevelError
	if c.Verbose {
		level = slog.LevelDebug
	}
	slog.SetDefault(slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: level})))
	if c.API {
		return c.follow(ctx)
	}
	to, err := c.target()
	if err != nil {
		return err
	}
	if c.DTMF != "" && !leg.Digits(c.DTMF) {
		return fmt.Errorf("--dtmf: %q are not all digits of a phone: 0-9 * # A-D", c.DTMF)
	}
	if c.Limit <= 0 {
		return fmt.Errorf("--limit: %v is no time to talk; write 30s or 10m", c.Limit)
	}
	ctx, hangup := context.WithCancel(ctx)
	defer hangup()
	trunk, err := sip.New(sip.Config{Listen: listenFor(to), TrustLoopback: true})
	if err != nil {
		return fmt.Errorf("opening a SIP port: %w", err)
	}
	served := make(chan error, 1)
	go func() { served <- trunk.Serve(ctx, refuseAll) }()
	defer func() { hangup(); <-served }()

	o := phone.Options{Trunk: trunk, Call: leg.Call{From: c.From, To: to}, WAV: c.WAV, Say: c.Say, DTMF: c.DTMF, Record: c.Record,
		Limit: c.Limit, Out: os.Stdout, Hears: stt.Options{Language: "en"}, Speech: tts.Options{Language: "en"}}
	release, err := c.lend(&o)
	if err != nil {
		return err
	}
	defer release()
	r, err := phone.Run(ctx, o)
	if err != nil {
		return err
	}
	return c.sum(r)
}

// target is whom to ring, as the SIP leg dials it.
func (c *callCmd) target() (string, error) {
	to := c.To
	if !strings.HasPrefix(to, "sip:") && strings.Contains(to, "@") {
		to = "sip:" + to
	}
	n, err := number.Parse("the address to call", to)
	if err != nil {
		return "", err
	}
	if n.Kind != number.SIP {
		return "", fmt.Errorf("%s: the test phone dials sip: addresses, such as sip:demo@127.0.0.1; for a number use --api --agent ID", c.To)
	}
	return n.Text, nil
}

// listenFor keeps a call to this machine on this machine.
func listenFor(to string) string {
	if strings.Contains(to, "@127.") || strings.Contains(to, "@localhost") {
		return "127.0.0.1:0"
	}
	return ":0"
}

func refuseAll(ctx context.Context, o leg.Offer) { _ = o.Reject(ctx, "declined") }

// lend gives the phone a voice and an ear of this machine.
func (c *callCmd) lend(o *phone.Options) (release func(), err error) {
	if c.Deaf && len(c.Say) == 0 {
		return func() {}, nil
	}
	cache := ""
	if _, err := os.Stat(filepath.Join(c.Data, "speech")); err == nil {
		cache = filepath.Join(c.Data, "speech") // the server's models serve the phone, too
	}
	speech := newSpeech(cache, slog.Default())
	if err := c.voices(speech, o); err != nil {
		speech.Close()
		return nil, err
	}
	return speech.Close, nil
}

func (c *callCmd) voices(speech *local.Local, o *phone.Options) (err error) {
	spec := speech.Spec()
	voice, err := json.Marshal(map[string]string{"type": "voice_local", "voice": c.Voice})
	if err != nil {
		return err
	}
	if len(c.Say) > 0 {
		if o.Voice, err = spec.Speaking.Open(provider.Access{}, voice); err != nil {
			return fmt.Errorf("--voice: %w", err)
		}
	}
	if c.Deaf {
		return nil
	}
	o.Ear, err = spec.Hearing.Open(provider.Access{}, nil)
	if w, ok := o.Ear.(provider.Warmer); ok && err == nil {
		err = w.Warm(context.Background()) // before it rings, so that the greeting is heard from its first word
	}
	return err
}

func (c *callCmd) sum(r phone.Report) error {
	for _, t := range r.Turns {
		if t.Answered {
			fmt.Printf("%q was answered after %d ms\n", t.Said, t.Latency.Milliseconds())
		} else {
			fmt.Printf("%q was not answered\n", t.Said)
		}
	}
	if c.Record != "" {
		fmt.Println("recorded to", c.Record)
	}
	if !r.OK() {
		return errors.New("the call was answered, but nothing was heard")
	}
	return nil
}

// follow has the server place the call.
func (c *callCmd) follow(ctx context.Context) error {
	if c.Agent == "" {
		return errors.New("--api needs --agent: the id of the agent that calls (GET /v1/agents/list shows them)")
	}
	if u, err := url.Parse(c.URL); err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return fmt.Errorf("--url: %q is no address of a server; write http://127.0.0.1:8080", c.URL)
	}
	key := c.Key
	if key == "" {
		b, err := os.ReadFile(filepath.Join(c.Data, apiKeyFile))
		if err != nil {
			return fmt.Errorf("no API key: give --key, set PARLEY_API_KEY, or run where data/api-key is: %w", err)
		}
		key = strings.TrimSpace(string(b))
	}
	p, err := phone.Follow(ctx, phone.Order{API: c.URL, Key: key, Agent: c.Agent, From: c.From, To: c.To, Context: c.Context, Out: os.Stdout})
	if errors.Is(err, syscall.ECONNREFUSED) {
		return fmt.Errorf("%w: is the server running? --url says where", err)
	}
	if err != nil {
		return err
	}
	fmt.Printf("call %s: %s\n", p.CallID, p.Cause)
	if !p.Connected {
		return exitCode(1)
	}
	return nil
}
