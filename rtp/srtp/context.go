package srtp

import (
	"encoding/binary"
	"errors"
	"fmt"
	"sync"

	"github.com/pion/rtcp"
	"github.com/pion/rtp"
	"github.com/pion/srtp/v3"
)

// How many packets late one may come, and how many sources a direction may have in its life: a transfer brings a new one, a
// flood of them is nobody's call.
const (
	window  = 128
	sources = 64
)

// ErrSources is a packet of one source too many.
var ErrSources = errors.New("srtp: too many sources")

var profiles = [...]srtp.ProtectionProfile{
	AES_CM_128_HMAC_SHA1_80: srtp.ProtectionProfileAes128CmHmacSha1_80,
	AES_CM_128_HMAC_SHA1_32: srtp.ProtectionProfileAes128CmHmacSha1_32,
	AEAD_AES_128_GCM:        srtp.ProtectionProfileAeadAes128Gcm,
	AEAD_AES_256_GCM:        srtp.ProtectionProfileAeadAes256Gcm,
}

// A Context seals one direction's packets or opens them, never both: the roll-over counter and the packets seen belong to one.
// It is safe for concurrent use.
type Context struct {
	mu    sync.Mutex // guards all below
	ctx   *srtp.Context
	rtp   rtp.Header
	rtcp  rtcp.Header
	known map[uint32]bool // sources, of RTP and RTCP
}

// New makes the context of keys.
func New(k Keys) (*Context, error) {
	if !k.Suite.known() {
		return nil, fmt.Errorf("srtp: %w suite", ErrSuite)
	}
	opts := []srtp.ContextOption{srtp.SRTPReplayProtection(window), srtp.SRTCPReplayProtection(window)}
	if len(k.MKI) > 0 {
		opts = append(opts, srtp.MasterKeyIndicator(k.MKI))
	}
	ctx, err := srtp.CreateContext(k.Master, k.Salt, profiles[k.Suite], opts...)
	if err != nil {
		return nil, fmt.Errorf("srtp: %w", err)
	}
	return &Context{ctx: ctx, known: make(map[uint32]bool)}, nil
}

// Seal encrypts an RTP packet over dst, from dst's beginning: dst may be packet[:0]. It allocates when dst's capacity is less
// than the packet and Overhead.
func (c *Context) Seal(dst, packet []byte) ([]byte, error) {
	return c.do(dst, packet, 8, 12, func(dst, packet []byte) ([]byte, error) { return c.ctx.EncryptRTP(dst, packet, &c.rtp) })
}

// Open checks and decrypts an SRTP packet over dst, which may be packet[:0]. A packet that is refused may have been overwritten.
func (c *Context) Open(dst, packet []byte) ([]byte, error) {
	return c.do(dst, packet, 8, 12, func(dst, packet []byte) ([]byte, error) { return c.ctx.DecryptRTP(dst, packet, &c.rtp) })
}

// SealRTCP encrypts a compound RTCP packet as Seal does one of RTP.
func (c *Context) SealRTCP(dst, packet []byte) ([]byte, error) {
	return c.do(dst, packet, 4, 8, func(dst, packet []byte) ([]byte, error) { return c.ctx.EncryptRTCP(dst, packet, &c.rtcp) })
}

// OpenRTCP checks and decrypts an SRTCP packet as Open does one of SRTP.
func (c *Context) OpenRTCP(dst, packet []byte) ([]byte, error) {
	return c.do(dst, packet, 4, 8, func(dst, packet []byte) ([]byte, error) { return c.ctx.DecryptRTCP(dst, packet, &c.rtcp) })
}

// do carries out one of them on a packet of at least so many bytes whose source's number stands at an offset.
func (c *Context) do(dst, packet []byte, at, least int, act func(dst, packet []byte) ([]byte, error)) ([]byte, error) {
	if len(packet) < least {
		return nil, fmt.Errorf("srtp: a packet of %d bytes", len(packet))
	}
	source := binary.BigEndian.Uint32(packet[at:])
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.known[source] && len(c.known) >= sources {
		return nil, ErrSources
	}
	out, err := act(dst, packet)
	if err != nil {
		return nil, err
	}
	c.known[source] = true
	return out, nil
}
