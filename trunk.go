package parley

import "time"

// A TrunkAccount is an account connection that calls go by: a door to a carrier or PBX, and who may come in by it.
type TrunkAccount struct {
	ID, UserID       string
	Carrier          string   // CarrierSIP, CarrierTwilio or CarrierTelnyx; of all but SIP only Limits and Policy are told here
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
	AllowedAddresses []string // addresses or prefixes that may call in
	TrunkMoves
	TrunkTimers
	Limits TrunkLimits
	Policy DialPolicy
}

// What TrunkAccount.Carrier can be.
const (
	CarrierSIP    = ""
	CarrierTwilio = "twilio"
	CarrierTelnyx = "telnyx"
)

// OperatorsTwilio is the type of account connections that are all one account with Twilio, the operator's, whatever they hold themselves.
const OperatorsTwilio = "account_connection_fluents_twilio"

// TrunkMoves are how a call comes to be elsewhere.
type TrunkMoves struct {
	AllowRefer      bool // the far end may move a call by REFER
	FollowsRedirect bool // a call that comes in may be answered 302: the far end calls the address that it names
}

// TrunkTimers are how often a SIP trunk is asked whether it is there.
type TrunkTimers struct {
	SessionExpires time.Duration // RFC 4028; 0: DefaultSessionExpires; below 0: off
	Health         time.Duration // between two OPTIONS; 0: DefaultHealth; below 0: off
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
	Hold   string   // HoldUntold or HoldReinvite: what a far end is told that we put on hold
	Refer  bool     // far ends that a carrier reaches by SIP are asked to move a call themselves (REFER)
	Detect bool     // the carrier is asked who answers the calls we place, where it can tell (leg.Detected)
}

// What TrunkMedia.SRTP, .DTMF and .Hold can be.
const (
	SRTPOff      = ""         // plain RTP is offered; SRTP is taken where the far end asks for it
	SRTPOptional = "optional" // SRTP is offered beside plain RTP
	SRTPRequired = "required" // a far end without SRTP is refused

	DTMFAuto   = "" // RFC 4733 events, where the far end takes none as tones
	DTMFInfo   = "info"
	DTMFInband = "inband"

	HoldUntold   = "" // nothing: it hears music
	HoldReinvite = "reinvite"
)

// TrunkLimits bound what goes over a trunk; 0 is no bound.
type TrunkLimits struct {
	CallsPerSecond float64 // that we place
	Calls          int     // at once, in and out
}

// DialPolicy is what may be dialled over a trunk: numbers of some countries but for those that cost the caller more, numbers of
// the prefixes named, and where it says so extensions. Of what it is dialled from, it has the numbers of warm transfers.
type DialPolicy struct {
	Countries  []string // ISO 3166 alpha-2, upper case; none: those of the trunk's own numbers, else of the caller id
	Prefixes   []string // allowed besides, such as +44 or +1876; "+" is everything
	Extensions bool     // 201, *98, alice
	Form       DialForm // how it is written
	Own        bool     // it is dialled from numbers alone that are linked with it: others have numbers of the same account
	Steering   []string // steering_pool: each for one warm transfer at a time; none: they call from the call's own number
}

// DialForm is how numbers stand in the requests of a SIP trunk.
type DialForm struct {
	Numbers  string // NumbersE164, NumbersPlain or NumbersNational: those called, and those called from
	Home     string // whose national form it is: ISO 3166 alpha-2
	CallerID string // CallerIDFrom, CallerIDAsserted or CallerIDRemoteParty: the header that says who calls
}

// What DialForm.Numbers and .CallerID can be.
const (
	NumbersE164     = ""         // +493012345678
	NumbersPlain    = "plain"    // 493012345678
	NumbersNational = "national" // 03012345678; from elsewhere 00 44 …

	CallerIDFrom        = ""                    // From
	CallerIDAsserted    = "p_asserted_identity" // P-Asserted-Identity (RFC 3325); From is the account's own name
	CallerIDRemoteParty = "remote_party_id"     // Remote-Party-ID (draft-ietf-sip-privacy-04), as Asterisk and FreeSWITCH have it; From likewise
)
