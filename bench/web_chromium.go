package bench

import (
	"bufio"
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"time"

	"github.com/coder/websocket"
)

//go:embed web_page.html
var webPage string

// A webPageServer shows a page with the server's script, at an origin of its own.
type webPageServer struct {
	http *http.Server
	l    net.Listener
}

func newPage(site string) (*webPageServer, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	text := []byte(strings.ReplaceAll(webPage, "SITE", site))
	s := &webPageServer{l: l, http: &http.Server{ReadHeaderTimeout: time.Minute, Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = w.Write(text)
	})}}
	go func() { _ = s.http.Serve(l) }() // ends with close
	return s, nil
}

func (s *webPageServer) origin() string { return "http://" + s.l.Addr().String() }
func (s *webPageServer) close()         { _ = s.http.Close() }

// A chromium is a browser without a window, driven by its own protocol (chromedevtools.github.io/devtools-protocol).
type chromium struct {
	version string
	cmd     *exec.Cmd
	dir     string
	conn    *websocket.Conn
	last    int    // id of a command
	tab     string // what commands are for
}

// startWithin is how long a browser may take to open.
const startWithin = 30 * time.Second

func openChromium(ctx context.Context, path string) (b *chromium, err error) {
	b = &chromium{}
	if b.dir, err = os.MkdirTemp("", "parley-bench-"); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			b.close()
		}
	}()
	b.cmd = exec.Command(path, "--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run", "--user-data-dir="+b.dir, "--remote-debugging-port=0",
		"--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream", "--autoplay-policy=no-user-gesture-required",
		"--allow-loopback-in-peer-connection", "about:blank")
	childDies(b.cmd)
	said, err := b.cmd.StderrPipe()
	if err != nil {
		return nil, err
	}
	if err := b.cmd.Start(); err != nil {
		return nil, fmt.Errorf("starting %s: %w", path, err)
	}
	at := make(chan string, 1)
	go func() { // ends with the browser's standard error
		for lines := bufio.NewScanner(said); lines.Scan(); {
			if url, ok := strings.CutPrefix(lines.Text(), "DevTools listening on "); ok {
				at <- strings.TrimSpace(url)
			}
		}
	}()
	ctx, stop := context.WithTimeout(ctx, startWithin)
	defer stop()
	select {
	case url := <-at:
		if b.conn, _, err = websocket.Dial(ctx, url, nil); err != nil {
			return nil, fmt.Errorf("driving %s: %w", path, err)
		}
	case <-ctx.Done():
		return nil, fmt.Errorf("%s does not open within %v", path, startWithin)
	}
	b.conn.SetReadLimit(16 << 20)
	var is struct{ Product string }
	var target struct{ TargetID string }
	var attached struct {
		Tab string `json:"sessionId"`
	}
	err = errors.Join(b.do(ctx, "Browser.getVersion", nil, &is), b.do(ctx, "Target.createTarget", map[string]any{"url": "about:blank"}, &target))
	if err == nil {
		err = b.do(ctx, "Target.attachToTarget", map[string]any{"targetId": target.TargetID, "flatten": true}, &attached)
	}
	b.version, b.tab = strings.Replace(is.Product, "Headless", "", 1), attached.Tab
	return b, err
}

// do gives a command and waits for what comes of it.
func (b *chromium) do(ctx context.Context, method string, params, into any) error {
	b.last++
	order := map[string]any{"id": b.last, "method": method}
	if params != nil {
		order["params"] = params
	}
	if b.tab != "" {
		order["sessionId"] = b.tab
	}
	text, err := json.Marshal(order)
	if err != nil {
		return err
	}
	if err := b.conn.Write(ctx, websocket.MessageText, text); err != nil {
		return fmt.Errorf("%s: %w", method, err)
	}
	for {
		_, text, err := b.conn.Read(ctx)
		if err != nil {
			return fmt.Errorf("%s: %w", method, err)
		}
		var said struct {
			ID     int
			Result json.RawMessage
			Error  *struct{ Message string }
		}
		switch err := json.Unmarshal(text, &said); {
		case err != nil:
			return fmt.Errorf("%s: %w", method, err)
		case said.ID != b.last: // an event
			continue
		case said.Error != nil:
			return fmt.Errorf("%s: %s", method, said.Error.Message)
		case into == nil:
			return nil
		}
		return json.Unmarshal(said.Result, into)
	}
}

// run has the page work something out, and waits for its promise.
func (b *chromium) run(ctx context.Context, script string, into any) error {
	var got struct {
		Result struct{ Value json.RawMessage }
		Thrown *struct {
			Exception struct{ Description string }
			Text      string
		} `json:"exceptionDetails"`
	}
	if err := b.do(ctx, "Runtime.evaluate", map[string]any{"expression": script, "awaitPromise": true, "returnByValue": true, "userGesture": true}, &got); err != nil {
		return err
	}
	if t := got.Thrown; t != nil {
		what, _, _ := strings.Cut(t.Exception.Description, "\n") // where it was thrown follows
		return fmt.Errorf("the page failed: %s %s", t.Text, what)
	}
	return json.Unmarshal(got.Result.Value, into)
}

// visit opens the page anew, clicks, and gives the moments of the call's stages in ms.
func (b *chromium) visit(ctx context.Context, c webCall) (at map[string]float64, err error) {
	if err := b.do(ctx, "Page.navigate", map[string]any{"url": c.page}, nil); err != nil {
		return nil, err
	}
	for there := false; !there; {
		if err := b.run(ctx, "!!window.ready", &there); err != nil {
			return nil, err
		}
		if !wait(ctx, 20*time.Millisecond) {
			return nil, ctx.Err()
		}
	}
	agent, err := json.Marshal([]string{c.agent, c.codec})
	if err != nil {
		return nil, err
	}
	return at, b.run(ctx, "ring(..."+string(agent)+")", &at)
}

func (b *chromium) close() {
	if b.conn != nil {
		_ = b.conn.Close(websocket.StatusNormalClosure, "")
	}
	if b.cmd != nil && b.cmd.Process != nil {
		_ = b.cmd.Process.Kill()
		_ = b.cmd.Wait()
	}
	_ = os.RemoveAll(b.dir)
}
