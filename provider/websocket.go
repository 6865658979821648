package provider

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/coder/websocket"

	"github.com/parley-voice/parley"
)

const (
	dialTimeout = 5 * time.Second
	maxMessageW = 1 << 20 // bytes of one websocket message
)

// SocketURL is the websocket address under a base (http, https, ws or wss) for a path and its query.
func SocketURL(base, path string, query url.Values) (string, error) {
	u, err := url.Parse(strings.TrimRight(base, "/"))
	if err != nil || u.Host == "" {
		return "", fmt.Errorf("%q is not an address", base)
	}
	switch u.Scheme {
	case "http":
		u.Scheme = "ws"
	case "https":
		u.Scheme = "wss"
	case "ws", "wss":
	default:
		return "", fmt.Errorf("%q is not an http(s) address", base)
	}
	u.Path += path
	u.RawQuery = query.Encode()
	return u.String(), nil
}

// origin is the root of the server under a base, by http or https.
func origin(base string) (string, error) {
	u, err := url.Parse(base)
	if err != nil || u.Host == "" {
		return "", fmt.Errorf("%q is not an address", base)
	}
	scheme := map[string]string{"http": "http", "ws": "http", "https": "https", "wss": "https"}[u.Scheme]
	if scheme == "" {
		return "", fmt.Errorf("%q is not an http(s) address", base)
	}
	return scheme + "://" + u.Host + "/", nil
}

// A Socket is a websocket to a vendor. It is not compressed. Its reads and writes take no context: Close from any
// goroutine ends them, and CloseOn ties that to a context without a cost per message.
type Socket struct {
	vendor string
	header http.Header // of the handshake: what it holds is kept out of errors
	conn   *websocket.Conn
}

// Dial opens a websocket; ctx bounds only the dialling, 5 s at most. A handshake that is refused gives the HTTP error.
func (n *Net) Dial(ctx context.Context, vendor, address string, header http.Header) (*Socket, error) {
	dctx, cancel := context.WithTimeout(ctx, dialTimeout)
	defer cancel()
	conn, resp, err := websocket.Dial(dctx, address, &websocket.DialOptions{HTTPClient: n.orOperators().dialer, HTTPHeader: header})
	if err != nil {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if resp != nil && resp.StatusCode != http.StatusSwitchingProtocols && resp.StatusCode >= 300 {
			var body []byte
			if resp.Body != nil {
				body, _ = io.ReadAll(io.LimitReader(resp.Body, maxErrorBody))
			}
			return nil, StatusError(vendor, resp.StatusCode, hidden(body, header))
		}
		return nil, Fault(ctx, vendor, bare(err))
	}
	conn.SetReadLimit(maxMessageW)
	return &Socket{vendor: vendor, header: header, conn: conn}, nil
}

// bare takes the address off an error: it may carry a key in its query.
func bare(err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		return u.Err
	}
	return err
}

// CloseOn closes the socket when ctx is done. Stop undoes it.
func (s *Socket) CloseOn(ctx context.Context) (stop func() bool) {
	return context.AfterFunc(ctx, s.Close)
}

// Close drops the connection, without a farewell; a second call does nothing.
func (s *Socket) Close() { s.conn.CloseNow() }

// Binary sends sound. It allocates nothing.
func (s *Socket) Binary(b []byte) error {
	return s.fault(s.conn.Write(context.Background(), websocket.MessageBinary, b))
}

// Text sends a JSON message.
func (s *Socket) Text(b []byte) error {
	return s.fault(s.conn.Write(context.Background(), websocket.MessageText, b))
}

// last sends a JSON message before Close, if the connection takes it soon.
func (s *Socket) last(b []byte) {
	ctx, cancel := context.WithTimeout(context.Background(), farewell)
	defer cancel()
	_ = s.conn.Write(ctx, websocket.MessageText, b) // whoever leaves does not mind
}

// Ping asks the far end for a sign of life, and waits for it, at most so long: that none came is not an error, nor whether somebody
// reads meanwhile.
func (s *Socket) Ping(wait time.Duration) error {
	ctx, cancel := context.WithTimeout(context.Background(), wait)
	defer cancel()
	if err := s.conn.Ping(ctx); err != nil && ctx.Err() == nil {
		return s.fault(err)
	}
	return nil
}

// Next waits for the next message and reads its parts through r; it must be read to its end. It answers pings meanwhile.
func (s *Socket) Next() (text bool, r io.Reader, err error) {
	typ, r, err := s.conn.Reader(context.Background())
	if err != nil {
		return false, nil, s.fault(err)
	}
	return typ == websocket.MessageText, r, nil
}

// fault types an error. The vendor's own close code and words are kept: 1000 and 1001 are still a connection that is gone.
func (s *Socket) fault(err error) error {
	if err == nil {
		return nil
	}
	var c websocket.CloseError
	if errors.As(err, &c) {
		code := parley.VendorUnavailable
		if c.Code == websocket.StatusPolicyViolation || c.Code == websocket.StatusUnsupportedData || c.Code == websocket.StatusInvalidFramePayloadData {
			code = parley.VendorRefused
		}
		reason := string(hidden([]byte(c.Reason), s.header))
		return &parley.VendorError{Vendor: s.vendor, Code: code, Status: int(c.Code), Message: Line("closed the connection: " + reason)}
	}
	return Fault(context.Background(), s.vendor, err)
}

// ReadAll reads r into buf, which grows to what the longest message needs and is used again.
func ReadAll(r io.Reader, buf []byte) ([]byte, error) {
	buf = buf[:0]
	for {
		if len(buf) == cap(buf) {
			buf = append(buf, 0)[:len(buf)]
		}
		n, err := r.Read(buf[len(buf):cap(buf)])
		buf = buf[:len(buf)+n]
		if errors.Is(err, io.EOF) {
			return buf, nil
		}
		if err != nil {
			return buf, err
		}
	}
}
