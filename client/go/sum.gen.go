package client

// contractSum is the SHA-256 of the contract that client.gen.go was made from.
const contractSum = "9998d9a9e2a90e93c201eb11f82152ba60ae1cbaa4470492389c482b51f321a3"
