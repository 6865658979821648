// Package rtp carries sound over the network: packets, jitter buffer, RFC 4733 digits, and the SDP that agrees on it.
package rtp
