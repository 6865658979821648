package client

// contractSum is the SHA-256 of the contract that client.gen.go was made from.
const contractSum = "87463c2e849f704b89362df6e68732cb72a09392c3718fb5b3a0d1e131a65365"
