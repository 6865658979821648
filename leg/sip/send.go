package sip

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"

	"github.com/emiago/sipgo/sip"

	"github.com/parley-voice/parley/leg/sip/wire"
)

// challengesMost is how often one request is sent anew with other credentials: by a proxy, by the far end, a stale
// nonce, then enough.
const challengesMost = 4

// firstSeq is a CSeq to begin with (RFC 3261 §8.1.1.5).
func firstSeq() uint32 {
	var b [4]byte
	_, _ = rand.Read(b[:])
	return binary.BigEndian.Uint32(b[:])&0x7fff + 1
}

func newTag() string { return sip.GenerateTagN(16) }

// dress gives a request the Via, length and address it goes out with.
func (t *Trunk) dress(req *sip.Request, h hop) error {
	if req.Via() == nil {
		via := &sip.ViaHeader{
			ProtocolName: "SIP", ProtocolVersion: "2.0", Transport: h.network,
			Host: t.advertised(h.addr.Addr()).String(), Port: t.port(h.network),
		}
		via.Params.Add("branch", sip.GenerateBranchN(24))
		via.Params.Add("rport", "")
		req.PrependHeader(via)
	}
	if req.GetHeader("User-Agent") == nil {
		req.AppendHeader(sip.NewHeader("User-Agent", product))
	}
	if req.ContentLength() == nil {
		req.SetBody(req.Body())
	}
	req.SetTransport(h.network)
	req.SetDestination(h.addr.String())
	if h.network == "UDP" { // from the port we listen on
		req.Laddr = t.sock.Local()
	}
	return safe(req.StartLine(), req)
}

// port is where we listen to what comes by that network.
func (t *Trunk) port(network string) int {
	if secure := t.sock.AddrTLS(); network == "TLS" && secure.IsValid() {
		return int(secure.Port())
	}
	return int(t.sock.Addr().Port())
}

// send begins a client transaction. Where there is no connection yet it makes one; that it cannot be made is the error.
func (t *Trunk) send(ctx context.Context, req *sip.Request, h hop) (*sip.ClientTx, error) {
	if err := t.dress(req, h); err != nil {
		return nil, err
	}
	t.guard.Proven(h.addr.Addr()) // we chose to write there: its answers are no stranger's
	if err := t.sock.Connect(ctx, h.network, h.addr, h.tlsConfig()); err != nil {
		return nil, err
	}
	tx, err := t.tx.Request(ctx, req)
	if errors.Is(err, wire.ErrNoConnection) { // it ended just now
		if err = t.sock.Connect(ctx, h.network, h.addr, h.tlsConfig()); err == nil {
			tx, err = t.tx.Request(ctx, req)
		}
	}
	return tx, err
}

// write sends a request without a transaction: an ACK.
func (t *Trunk) write(req *sip.Request, h hop) error {
	if err := t.dress(req, h); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(t.quit, farewell)
	defer cancel()
	if err := t.sock.Connect(ctx, h.network, h.addr, h.tlsConfig()); err != nil {
		return err
	}
	return t.transport.WriteMsg(req)
}

// do sends a request and waits for its final answer, at most 64·T1.
func (t *Trunk) do(ctx context.Context, req *sip.Request, h hop) (*sip.Response, error) {
	tx, err := t.send(ctx, req, h)
	if err != nil {
		return nil, err
	}
	for {
		select {
		case res := <-tx.Responses():
			if !res.IsProvisional() {
				return res, nil // the transaction itself absorbs repetitions
			}
		case <-tx.Done():
			return nil, tx.Err()
		case <-ctx.Done():
			tx.Terminate()
			return nil, ctx.Err()
		}
	}
}

// reply answers a request by its transaction.
func (t *Trunk) reply(tx *sip.ServerTx, req *sip.Request, code int, reason string, headers ...sip.Header) error {
	res := sip.NewResponseFromRequest(req, code, reason, nil)
	for _, h := range headers {
		res.AppendHeader(h)
	}
	return t.respond(tx, res)
}

func (t *Trunk) respond(tx *sip.ServerTx, res *sip.Response) error {
	res.AppendHeader(sip.NewHeader("Server", product))
	if err := safe(res.Reason, res); err != nil {
		return err
	}
	return tx.Respond(res)
}
