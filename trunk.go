package parley

import "time"

// A TrunkAccount is an account_connection_sip: a door to a carrier or PBX, and who may come in by it.
type TrunkAccount struct {
	ID, UserID       string
	Host             string   // domain or address, of the requests' URIs
	Port             int      // 0: what SRV says, else 5060, 5061 for tls
	BackupHosts      []string // host or host:port, tried in order when Host does not answer
	Transport        string   // udp (default), tcp, tls
	TLSCA            string   // PEM; the far end's certificate is checked against it instead of the system's roots
	Username         string
	Password         string
	AuthUsername     string // when it differs from Username
	Realm            string
	OutboundProxy    string
	Register         TrunkRegister
	Media            TrunkMedia
	AllowedAddresses []string      // addresses or prefixes that may call in
	AllowRefer       bool          // the far end may move a call by REFER
	SessionExpires   time.Duration // RFC 4028; 0: DefaultSessionExpires; below 0: off
	Health           time.Duration // between two OPTIONS; 0: DefaultHealth; below 0: off
	Limits           TrunkLimits
	Policy           DialPolicy
}

// What a TrunkAccount's zero values stand for.
const (
	DefaultSessionExpires = 30 * time.Minute
	DefaultHealth         = 30 * time.Second
	DefaultRegister       = 10 * time.Minute
)

// TrunkRegister says whether we tell a registrar where we are (RFC 3261 §10).
type TrunkRegister struct {
	On      bool
	Expires time.Duration // asked for; 0: DefaultRegister
}

// TrunkMedia is how sound goes over a trunk.
type TrunkMedia struct {
	Codecs []string // in order of preference; empty: all
	SRTP   string   // SRTPOff, SRTPOptional or SRTPRequired
	DTMF   string   // DTMFAuto, DTMFInfo or DTMFInband: how digits are sent; all three are understood
}

// What TrunkMedia.SRTP and .DTMF can be.
const (
	SRTPOff      = ""         // plain RTP is offered; SRTP is taken where the far end asks for it
	SRTPOptional = "optional" // SRTP is offered beside plain RTP
	SRTPRequired = "required" // a far end without SRTP is refused

	DTMFAuto   = "" // RFC 4733 events, where the far end takes none as tones
	DTMFInfo   = "info"
	DTMFInband = "inband"
)

// TrunkLimits bound what goes over a trunk; 0 is no bound.
type TrunkLimits struct {
	CallsPerSecond float64 // that we place
	Calls          int     // at once, in and out
}

// DialPolicy is what may be dialled over a trunk: numbers of some countries but for those that cost the caller more, numbers of
// the prefixes named, and where it says so extensions.
type DialPolicy struct {
	Countries  []string // ISO 3166 alpha-2, upper case; none: those of the trunk's own numbers, else of the caller id
	Prefixes   []string // allowed besides, such as +44 or +1876; "+" is everything
	Extensions bool     // 201, *98, alice
}
