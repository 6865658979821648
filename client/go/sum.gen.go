package client

// contractSum is the SHA-256 of the contract that client.gen.go was made from.
const contractSum = "c4ceb1f14067cede40a2c42ce0e6ec283a755d9107e3b80052c292d773a9a1ce"
