package client

// contractSum is the SHA-256 of the contract that client.gen.go was made from.
const contractSum = "990a9f44c90cae394e09adbce62addb49cb8b0e89075ba7a5d2e07ed3c748289"
