package main

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"syscall"

	"github.com/parley-voice/parley/call"
)

// serveCmd is the server's configuration: flags, the file of variables, the environment, parley.yaml, in that order.
type serveCmd struct {
	Data          string    `env:"PARLEY_DATA" default:"./data" help:"Folder of the database, the recordings and the keys."`
	HTTP          string    `name:"http" env:"PARLEY_HTTP" default:":8080" help:"Address of the API."`
	SIP           string    `name:"sip" env:"PARLEY_SIP" default:":5060" help:"Address of SIP, UDP and TCP."`
	TLS           tlsConfig `embed:""`
	Web           webConfig `embed:""`
	RTPPorts      portRange `name:"rtp-ports" env:"PARLEY_RTP_PORTS" default:"20000-29999" help:"UDP ports of the sound, two a call."`
	PublicURL     string    `name:"public-url" env:"PARLEY_PUBLIC_URL" help:"Where others reach the API, for links in webhooks. Default: http://localhost and the port."`
	PublicIP      string    `name:"public-ip" env:"PARLEY_PUBLIC_IP" help:"Address that callers reach us at, when it is not our own (NAT)."`
	APIKey        string    `name:"api-key" env:"PARLEY_API_KEY" help:"Key of the default environment on the first start. Default: one is made and printed once."`
	storeConfig   `embed:""`
	Log           logLevel `env:"PARLEY_LOG" default:"info" help:"debug, info, warn or error."`
	TrustLoopback bool     `name:"sip-trust-loopback" env:"PARLEY_SIP_TRUST_LOOPBACK" help:"Calls from this machine need no trunk, also once there is one."`
	AllowNetworks []string `name:"allow-networks" env:"PARLEY_ALLOW_NETWORKS" help:"Private networks that webhooks, context endpoints and account connections may reach, such as 10.0.0.0/8."`
	filesConfig   `embed:""`
	Rate          float64        `name:"rate" env:"PARLEY_RATE" default:"1000" help:"Requests a second that each API key may make, in bursts of twice as many; -1: any number."`
	Early         onOff          `env:"PARLEY_EARLY" default:"on" help:"on: agents begin to answer, unheard, when the caller has probably finished; what is thrown away costs tokens (docs/turn-taking.md). off: they wait until it is certain."`
	Fallback      fallbackConfig `embed:""`
	Twilio        twilioConfig   `embed:""`
	Watch         watchConfig    `embed:""`
	Cluster       clusterConfig  `embed:""`
}

// storeConfig is what is the same for all nodes of one installation.
type storeConfig struct {
	DatabaseURL string   `name:"database-url" env:"PARLEY_DATABASE_URL" help:"postgres://… ; default: SQLite in the data folder."`
	MasterKey   string   `name:"master-key" env:"PARLEY_MASTER_KEY" help:"Secret that credentials are encrypted with. Default: a file beside the database."`
	S3          s3Config `embed:""`
}

// filesConfig are files of settings.
type filesConfig struct {
	Prices  string  `name:"prices" env:"PARLEY_PRICES" help:"File of what vendors and carriers charge, for the cost of calls (docs/prices.md)."`
	EnvFile envFile `name:"env-file" env:"PARLEY_ENV_FILE" help:"File of variables, such as OPENAI_API_KEY=… and PARLEY_…=…, that count before the environment's and are read again at SIGHUP (docs/operate.md). With a hyphen before it, it need not be there."`
}

// tlsConfig is SIP over TLS.
type tlsConfig struct {
	SIP  string `name:"sip-tls" env:"PARLEY_SIP_TLS" default:":5061" help:"Address of SIP over TLS, once there is a certificate."`
	Cert string `name:"tls-cert" env:"PARLEY_TLS_CERT" help:"PEM file of the certificate that SIP over TLS shows. Read again when it changes."`
	Key  string `name:"tls-key" env:"PARLEY_TLS_KEY" help:"PEM file of its private key."`
}

// logLevel is a slog.Level whose refusal says what would be right.
type logLevel slog.Level

// Level makes it a slog.Leveler.
func (l logLevel) Level() slog.Level { return slog.Level(l) }

func (l *logLevel) UnmarshalText(b []byte) error {
	if (*slog.Level)(l).UnmarshalText(b) != nil {
		return fmt.Errorf("PARLEY_LOG: %q is no level; write debug, info, warn or error", b)
	}
	return nil
}

// onOff is a switch that is written out.
type onOff string

const on onOff = "on"

func (o *onOff) UnmarshalText(b []byte) error {
	switch s := strings.ToLower(string(b)); s {
	case "on", "true", "1":
		*o = on
	case "off", "false", "0":
		*o = "off"
	default:
		return fmt.Errorf("PARLEY_EARLY: %q is neither; write on or off", b)
	}
	return nil
}

// check says what is wrong with the configuration before anything is opened by it.
func (c *serveCmd) check() error {
	_, err := c.publicIP()
	_, err2 := c.networks()
	_, err3 := c.prices()
	err = errors.Join(err, err2, err3, address("PARLEY_HTTP", c.HTTP, ":8080"), address("PARLEY_SIP", c.SIP, ":5060"), address("PARLEY_SIP_TLS", c.TLS.SIP, ":5061"), c.Web.check(), c.Twilio.check(), c.Watch.check(), c.Cluster.check(c.DatabaseURL), c.S3.check())
	if c.Data == "" {
		err = errors.Join(err, errors.New("PARLEY_DATA is empty; write the path of a folder, such as ./data"))
	}
	if u, bad := url.Parse(c.PublicURL); c.PublicURL != "" && (bad != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.RawQuery != "") {
		err = errors.Join(err, fmt.Errorf("PARLEY_PUBLIC_URL: %q is no address of a server; write https://parley.example.com", c.PublicURL))
	}
	return err
}

// address checks the form of an address to listen at.
func address(name, s, example string) error {
	_, port, err := net.SplitHostPort(s)
	if err == nil {
		_, err = strconv.ParseUint(port, 10, 16)
	}
	if err != nil {
		return fmt.Errorf("%s: %q is no address to listen at; write %s, or 127.0.0.1%s for this machine alone", name, s, example, example)
	}
	return nil
}

// taken adds what to do to the error of a listener whose port another program has.
func taken(name string, err error) error {
	if errors.Is(err, syscall.EADDRINUSE) {
		return fmt.Errorf("%s: %w: another program has this port; stop it, or set %s to another one", name, err, name)
	}
	return fmt.Errorf("%s: %w", name, err)
}

// portRange is a range of UDP ports, written 20000-29999.
type portRange struct{ lo, hi int }

func (p *portRange) UnmarshalText(b []byte) error {
	lo, hi, ok := strings.Cut(string(b), "-")
	var err1, err2 error
	p.lo, err1 = strconv.Atoi(strings.TrimSpace(lo))
	p.hi, err2 = strconv.Atoi(strings.TrimSpace(hi))
	if !ok || err1 != nil || err2 != nil || p.lo < 1024 || p.hi > 65535 || p.hi-p.lo < 3 {
		return fmt.Errorf("PARLEY_RTP_PORTS: %q is no range of ports; write 20000-29999", b)
	}
	return nil
}

func (p portRange) String() string { return fmt.Sprintf("%d-%d", p.lo, p.hi) }

func (c *serveCmd) publicIP() (netip.Addr, error) {
	if c.PublicIP == "" {
		return netip.Addr{}, nil
	}
	a, err := netip.ParseAddr(c.PublicIP)
	if err != nil {
		return a, fmt.Errorf("PARLEY_PUBLIC_IP: %q is no IP address; write 203.0.113.7", c.PublicIP)
	}
	return a, nil
}

// prices reads the price file; nil: there is none.
func (c *serveCmd) prices() (*call.Prices, error) {
	if c.Prices == "" {
		return nil, nil
	}
	p, err := call.ReadPrices(c.Prices)
	if err != nil {
		return nil, fmt.Errorf("PARLEY_PRICES: %w", err)
	}
	return p, nil
}

func (c *serveCmd) networks() ([]netip.Prefix, error) {
	var out []netip.Prefix
	for _, n := range c.AllowNetworks {
		p, err := netip.ParsePrefix(strings.TrimSpace(n))
		if err != nil {
			return nil, fmt.Errorf("PARLEY_ALLOW_NETWORKS: %q is no network; write 10.0.0.0/8", n)
		}
		out = append(out, p)
	}
	return out, nil
}
