package wire

import (
	"context"
	"log/slog"
	"net"
	"syscall"

	"github.com/emiago/sipgo/sip"
)

func init() {
	// Requests with many headers and a body pass 1300 bytes (RFC 3261 §18.1.1 would have TCP tried then; hardly any PBX does). IP
	// fragments carry what is larger than the path.
	sip.UDPMTUSize = 65507 + 200
	sip.ParseMaxMessageLength = streamMost + streamMost/8 // a message written anew may grow
	sip.TransportBufferReadSize = 16                      // messages pass by Filter, see origin
	sip.SetDefaultLogger(slog.New(slog.DiscardHandler))
}

// NewTransport makes sipgo's transports the way Sockets serves them: they read what Sockets checked, and open and look up nothing on
// their own: nothing would check what comes by such a connection, and the name may be a stranger's. ErrNoConnection is the error then.
func NewTransport() *sip.TransportLayer {
	quiet := slog.New(slog.DiscardHandler) // sipgo prints what strangers send at level Error
	never := func(net.Addr) net.Dialer {
		return net.Dialer{Control: func(string, string, syscall.RawConn) error { return ErrNoConnection }}
	}
	nowhere := &net.Resolver{PreferGo: true, Dial: func(context.Context, string, string) (net.Conn, error) { return nil, ErrNoConnection }}
	return sip.NewTransportLayer(nowhere, sip.NewParser(), nil, sip.WithTransportLayerLogger(quiet), sip.WithTransportLayerReadFilter(Filter),
		sip.WithTransportLayerTransports(sip.TransportsConfig{
			TCP: &sip.TransportTCP{DialerCreate: never},
			TLS: &sip.TransportTLS{TransportTCP: &sip.TransportTCP{DialerCreate: never}},
		}))
}

// origin is where a message came from, and the message itself: sipgo's read buffers carry one byte that says there is one, so none of
// them needs the size of the largest.
type origin struct {
	network, text string
	message       []byte // for the goroutine that reads alone
}

func (o *origin) Network() string { return o.network }
func (o *origin) String() string  { return o.text }

// Filter gives sipgo the message. What did not come by Sockets has not been checked, and is dropped.
func Filter(info sip.TransportReadProps, _ []byte) ([]byte, error) {
	if o, ok := info.RemoteAddr.(*origin); ok {
		return o.message, nil
	}
	return nil, nil
}
