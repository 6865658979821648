// Package wire is what stands between the network and the SIP parser (emiago/sipgo): sockets for UDP, TCP and TLS that hand it one whole
// message at a time, each checked, and written anew where the parser would misread it (RFC 3261 §7, §18 and §25, RFC 4475); what is
// refused is answered on the spot. Goroutines: one that accepts for each listener, until Close; whoever reads is sipgo's: one for UDP and
// one for each connection.
package wire
