package client

// contractSum is the SHA-256 of the contract that client.gen.go was made from.
const contractSum = "8866bdadde5560a0afaa3b82c123b9c1cf19215adc5e481abd3e2ae2ec9b222f"
