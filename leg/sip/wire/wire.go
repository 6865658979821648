// Package wire is what stands between the network and the SIP parser (emiago/sipgo): every message is checked, and written anew where
// the parser would misread it, before anything else sees it (RFC 3261 §7 and §25, RFC 4475); what it refuses it answers itself.
// No goroutines.
package wire
