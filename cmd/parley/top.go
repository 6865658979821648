package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/parley-voice/parley/metrics/read"
)

// topCmd shows how a running server is doing, from its counters and its API.
type topCmd struct {
	URL  string `name:"url" env:"PARLEY_URL" default:"http://127.0.0.1:8080" help:"The server."`
	Key  string `env:"PARLEY_API_KEY" help:"An API key: of an operator for a server on another machine; here any, to see its calls. Default: the one in the data folder."`
	Data string `env:"PARLEY_DATA" default:"./data" help:"The server's data folder, for the key."`
	Once bool   `help:"Print once, with what there has been since the server started, and end."`
}

const (
	topEvery  = time.Second
	topWindow = time.Minute // what rates and latencies are of
	topCalls  = 10          // of the calls that run are shown
	topWait   = 5 * time.Second
)

// Terminal: another screen, without a cursor, lines cut at its edge; and back. A line is written over the one before it.
const (
	topBegin = "\x1b[?1049h\x1b[?25l\x1b[?7l\x1b[2J"
	topEnd   = "\x1b[?7h\x1b[?25h\x1b[?1049l"
	topHome  = "\x1b[H"
	topLine  = "\x1b[K\n"
	topRest  = "\x1b[J"
)

// Run shows it until it is interrupted.
func (c *topCmd) Run(ctx context.Context) error {
	if info, err := os.Stdout.Stat(); err != nil || info.Mode()&os.ModeCharDevice == 0 {
		c.Once = true // nobody watches
	}
	return c.show(ctx, os.Stdout)
}

func (c *topCmd) show(ctx context.Context, w io.Writer) error {
	if c.Once {
		s, err := c.sample(ctx)
		if err == nil {
			_, err = io.WriteString(w, strings.Join(topView(nil, s), "\n")+"\n")
		}
		return err
	}
	if _, err := io.WriteString(w, topBegin); err != nil {
		return err
	}
	defer func() { _, _ = io.WriteString(w, topEnd) }()
	tick := time.NewTicker(topEvery)
	defer tick.Stop()
	var past []*topSample
	for {
		s, err := c.sample(ctx)
		var lines []string
		switch {
		case ctx.Err() != nil:
			return nil
		case err != nil && len(past) == 0:
			return err
		case err != nil:
			lines = append([]string{"", "  " + err.Error(), ""}, topView(past[0], past[len(past)-1])...)
		default:
			if len(past) > 0 && s.values.Restarted(past[len(past)-1].values) {
				past = nil
			}
			past = append(past, s)
			for len(past) > 2 && s.at.Sub(past[0].at) > topWindow {
				past = past[1:]
			}
			lines = topView(past[0], s)
		}
		if _, err := io.WriteString(w, topHome+strings.Join(lines, topLine)+topLine+topRest); err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// A topSample is what a server says at one moment.
type topSample struct {
	url    string
	at     time.Time
	values read.Values
	calls  []topCall
	total  int    // calls that run in the key's environment
	note   string // why there are no calls
	nodes  []topNode
}

// topNode is a process that works on the server's database, as the API shows it to operators.
type topNode struct {
	Name     string    `json:"name"`
	Address  string    `json:"address"`
	Version  string    `json:"version"`
	Roles    []string  `json:"roles"`
	Calls    int       `json:"calls"`
	Most     *int      `json:"max_calls"`
	Draining bool      `json:"draining"`
	Started  time.Time `json:"started_at"`
	Seen     time.Time `json:"last_seen_at"`
}

// topCall is a call that runs, as the API shows it.
type topCall struct {
	ID       string     `json:"id"`
	Status   string     `json:"status"`
	Outgoing bool       `json:"is_outgoing"`
	From     string     `json:"from_number"`
	To       string     `json:"to_number"`
	Start    *time.Time `json:"start_time"`
}

// sample asks the server.
func (c *topCmd) sample(ctx context.Context) (*topSample, error) {
	ctx, done := context.WithTimeout(ctx, topWait)
	defer done()
	s := &topSample{url: c.URL, at: time.Now()}
	key := c.key()
	status, body, err := c.get(ctx, key, "/metrics")
	switch {
	case err != nil:
		return nil, err
	case status != http.StatusOK:
		return nil, fmt.Errorf("%s/metrics: %d: from another machine it takes the key of an operator (--key, PARLEY_API_KEY)", c.URL, status)
	}
	if s.values, err = read.Text(body); err != nil {
		return nil, fmt.Errorf("%s/metrics: %w", c.URL, err)
	}
	if key == "" {
		s.note = "give a key to see the calls that run"
		return s, nil
	}
	query := url.Values{"filters": {`{"status":"in_progress"}`}, "size": {fmt.Sprint(topCalls)}, "sort_column": {"start_time"}, "sort_desc": {"true"}}
	status, body, err = c.get(ctx, key, "/v1/calls/list?"+query.Encode())
	var list struct {
		Items []topCall `json:"items"`
		Total int       `json:"total"`
	}
	switch {
	case err != nil:
		s.note = err.Error()
	case status != http.StatusOK:
		s.note = fmt.Sprintf("the calls that run cannot be listed with this key: %d", status)
	default:
		if err := json.Unmarshal(body, &list); err != nil {
			s.note = fmt.Sprintf("the calls that run cannot be read: %v", err)
		}
	}
	s.calls, s.total = list.Items, list.Total
	status, body, err = c.get(ctx, key, "/v1/nodes")
	var nodes struct {
		Items []topNode `json:"items"`
	}
	if err == nil && status == http.StatusOK && json.Unmarshal(body, &nodes) == nil { // to operators
		s.nodes = nodes.Items
	}
	return s, nil
}

// key is the one that was given, or the first start's; "": there is none.
func (c *topCmd) key() string {
	if c.Key != "" {
		return c.Key
	}
	b, _ := os.ReadFile(filepath.Join(c.Data, apiKeyFile))
	return strings.TrimSpace(string(b))
}

// get asks for a page of the server; what it says is read to topMost.
func (c *topCmd) get(ctx context.Context, key, path string) (status int, body []byte, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, strings.TrimSuffix(c.URL, "/")+path, nil)
	if err != nil {
		return 0, nil, err
	}
	if key != "" {
		req.Header.Set("Authorization", "Bearer "+key)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		var wrong *url.Error
		if errors.As(err, &wrong) {
			err = wrong.Err
		}
		return 0, nil, fmt.Errorf("no server answers at %s: %w", c.URL, err)
	}
	defer res.Body.Close()
	body, err = io.ReadAll(io.LimitReader(res.Body, topMost))
	return res.StatusCode, body, err
}

const topMost = 16 << 20 // bytes
