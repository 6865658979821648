package client

// contractSum is the SHA-256 of the contract that client.gen.go was made from.
const contractSum = "9b21103bc9b17e6bdd8ef2dfb1b950546ca1aa7d847ba60fb598fe5fd314af51"
