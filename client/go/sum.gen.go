package client

// contractSum is the SHA-256 of the contract that client.gen.go was made from.
const contractSum = "d4d9b72d46282c28a8f0138482779a66555e5b201ba841ec3f9f7d5ed64b78fd"
