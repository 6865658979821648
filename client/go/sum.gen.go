package client

// contractSum is the SHA-256 of the contract that client.gen.go was made from.
const contractSum = "1c1f07645c689a4847363ec2287a3cfaabcf0921210336ac4c9949994bfa288b"
