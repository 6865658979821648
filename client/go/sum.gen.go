package client

// contractSum is the SHA-256 of the contract that client.gen.go was made from.
const contractSum = "beae1902eb7359451fe04678d4c4d0872ce25e6df18985ddfad465200f2e1b1a"
