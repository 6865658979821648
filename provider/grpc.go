package provider

import (
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strconv"

	"github.com/parley-voice/parley"
)

const (
	messageHead = 5       // bytes before a gRPC message: whether it is compressed, and its length
	maxCallText = 4 << 20 // bytes of one gRPC message
)

// A Call is a gRPC call whose both sides stream (https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md). What is sent is
// the body that it was opened with; what comes is read by one goroutine. It ends with the context that it was opened with.
type Call struct {
	ctx    context.Context
	vendor string
	header http.Header
	resp   *http.Response
	head   [messageHead]byte
	buf    []byte
}

// A CallError is the status that a server ended a call with.
type CallError struct {
	Code    int // https://github.com/grpc/grpc/blob/master/doc/statuscodes.md
	Message string
}

func (e *CallError) Error() string { return "gRPC status " + strconv.Itoa(e.Code) + ": " + e.Message }

// Call opens a call: the body, messages each begun by AppendHead, is read and sent from now on by a goroutine of the transport's, which ends
// with ctx and closes it. Call returns when the server begins to answer, which may be with its first message.
func (n *Net) Call(ctx context.Context, vendor, address string, header http.Header, body io.ReadCloser) (*Call, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, address, body)
	if err != nil {
		return nil, err
	}
	req.ContentLength = -1
	req.Header = header.Clone()
	req.Header.Set("Content-Type", "application/grpc")
	req.Header.Set("Te", "trailers")
	resp, err := n.orOperators().calls.Do(req)
	if err != nil {
		return nil, Fault(ctx, vendor, bare(err))
	}
	if resp.StatusCode != http.StatusOK {
		defer resp.Body.Close()
		said, _ := io.ReadAll(io.LimitReader(resp.Body, maxErrorBody))
		return nil, StatusError(vendor, resp.StatusCode, hidden(said, header))
	}
	return &Call{ctx: ctx, vendor: vendor, header: header, resp: resp}, nil
}

// Next is the next message, valid until the one after it. io.EOF: the server has ended the call in good order.
func (c *Call) Next() ([]byte, error) {
	if _, err := io.ReadFull(c.resp.Body, c.head[:]); errors.Is(err, io.EOF) {
		return nil, c.status()
	} else if err != nil {
		return nil, c.broken(err)
	}
	n := int(binary.BigEndian.Uint32(c.head[1:]))
	switch {
	case c.head[0] != 0:
		return nil, BadOutput(c.vendor, "a message is compressed, which was not agreed", nil)
	case n > maxCallText:
		return nil, BadOutput(c.vendor, "a message of "+strconv.Itoa(n)+" bytes", nil)
	case cap(c.buf) < n:
		c.buf = make([]byte, n)
	}
	c.buf = c.buf[:n]
	if _, err := io.ReadFull(c.resp.Body, c.buf); err != nil {
		return nil, c.broken(err)
	}
	return c.buf, nil
}

func (c *Call) broken(err error) error { return Fault(c.ctx, c.vendor, err) }

// Close gives the answer up.
func (c *Call) Close() { c.resp.Body.Close() }

// status is how the call ended; a server that has nothing else to say tells it in the headers.
func (c *Call) status() error {
	h := c.resp.Trailer
	if h.Get("Grpc-Status") == "" {
		h = c.resp.Header
	}
	code, err := strconv.Atoi(h.Get("Grpc-Status"))
	if err != nil {
		return Closed(c.vendor, "the call ended without a status")
	}
	if code == 0 {
		return io.EOF
	}
	message := h.Get("Grpc-Message")
	if plain, err := url.PathUnescape(message); err == nil {
		message = plain
	}
	return callFault(c.vendor, &CallError{Code: code, Message: Line(string(hidden([]byte(message), c.header)))})
}

// Status is the error that a message of the vendor's own tells: google.rpc.Status.
func (c *Call) Status(code int, message string) error {
	return callFault(c.vendor, &CallError{Code: code, Message: Line(string(hidden([]byte(message), c.header)))})
}

// HTTP's equivalents of the statuses of gRPC, after google.rpc.Code.
var equivalents = map[int]int{1: 499, 2: 500, 3: 400, 4: 504, 5: 404, 6: 409, 7: 403, 8: 429, 9: 400, 10: 409, 11: 400, 12: 501, 13: 500, 14: 503, 15: 500, 16: 401}

// callFault is the typed error of a status. Out of range and aborted are no fault of the request's: asked again it may do.
func callFault(vendor string, e *CallError) *parley.VendorError {
	status, ok := equivalents[e.Code]
	if !ok {
		status = http.StatusInternalServerError
	}
	v := StatusError(vendor, status, nil)
	if v.Code != parley.VendorUnauthorized {
		v.Message = e.Message
		v.Err = e
	}
	switch e.Code {
	case 1, 10, 11:
		v.Code = parley.VendorUnavailable
	case 4:
		v.Code = parley.VendorTimeout
	}
	return v
}

// AppendHead begins a gRPC message of so many bytes.
func AppendHead(b []byte, size int) []byte {
	return binary.BigEndian.AppendUint32(append(b, 0), uint32(size))
}

// TouchCalls opens a connection for the next call to find.
func (n *Net) TouchCalls(ctx context.Context, vendor, address string, header http.Header) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return err
	}
	req.Header = header.Clone()
	resp, err := n.orOperators().calls.Do(req)
	if err != nil {
		return Fault(ctx, vendor, bare(err))
	}
	defer resp.Body.Close() // whatever it says: the connection is there
	_, err = io.Copy(io.Discard, io.LimitReader(resp.Body, 1<<16))
	return err
}

// http2Only is for gRPC, which knows no other; an address that begins with http is spoken to in it without TLS.
func http2Only(t *http.Transport) *http.Transport {
	t.Protocols = new(http.Protocols)
	t.Protocols.SetHTTP2(true)
	t.Protocols.SetUnencryptedHTTP2(true)
	t.ResponseHeaderTimeout = 0 // the answer begins with the first words
	return t
}
