package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"syscall"

	"github.com/parley-voice/parley/api"
	"github.com/parley-voice/parley/leg/webrtc"
	"github.com/parley-voice/parley/web"
)

// webConfig is calls from browsers.
type webConfig struct {
	ICE    string   `name:"ice" env:"PARLEY_ICE" help:"UDP address of browsers' sound, all calls on one port; off: browsers cannot call. Default: six above the port of SIP (:5066)."`
	TURN   []string `name:"turn" env:"PARLEY_TURN" help:"TURN servers between us and browsers, such as turn:user:secret@turn.example.com:3478?transport=tcp; several by commas. Without a user where PARLEY_TURN_SECRET is set."`
	Secret string   `name:"turn-secret" env:"PARLEY_TURN_SECRET" help:"The secret that the TURN servers share with us (coturn's static-auth-secret): each browser gets a user of its own that is good for an hour."`
}

const off = "off"

func (c *webConfig) check() error {
	var err error
	if c.ICE != "" && c.ICE != off {
		err = address("PARLEY_ICE", c.ICE, ":5066")
	}
	_, err2 := c.relays()
	return errors.Join(err, err2)
}

// relays reads turn:user:secret@host:port?transport=udp, and turn:host:port where there is a secret.
func (c *webConfig) relays() (all []webrtc.Relay, err error) {
	for _, s := range c.TURN {
		r, err := c.relay(strings.TrimSpace(s))
		if err != nil {
			return nil, fmt.Errorf("PARLEY_TURN: %w", err)
		}
		all = append(all, r)
	}
	if c.Secret != "" && len(all) == 0 {
		return nil, errors.New("PARLEY_TURN_SECRET is set, and no TURN server: PARLEY_TURN names it")
	}
	return all, nil
}

func (c *webConfig) relay(s string) (r webrtc.Relay, err error) {
	scheme, rest, _ := strings.Cut(s, ":")
	at := strings.LastIndexByte(rest, '@')
	user, password, both := strings.Cut(rest[:max(at, 0)], ":")
	r.URL = scheme + ":" + rest[at+1:]
	switch {
	case scheme != "turn" && scheme != "turns" || rest[at+1:] == "":
		err = fmt.Errorf("%q is no TURN server; write turn:user:secret@turn.example.com:3478", hide(s))
	case at < 0 && c.Secret != "":
		r.Secret = c.Secret
	case !both || user == "" || password == "":
		err = fmt.Errorf("%q has no user and secret; write turn:user:secret@turn.example.com:3478, or set PARLEY_TURN_SECRET", hide(s))
	default:
		r.Username, err = url.PathUnescape(user)
		if err == nil {
			r.Password, err = url.PathUnescape(password)
		}
		if err != nil {
			err = fmt.Errorf("user or secret of %q: %w", hide(s), err)
		}
	}
	return r, err
}

// hide leaves out what stands before the host, or may be a secret where none is.
func hide(s string) string {
	if i := strings.LastIndexByte(s, '@'); i >= 0 {
		return "…" + s[i:]
	}
	if scheme, _, _ := strings.Cut(s, ":"); scheme == "turn" || scheme == "turns" {
		return scheme + ":…"
	}
	return "…"
}

// openDoor opens the door of browsers; none when it is off. Where no port is named and the one beside SIP's is taken, any will do.
func (h *house) openDoor(ip netip.Addr) error {
	c := &h.cfg.Web
	if c.ICE == off {
		return nil
	}
	relays, err := c.relays()
	if err != nil {
		return err
	}
	conf := webrtc.Config{Listen: c.ICE, PublicIP: ip, Relays: relays, Clock: h.clock, Logger: h.log}
	if c.ICE == "" {
		conf.Listen = beside(h.cfg.SIP)
	}
	h.door, err = webrtc.Open(conf)
	if errors.Is(err, syscall.EADDRINUSE) && c.ICE == "" {
		host, _, _ := net.SplitHostPort(conf.Listen)
		conf.Listen = net.JoinHostPort(host, "0")
		if h.door, err = webrtc.Open(conf); err == nil {
			h.log.Warn("the UDP port of browsers' sound is taken by another program; another was taken, which a firewall may not let through", "at", h.door.Addr())
		}
	}
	if err != nil {
		return taken("PARLEY_ICE", err)
	}
	return nil
}

// web is what the API tells browsers; nil: they cannot call.
func (h *house) web() *api.WebCalls {
	if h.cfg.Web.ICE == off {
		return nil
	}
	return &api.WebCalls{At: h.doorOf, Relays: func(who string) []webrtc.Server {
		relays, _ := h.set().Web.relays() // check has read them
		return webrtc.Servers(relays, who)
	}}
}

// beside is six ports above SIP's.
func beside(sip string) string {
	host, port, _ := net.SplitHostPort(sip)
	n, _ := strconv.Atoi(port)
	if n != 0 {
		n += 6
	}
	return net.JoinHostPort(host, strconv.Itoa(n%65536))
}

// site is what browsers that call reach.
func (h *house) site(signer webrtc.Signer) http.Handler {
	return web.New(web.Config{
		Door: h.door, Answer: h.switchboard.Answer, TakeOver: h.switchboard.TakeOverBy, Log: h.db.Log(), Signer: signer, Relays: h.door.Servers, Logger: h.log,
		Inviting: func(ctx context.Context, id string) (web.Inviting, error) {
			a, err := h.db.InternalAgent(ctx, "", id)
			return web.Inviting{Environment: a.UserID, ID: a.ID, Origins: a.WebOrigins}, err
		},
		Demo: func(ctx context.Context) (env, agentID string) {
			n, err := h.db.LookupNumber(ctx, h.env, demoNumber)
			if err != nil {
				return "", ""
			}
			return h.env, n.InboundAgent
		},
	})
}
