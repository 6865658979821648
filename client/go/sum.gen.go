package client

// contractSum is the SHA-256 of the contract that client.gen.go was made from.
const contractSum = "c40aa5c8ac9fde93557514397543ae19b04e045dccb238351f23f08ef9214949"
